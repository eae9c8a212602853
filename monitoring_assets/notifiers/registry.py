"""Which channels exist, and which one the environment asks for."""

from collections.abc import Callable, Mapping
from typing import TextIO

from monitoring_assets.application.dispatch import Notifier
from monitoring_assets.notifiers.terminal import TerminalNotifier

TOKEN_ENV = "SLACK_BOT_TOKEN"  # noqa: S105  the name of a variable, not a token


def choose(environment: Mapping[str, str], stream: TextIO) -> Notifier:
    """Return Slack where there is a token, else the terminal.

    Args:
        environment: `MLMON_SLACK_TOKEN_ENV` names the variable that holds the token (default
            `SLACK_BOT_TOKEN`), `MLMON_SLACK_CHANNEL` is the default channel, and
            `MLMON_SLACK_API_URL` another address of Slack's Web API. It is read again at every
            send, so that a new token needs no restart.
        stream: Where the terminal channel prints.
    """
    kind = "slack" if environment.get(_token_env(environment)) else "terminal"
    return NOTIFIERS[kind](environment, stream)


def _token_env(environment: Mapping[str, str]) -> str:
    return environment.get("MLMON_SLACK_TOKEN_ENV") or TOKEN_ENV


def _slack(environment: Mapping[str, str], _stream: TextIO) -> Notifier:
    from monitoring_assets.notifiers.slack import SLACK_API, SlackNotifier

    return SlackNotifier(
        environment,
        token_env=_token_env(environment),
        channel=environment.get("MLMON_SLACK_CHANNEL", ""),
        base_url=environment.get("MLMON_SLACK_API_URL") or SLACK_API,
    )


def _terminal(_environment: Mapping[str, str], stream: TextIO) -> Notifier:
    return TerminalNotifier(stream)


NOTIFIERS: dict[str, Callable[[Mapping[str, str], TextIO], Notifier]] = {
    "slack": _slack,
    "terminal": _terminal,
}
