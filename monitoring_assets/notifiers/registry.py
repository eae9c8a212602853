"""Which channels exist, and which one a destination of the outbox means."""

from collections.abc import Callable, Mapping
from typing import Any, TextIO

from monitoring_assets.application.ports import Channel
from monitoring_assets.config.alerts import (
    PAGERDUTY,
    ROUTING_KEY,
    SLACK,
    Destination,
    EmailDestination,
    PagerDutyDestination,
    SlackDestination,
    WebhookDestination,
)
from monitoring_assets.domain.errors import DeliveryError, Fault
from monitoring_assets.notifiers.terminal import TerminalChannel

TOKEN_ENV = "SLACK_BOT_TOKEN"  # noqa: S105  the name of a variable, not a token
APP_TOKEN_ENV = "SLACK_APP_TOKEN"  # noqa: S105


def open_channel(
    key: str, places: Mapping[str, Destination], environment: Mapping[str, str], stream: TextIO
) -> Channel:
    """Return the channel of a destination.

    Args:
        key: What the outbox calls the destination.
        places: The destinations of all models, by that key.
        environment: Holds tokens, and `MLMON_SLACK_CHANNEL`, the channel of the key `slack`; it is
            read again at every send, so that a new token needs no restart.
        stream: Where messages to Slack are printed as long as there is no token.

    Raises:
        DeliveryError: If no model names the destination any more.
    """
    place = _own(environment).get(key) or places.get(key)
    if place is None:
        raise DeliveryError(
            f"no model's `alerts.destinations` has {key!r} any more", Fault.DESTINATION
        )
    return CHANNELS[place.type](place, environment, stream)


def token_env(environment: Mapping[str, str]) -> str:
    """Return the name of the variable that holds the bot token."""
    return environment.get("MLMON_SLACK_TOKEN_ENV") or TOKEN_ENV


def has_slack(environment: Mapping[str, str]) -> bool:
    """Return whether there is a bot token."""
    return bool(environment.get(token_env(environment)))


def fallback(destination: str, environment: Mapping[str, str]) -> str | None:
    """Return who learns what a destination could not be told, None where there is nobody.

    It is `MLMON_FALLBACK` (a destination's key); without it PagerDuty for what Slack did not
    take, and Slack for the rest, where they are set up.
    """
    chosen = environment.get("MLMON_FALLBACK")
    if not chosen:
        is_slack = destination.partition(":")[0] == SLACK
        chosen = PAGERDUTY if is_slack else SLACK
        if chosen == PAGERDUTY and not environment.get(ROUTING_KEY):
            return None
    return chosen if chosen != destination else None


def _own(environment: Mapping[str, str]) -> dict[str, Destination]:
    """Return the destinations that need no YAML."""
    channel = environment.get("MLMON_SLACK_CHANNEL", "")
    return {
        SLACK: SlackDestination(type="slack", channel=channel),
        PAGERDUTY: PagerDutyDestination(type="pagerduty"),
    }


def _slack(place: SlackDestination, environment: Mapping[str, str], stream: TextIO) -> Channel:
    if not has_slack(environment):
        return TerminalChannel(stream)
    from monitoring_assets.notifiers.slack import SlackChannel
    from monitoring_assets.notifiers.slack_api import SLACK_API

    return SlackChannel(
        environment,
        channel=place.channel,
        token_env=token_env(environment),
        base_url=environment.get("MLMON_SLACK_API_URL") or SLACK_API,
        has_buttons=bool(environment.get(APP_TOKEN_ENV)),
    )


def _pagerduty(
    place: PagerDutyDestination, environment: Mapping[str, str], _stream: TextIO
) -> Channel:
    from monitoring_assets.notifiers.pagerduty import EVENTS_API, PagerDutyChannel

    base_url = environment.get("MLMON_PAGERDUTY_URL") or EVENTS_API
    return PagerDutyChannel(environment, key_env=place.routing_key_env, base_url=base_url)


def _webhook(
    place: WebhookDestination, environment: Mapping[str, str], _stream: TextIO
) -> Channel:
    from monitoring_assets.notifiers.webhook import WebhookChannel

    return WebhookChannel(environment, url_env=place.url_env, secret_env=place.secret_env)


def _email(place: EmailDestination, environment: Mapping[str, str], _stream: TextIO) -> Channel:
    from monitoring_assets.notifiers.email import EmailChannel, Variables

    names = Variables(
        host=place.host_env,
        user=place.user_env,
        password=place.password_env,
        sender=place.from_env,
    )
    return EmailChannel(environment, to=place.to, names=names)


CHANNELS: dict[str, Callable[[Any, Mapping[str, str], TextIO], Channel]] = {
    "slack": _slack,
    "pagerduty": _pagerduty,
    "webhook": _webhook,
    "email": _email,
}
