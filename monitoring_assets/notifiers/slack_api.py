"""The five methods of Slack's Web API that messages need, each called once, with sorted errors.

What is posted when belongs to `notifiers.slack`.
"""

import re
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from monitoring_assets.domain.errors import DeliveryError, Fault
from monitoring_assets.notifiers.http import seconds_of
from monitoring_assets.notifiers.slack_message import SlackMessage

SLACK_API = "https://slack.com/api/"
TIMEOUT_SECONDS = 5.0
# All requests of one delivery together: shorter than the lease of the outbox.
MOST_SECONDS = 10.0
# The lookup of a retry reads at most this many messages; of a channel the newest come first.
PAGES = 5
PAGE_SIZE = 200

_PAYLOAD_ERRORS = {
    "invalid_arguments",
    "invalid_attachments",
    "invalid_blocks",
    "invalid_blocks_format",
    "invalid_metadata_format",
    "invalid_metadata_schema",
    "metadata_too_large",
    "msg_blocks_too_long",
    "msg_too_long",
    "no_text",
    "too_many_attachments",
}
# What somebody has to repair, and how.
_DESTINATION_ERRORS = {
    "access_denied": "the token may not be used for this",
    "account_inactive": "the token's app was removed; install it again",
    "channel_not_found": "check the channel's name, and invite the bot if it is private",
    "invalid_auth": "check the token in {token_env}",
    "is_archived": "choose a channel that is in use",
    "method_not_supported_for_channel_type": "choose a channel, not a conversation",
    "missing_scope": "the app needs chat:write, channels:read and channels:history",
    "no_permission": "the token may not post there",
    "not_authed": "put a token into {token_env}",
    "not_in_channel": "invite the bot to the channel",
    "restricted_action": "the workspace forbids posting there",
    "token_expired": "put a new token into {token_env}",
    "token_revoked": "put a new token into {token_env}",
}
_TOO_MANY = 429


class SlackError(DeliveryError):
    """An answer of Slack that is not ok; `code` is Slack's word for it."""

    def __init__(
        self, message: str, fault: Fault, code: str, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message, fault, retry_after_seconds=retry_after_seconds)
        self.code = code


class SlackApi:
    """Slack for the time of one delivery."""

    def __init__(
        self,
        token: str,
        *,
        token_env: str,
        base_url: str = SLACK_API,
        timeout_seconds: float = TIMEOUT_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare to call; every request together may take ten seconds.

        Args:
            token: The bot token.
            token_env: The name of the variable it came from, for errors.
            base_url: The address of Slack's Web API.
            timeout_seconds: How long one request may stay without an answer.
            monotonic: A clock that only goes forward, in seconds.
        """
        # The default retry handlers post a message again whose answer was lost: 13 % duplicates.
        self._client = WebClient(token, base_url=base_url, retry_handlers=[])
        self._token_env = token_env
        self._timeout_seconds = timeout_seconds
        self._monotonic = monotonic
        self._ends_at = monotonic() + MOST_SECONDS

    def post(self, channel: str, message: SlackMessage, thread_ts: str | None) -> tuple[str, str]:
        """Post a message, once more without blocks if they are refused; return channel and ts."""
        answer = _plainly_if_refused(
            lambda m: self._call(
                self._client.chat_postMessage,
                channel=channel,
                thread_ts=thread_ts,
                text=m.text,
                blocks=m.blocks or None,
                metadata=m.metadata,
                mrkdwn=False,
                link_names=False,
                parse="none",
                unfurl_links=False,
                unfurl_media=False,
            ),
            message,
        )
        return str(answer["channel"]), str(answer["ts"])

    def update(self, channel: str, ts: str, message: SlackMessage) -> None:
        """Change a message in place."""
        _plainly_if_refused(
            lambda m: self._call(
                self._client.chat_update,
                channel=channel,
                ts=ts,
                text=m.text,
                blocks=m.blocks,
                metadata=m.metadata,
                link_names=False,
                parse="none",
            ),
            message,
        )

    def find(self, channel: str, thread_ts: str | None, delivery_id: str) -> str | None:
        """Return the ts of the message of a delivery, in a channel or in a thread of it."""
        where: dict[str, Any] = {"channel": channel, "include_all_metadata": True}
        method: Callable[..., SlackResponse] = self._client.conversations_history
        if thread_ts is not None:
            method, where["ts"] = self._client.conversations_replies, thread_ts
        for found in self._pages(method, "messages", **where):
            payload = (found.get("metadata") or {}).get("event_payload") or {}
            # A thread begins with its root, which carries the name of its last edit.
            if payload.get("delivery_id") == delivery_id and found["ts"] != thread_ts:
                return str(found["ts"])
        return None

    def channel_id(self, channel: str) -> str:
        """Return the id of a channel: posting takes a name, everything else wants an id."""
        # Names are lower case.
        if re.fullmatch(r"[CDG][A-Z0-9]{5,}", channel):
            return channel
        name = channel.removeprefix("#")
        for found in self._pages(
            self._client.users_conversations, "channels", types="public_channel,private_channel"
        ):
            if found.get("name") == name:
                return str(found["id"])
        raise SlackError(
            f"Slack: the bot is in no channel {name}", Fault.DESTINATION, "not_in_channel"
        )

    def _pages(
        self, method: Callable[..., SlackResponse], key: str, **arguments: Any
    ) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor = None
        for _ in range(PAGES):
            answer = self._call(method, limit=PAGE_SIZE, cursor=cursor, **arguments)
            found += answer.get(key) or []
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                break
        return found

    def _call(self, method: Callable[..., SlackResponse], **arguments: Any) -> SlackResponse:
        # Causes are not chained: they hold Slack's whole answer, and a log keeps what it is told.
        name = method.__name__.replace("_", ".", 1)
        left = self._ends_at - self._monotonic()
        if left <= 0:
            raise DeliveryError(f"Slack {name}: no time left for it", Fault.UNKNOWN)
        timeout: Any = min(self._timeout_seconds, left)  # annotated as int; sockets take fractions
        self._client.timeout = timeout
        try:
            return method(**arguments)
        except SlackApiError as error:
            raise self._refused(name, error.response) from None
        except (SlackClientError, OSError, HTTPException, ValueError) as error:
            raise DeliveryError(
                f"Slack {name}: no answer ({type(error).__name__})", Fault.UNKNOWN
            ) from None

    def _refused(self, name: str, answer: SlackResponse) -> SlackError:
        code = str(answer.get("error", ""))
        if not re.fullmatch(r"[a-z0-9_]{1,60}", code):
            code = f"HTTP {answer.status_code}"
        hint = _DESTINATION_ERRORS.get(code, "").format(token_env=self._token_env)
        text = f"Slack {name}: {code}{f' ({hint})' if hint else ''}"
        return SlackError(text, _fault(code, answer.status_code), code, _wait(answer))


def _fault(code: str, status: int) -> Fault:
    if status == _TOO_MANY or code == "ratelimited":
        return Fault.BUSY
    if code in _PAYLOAD_ERRORS:
        return Fault.MESSAGE
    return Fault.DESTINATION if code in _DESTINATION_ERRORS else Fault.UNKNOWN


def _wait(answer: SlackResponse) -> float | None:
    if answer.status_code != _TOO_MANY:
        return None
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return seconds_of(headers.get("retry-after"))


def _plainly_if_refused(
    send: Callable[[SlackMessage], SlackResponse], message: SlackMessage
) -> SlackResponse:
    try:
        return send(message)
    except SlackError as error:
        if error.fault is not Fault.MESSAGE:
            raise
        return send(message.plain)
