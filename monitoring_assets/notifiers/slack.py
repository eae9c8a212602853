"""Deliver a notice to Slack: post it, edit it, and look before posting it a second time.

Slack has no key that makes a post happen once. So every message carries its delivery id in its
metadata, nothing is retried inside a call, and after an outcome that is not known the channel's
history is read before anything is posted. What a message looks like belongs to
`notifiers.slack_message`, when to try again to `application.dispatch`.
"""

import math
import re
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from monitoring_assets.domain.decision import Notice
from monitoring_assets.domain.errors import DeliveryError
from monitoring_assets.notifiers.slack_message import SlackMessage, digest, render

SLACK_API = "https://slack.com/api/"
TIMEOUT_SECONDS = 5
# The lookup of a retry reads at most this many messages; the newest come first.
PAGES = 3
PAGE_SIZE = 200

# The message itself is at fault: the same one can never be accepted.
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
# The message to edit was deleted, or may no longer be edited: a new one is posted.
_UNEDITABLE_ERRORS = {"cant_update_message", "edit_window_closed", "message_not_found"}
# The history cannot be read with this token, now or later: the retry is posted and says so.
_UNREADABLE_ERRORS = {
    "access_denied",
    "channel_not_found",
    "method_not_supported_for_channel_type",
    "missing_scope",
    "no_permission",
    "not_in_channel",
}
_HINTS = {
    "account_inactive": "the token's app was removed; install it again",
    "channel_not_found": "check the channel's name, and invite the bot if it is private",
    "invalid_auth": "check the token in {token_env}",
    "is_archived": "choose a channel that is in use",
    "missing_scope": "the app needs chat:write, channels:read and channels:history",
    "not_in_channel": "invite the bot to the channel",
    "token_expired": "put a new token into {token_env}",
    "token_revoked": "put a new token into {token_env}",
}


class _SlackError(DeliveryError):
    """An answer of Slack that is not ok; `code` is Slack's word for it."""

    def __init__(self, message: str, code: str, retry_after_seconds: float | None) -> None:
        super().__init__(
            message,
            is_permanent=code in _PAYLOAD_ERRORS,
            retry_after_seconds=retry_after_seconds,
        )
        self.code = code


