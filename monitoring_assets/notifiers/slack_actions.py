"""Hear of the buttons below a message in Slack, over Socket Mode: no address of ours is public.

What a button does belongs to the caller; which buttons there are to `notifiers.slack_message`.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError
from slack_sdk.socket_mode.builtin.client import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from monitoring_assets.domain.errors import ConfigurationError
from monitoring_assets.notifiers.slack_api import SLACK_API
from monitoring_assets.notifiers.slack_message import ACKNOWLEDGE, SNOOZE
from monitoring_assets.notifiers.text import cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A pressed button.

    Attributes:
        is_snooze: Whether it was `Snooze for a day`, else `Acknowledge`.
        group: The group whose root message it is below.
        user: Who pressed it, as people call them in Slack.
    """

    is_snooze: bool
    group: str
    user: str


@contextmanager
def listening(
    app_token: str, on_press: Callable[[Press], None], *, base_url: str = SLACK_API
) -> Iterator[None]:
    """Hear of buttons as long as the block lasts, in threads of its own.

    Args:
        app_token: A token of the app with the scope `connections:write`.
        on_press: Called for every press.
        base_url: The address of Slack's Web API.

    Raises:
        ConfigurationError: If Slack does not take the token.
    """
    client = SocketModeClient(app_token, web_client=WebClient(base_url=base_url))
    client.socket_mode_request_listeners.append(_listener(on_press))
    try:
        try:
            client.connect()
        except SlackClientError:  # the cause holds Slack's whole answer
            raise ConfigurationError(
                "Slack does not take the app token: it needs the scope connections:write, and "
                "Socket Mode must be enabled for the app"
            ) from None
        yield
    finally:
        client.close()


def presses(payload: dict[str, Any]) -> Iterator[Press]:
    """Yield the presses of our buttons in what Slack tells of an interaction."""
    user = payload.get("user") or {}
    name = cut(str(user.get("username") or user.get("id") or "somebody"), 60)
    for action in payload.get("actions") or []:
        group = str(action.get("value", ""))
        is_ours = action.get("action_id") in {ACKNOWLEDGE, SNOOZE}
        if is_ours and re.fullmatch(r"[\w./:-]{1,200}", group):
            yield Press(is_snooze=action["action_id"] == SNOOZE, group=group, user=f"slack:{name}")


def _listener(
    on_press: Callable[[Press], None],
) -> Callable[[BaseSocketModeClient, SocketModeRequest], None]:
    def hear(client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        # Within three seconds, or Slack shows a warning: so before anything is done.
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        if request.type == "interactive":
            for press in presses(request.payload):
                on_press(press)

    return hear
