"""Send one JSON document over HTTP, once: no retry and no redirect, and errors without secrets.

The address may be a secret itself, so that no error, log or cause holds it.
"""

import json
import math
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from typing import IO, Any

from monitoring_assets.domain.errors import DeliveryError, Fault

TIMEOUT_SECONDS = 5.0
_LONGEST_ANSWER = 64 * 1024
# What the receiver says of the message itself, and what it says of us.
_MESSAGE_FAULTS = {400, 409, 411, 413, 414, 415, 422}
_BUSY = {408, 425, 429}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server said."""

    status: int
    body: bytes


class HttpError(DeliveryError):
    """An answer that is not one of success; `body` is what it said, for nobody but programs."""

    def __init__(
        self, message: str, fault: Fault, body: bytes, *, retry_after_seconds: float | None
    ) -> None:
        super().__init__(message, fault, retry_after_seconds=retry_after_seconds)
        self.body = body


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        """Refuse to follow: a message goes where it was told to go, or nowhere."""


def post_json(
    who: str,
    url: str,
    body: bytes | Mapping[str, Any],
    headers: Mapping[str, str] | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Answer:
    """Send a document and return the answer, if it was accepted.

    Args:
        who: What the receiver is called in errors.
        url: Where it goes.
        body: The document, or its bytes.
        headers: Further headers.
        timeout_seconds: How long the server may be silent.

    Raises:
        DeliveryError: If it was not accepted, or if that is not known.
    """
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    if not url.startswith(("http://", "https://")):
        raise DeliveryError(f"{who}: the address is not one of HTTP", Fault.DESTINATION)
    request = urllib.request.Request(  # noqa: S310  checked above
        url, data=content, headers={"Content-Type": "application/json", **(headers or {})}
    )
    try:
        with urllib.request.build_opener(_NoRedirects).open(
            request, timeout=timeout_seconds
        ) as answer:
            return Answer(status=answer.status, body=answer.read(_LONGEST_ANSWER))
    except urllib.error.HTTPError as error:
        with error:
            raise _refused(who, error) from None
    except (OSError, HTTPException, ValueError) as error:
        raise DeliveryError(f"{who}: no answer ({type(error).__name__})", Fault.UNKNOWN) from None


def seconds_of(header: str | None) -> float | None:
    """Return the seconds of a header `Retry-After`, None where it gives none."""
    try:
        seconds = float(header or "")
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None


def _refused(who: str, error: urllib.error.HTTPError) -> HttpError:
    status, wait = error.code, seconds_of(error.headers.get("Retry-After"))
    if status in _MESSAGE_FAULTS:
        fault = Fault.MESSAGE
    elif status in _BUSY:
        fault = Fault.BUSY
    elif status >= 500:  # noqa: PLR2004  the server's errors
        fault = Fault.UNKNOWN
    else:  # a redirect, or an address, key or permission that is wrong
        fault = Fault.DESTINATION
    return HttpError(f"{who}: HTTP {status}", fault, _said(error), retry_after_seconds=wait)


def _said(error: urllib.error.HTTPError) -> bytes:
    try:
        return error.read(_LONGEST_ANSWER)
    except (OSError, HTTPException):
        return b""
