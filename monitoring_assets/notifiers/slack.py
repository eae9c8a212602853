"""Tell of a group in Slack: one thread, its root edited in place, and no message twice.

Slack has no key that makes a post happen once. So every message carries its delivery id in its
metadata, nothing is retried inside a call, and after an outcome that is not known the channel's
(or the thread's) history is read before anything is posted. What a message looks like belongs to
`notifiers.slack_message`, when to try again to `application.dispatch`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from monitoring_assets.domain.errors import DeliveryError, Fault
from monitoring_assets.domain.message import Act, Message
from monitoring_assets.notifiers.slack_api import (
    SLACK_API,
    TIMEOUT_SECONDS,
    SlackApi,
    SlackError,
)
from monitoring_assets.notifiers.slack_message import render

# The root was deleted, or may no longer be edited: the thread still tells the story.
_UNEDITABLE = {"cant_update_message", "edit_window_closed", "message_not_found"}
# The history cannot be read with this token, now or later: the retry is posted and says so.
_UNREADABLE = {
    "access_denied",
    "channel_not_found",
    "method_not_supported_for_channel_type",
    "missing_scope",
    "no_permission",
    "not_in_channel",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A message in Slack."""

    channel: str
    ts: str

    def __str__(self) -> str:
        """Return how the outbox remembers it."""
        return f"{self.channel}:{self.ts}"

    @classmethod
    def parse(cls, reference: str | None) -> "Place | None":
        """Return what the outbox remembered, None for what is not in Slack."""
        found = re.fullmatch(r"([A-Z0-9]+):([0-9]+\.[0-9]+)", reference or "")
        return cls(found[1], found[2]) if found else None


class SlackChannel:
    """The `Channel` for one channel in Slack, with a bot token."""

    name = "slack"
    gap_seconds = 0.0

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        channel: str,
        token_env: str = "SLACK_BOT_TOKEN",  # noqa: S107  the name of a variable, not a token
        base_url: str = SLACK_API,
        timeout_seconds: float = TIMEOUT_SECONDS,
        has_buttons: bool = False,
    ) -> None:
        """Prepare to send; the token is read from `environment[token_env]` at each send.

        Args:
            environment: Where the token is.
            channel: An id (`C0123456789`) or a name.
            token_env: The name of the variable that holds the token.
            base_url: The address of Slack's Web API.
            timeout_seconds: How long one request may stay without an answer.
            has_buttons: Whether `mlmon slack-actions` listens to buttons.
        """
        self._environment = environment
        self._channel = channel
        self._token_env = token_env
        self._base_url = base_url
        self._timeout_seconds = timeout_seconds
        self._has_buttons = has_buttons

    def send(
        self, message: Message, *, delivery_id: str, thread: str | None, is_retry: bool
    ) -> str:
        """Post, reply or edit; return `channel:ts` of what was posted or edited.

        Raises:
            DeliveryError: If Slack did not accept it, or if that is not known.
        """
        api, root = self._api(), Place.parse(thread)
        if message.act is Act.EDIT:
            if root is not None:
                self._edit(api, root, message, delivery_id)
            return thread or ""
        if message.act in {Act.OPEN, Act.DIGEST}:
            root = None
        place = self._posted(api, message, delivery_id, root, is_retry=is_retry)
        if message.act is Act.RESOLVE and root is not None:
            self._close(api, root, message, delivery_id)
        return str(place)

    def _api(self) -> SlackApi:
        token = self._environment.get(self._token_env, "").strip()
        if not token:
            raise DeliveryError(
                f"no Slack token: set the environment variable {self._token_env}",
                Fault.DESTINATION,
            )
        return SlackApi(
            token,
            token_env=self._token_env,
            base_url=self._base_url,
            timeout_seconds=self._timeout_seconds,
        )

    def _posted(
        self,
        api: SlackApi,
        message: Message,
        delivery_id: str,
        root: Place | None,
        *,
        is_retry: bool,
    ) -> Place:
        channel = root.channel if root is not None else self._channel
        if not channel:
            raise DeliveryError(
                "no Slack channel: set MLMON_SLACK_CHANNEL or `alerts.slack_channel`",
                Fault.DESTINATION,
            )
        thread_ts = root.ts if root is not None else None
        may_be_repeat = False
        if is_retry:
            try:
                channel = api.channel_id(channel)
                found = api.find(channel, thread_ts, delivery_id)
            except SlackError as error:
                if error.code not in _UNREADABLE:
                    raise
                may_be_repeat = True
            else:
                if found is not None:
                    return Place(channel, found)
        posted = render(
            message, delivery_id, may_be_repeat=may_be_repeat, has_buttons=self._has_buttons
        )
        return Place(*api.post(channel, posted, thread_ts))

    def _close(self, api: SlackApi, root: Place, message: Message, delivery_id: str) -> None:
        try:
            self._edit(api, root, message, delivery_id)
        except DeliveryError as error:
            # Whatever was wrong with the edit: the reply is there, and a retry must look for it.
            raise DeliveryError(
                str(error), Fault.UNKNOWN, retry_after_seconds=error.retry_after_seconds
            ) from None

    def _edit(self, api: SlackApi, root: Place, message: Message, delivery_id: str) -> None:
        shown = render(message, delivery_id, has_buttons=self._has_buttons)
        try:
            api.update(root.channel, root.ts, shown)
        except SlackError as error:
            if error.code not in _UNEDITABLE:
                raise
