"""Send messages to any service as signed JSON, after the specification of Standard Webhooks 1.0.

The id of a message is the same in every attempt: a receiver that keeps it handles each once.
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime

from monitoring_assets.domain.errors import DeliveryError, Fault
from monitoring_assets.domain.message import Message
from monitoring_assets.notifiers.http import post_json

_SECRET_PREFIX = "whsec_"  # noqa: S105  how a secret begins


class WebhookChannel:
    """The `Channel` for one address."""

    name = "webhook"
    gap_seconds = 0.0

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        url_env: str,
        secret_env: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Prepare to send; address and secret are read from the environment at each send."""
        self._environment = environment
        self._url_env = url_env
        self._secret_env = secret_env
        self._clock = clock

    def send(
        self, message: Message, *, delivery_id: str, thread: str | None, is_retry: bool
    ) -> str:
        """Send a message; return its id.

        Raises:
            DeliveryError: If it was not accepted, or if that is not known.
        """
        del thread, is_retry
        now = int(self._clock())
        body = document(message, datetime.fromtimestamp(now, UTC))
        headers = {"webhook-id": delivery_id, "webhook-timestamp": str(now)}
        if self._secret_env is not None:
            key = _key(self._value(self._secret_env))
            headers["webhook-signature"] = signature(key, delivery_id, now, body)
        post_json("webhook", self._value(self._url_env), body, headers)
        return delivery_id

    def _value(self, name: str) -> str:
        value = self._environment.get(name, "").strip()
        if not value:
            raise DeliveryError(f"webhook: set the environment variable {name}", Fault.DESTINATION)
        return value


def document(message: Message, at: datetime) -> bytes:
    """Return what is sent: the words as they are, for a program to read."""
    facts = [{"name": name, "text": text} for name, text in message.facts]
    data = asdict(message) | {"facts": facts}
    event = {"type": f"monitoring.{message.act}", "timestamp": at.isoformat(), "data": data}
    return json.dumps(event, ensure_ascii=True).encode()


def signature(key: bytes, delivery_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a document, which also covers when it was sent."""
    signed = f"{delivery_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    """Return the bytes of a secret: `whsec_` and base64, else the text itself."""
    if not secret.startswith(_SECRET_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    except binascii.Error:
        raise DeliveryError(
            "webhook: the secret begins with whsec_ and what follows is not base64",
            Fault.DESTINATION,
        ) from None