class SlackNotifier:
    """The `Notifier` for Slack, with a bot token."""

    name = "slack"

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        token_env: str = "SLACK_BOT_TOKEN",  # noqa: S107  the name of a variable, not a token
        channel: str = "",
        base_url: str = SLACK_API,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """Prepare to send; the token is read from `environment[token_env]` at each send.

        Args:
            environment: Where the token is.
            token_env: The name of the variable that holds it.
            channel: An id (`C0123456789`) or a name, for notices that name no channel.
            base_url: The address of Slack's Web API.
            timeout_seconds: How long one request may stay without an answer.
        """
        self._environment = environment
        self._token_env = token_env
        self._channel = channel
        self._base_url = base_url
        self._timeout_seconds = timeout_seconds

    def send(
        self, notice: Notice, *, delivery_id: str, previous: str | None, is_retry: bool
    ) -> str:
        """Post a notice, or edit the message called `previous`; return `channel:ts`.

        Raises:
            DeliveryError: If Slack did not accept it, or if that is not known.
        """
        client = self._client()
        message = render(notice, delivery_id)
        edited = _split(previous)
        if edited is not None:
            try:
                return self._edit(client, *edited, message)
            except _SlackError as error:
                if error.code not in _UNEDITABLE_ERRORS:
                    raise
        channel = notice.channel or self._channel
        if not channel:
            raise DeliveryError(
                "no Slack channel: set MLMON_SLACK_CHANNEL or `alerts.slack_channel`",
                is_permanent=False,
            )
        if not is_retry:
            return self._post(client, channel, message)
        after = edited[1] if edited is not None else None
        return self._post_unless_there(client, channel, notice, delivery_id, after)

    def _client(self) -> WebClient:
        token = self._environment.get(self._token_env, "").strip()
        if not token:
            raise DeliveryError(
                f"no Slack token: set the environment variable {self._token_env}",
                is_permanent=False,
            )
        # The default retry handlers post a message again whose answer was lost: 13 % duplicates.
        # The annotation says int, sockets take fractions.
        timeout: Any = self._timeout_seconds
        return WebClient(token, base_url=self._base_url, timeout=timeout, retry_handlers=[])

    def _post(self, client: WebClient, channel: str, message: SlackMessage) -> str:
        answer = _plainly_if_refused(
            lambda m: self._call(
                client.chat_postMessage,
                channel=channel,
                text=m.text,
                blocks=m.blocks or None,
                metadata=m.metadata,
                link_names=False,
                parse="none",
                unfurl_links=False,
                unfurl_media=False,
            ),
            message,
        )
        return f"{answer['channel']}:{answer['ts']}"

    def _edit(self, client: WebClient, channel: str, ts: str, message: SlackMessage) -> str:
        _plainly_if_refused(
            lambda m: self._call(
                client.chat_update,
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
        return f"{channel}:{ts}"

    def _post_unless_there(
        self,
        client: WebClient,
        channel: str,
        notice: Notice,
        delivery_id: str,
        after: str | None,
    ) -> str:
        try:
            channel_id = self._channel_id(client, channel)
            found = self._find(client, channel_id, delivery_id, after)
        except _SlackError as error:
            if error.code not in _UNREADABLE_ERRORS:
                raise
            return self._post(client, channel, render(notice, delivery_id, may_be_repeat=True))
        message = render(notice, delivery_id)
        if found is None:
            return self._post(client, channel, message)
        if found["metadata"]["event_payload"].get("text") == digest(notice):
            return f"{channel_id}:{found['ts']}"
        return self._edit(client, channel_id, found["ts"], message)

    def _channel_id(self, client: WebClient, channel: str) -> str:
        # Names are lower case; only posting takes a name, the history wants an id.
        if re.fullmatch(r"[CDG][A-Z0-9]{5,}", channel):
            return channel
        name = channel.removeprefix("#")
        for found in self._pages(
            client.users_conversations, "channels", types="public_channel,private_channel"
        ):
            if found.get("name") == name:
                return str(found["id"])
        raise _SlackError(f"Slack: the bot is in no channel {name}", "not_in_channel", None)

    def _find(
        self, client: WebClient, channel_id: str, delivery_id: str, after: str | None
    ) -> dict[str, Any] | None:
        messages = self._pages(
            client.conversations_history,
            "messages",
            channel=channel_id,
            oldest=after,
            include_all_metadata=True,
        )
        return next((m for m in messages if _delivery_id(m) == delivery_id), None)

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
        try:
            return method(**arguments)
        except SlackApiError as error:
            raise self._refused(name, error.response) from None
        except (SlackClientError, OSError, HTTPException, ValueError) as error:
            raise DeliveryError(
                f"Slack {name}: no answer ({type(error).__name__})", is_permanent=False
            ) from None

    def _refused(self, name: str, answer: SlackResponse) -> _SlackError:
        code = str(answer.get("error", ""))
        if not re.fullmatch(r"[a-z0-9_]{1,60}", code):
            code = f"HTTP {answer.status_code}"
        hint = _HINTS.get(code, "").format(token_env=self._token_env)
        text = f"Slack {name}: {code}{f' ({hint})' if hint else ''}"
        return _SlackError(text, code, _retry_after(answer))


def _plainly_if_refused(
    send: Callable[[SlackMessage], SlackResponse], message: SlackMessage
) -> SlackResponse:
    """Send a message, once more without blocks if Slack refuses what it looks like."""
    try:
        return send(message)
    except _SlackError as error:
        if not error.is_permanent:
            raise
        return send(message.plain)


def _split(reference: str | None) -> tuple[str, str] | None:
    """Return channel and ts of a message, None for one that is not in Slack."""
    found = re.fullmatch(r"([A-Z0-9]+):([0-9]+\.[0-9]+)", reference or "")
    return (found[1], found[2]) if found else None


def _delivery_id(message: Mapping[str, Any]) -> object:
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    return payload.get("delivery_id")


def _retry_after(answer: SlackResponse) -> float | None:
    if answer.status_code != 429:  # noqa: PLR2004  Too Many Requests
        return None
    try:
        seconds = float(answer.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None
