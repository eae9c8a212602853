"""`mlmon slack-actions`: do what the buttons below messages in Slack ask for."""

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from monitoring_assets.cli.database import ready_environment
from monitoring_assets.cli.incidents import alerts_of
from monitoring_assets.cli.serving import end_on_signals
from monitoring_assets.composition import Workspace
from monitoring_assets.domain.errors import ConfigurationError, MonitoringError
from monitoring_assets.notifiers.registry import APP_TOKEN_ENV
from monitoring_assets.notifiers.slack_actions import Press, listening
from monitoring_assets.notifiers.slack_api import SLACK_API

_SNOOZE = timedelta(days=1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        f"{APP_TOKEN_ENV} holds a token of the app with the scope connections:write. Where it is\n"
        "set, messages have the buttons Acknowledge and Snooze for a day; they do the same as\n"
        "`mlmon ack` and `mlmon snooze`, for everything that is open in the thread.\n\n"
        "example:\n  mlmon slack-actions"
    )


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Listen until Ctrl-C."""
    del options
    token = environ.get(APP_TOKEN_ENV, "")
    if not token:
        raise ConfigurationError(f"set the environment variable {APP_TOKEN_ENV}")
    end_on_signals()
    with ready_environment(environ) as ready:
        base_url = environ.get("MLMON_SLACK_API_URL") or SLACK_API
        with listening(token, answering(Workspace(ready)), base_url=base_url):
            print("listening to Slack; Ctrl-C ends it", file=sys.stderr, flush=True)
            while True:
                time.sleep(3600)


def answering(workspace: Workspace) -> Callable[[Press], None]:
    """Return what does what a press asks for; an error is told and ends nothing."""

    def answer(press: Press) -> None:
        try:
            done = act(workspace, press, datetime.now(UTC))
        except MonitoringError as error:
            done = str(error)
        print(done, file=sys.stderr, flush=True)

    return answer


def act(workspace: Workspace, press: Press, now: datetime) -> str:
    """Acknowledge or snooze what is open in the group of a press; say what was done.

    Raises:
        StoreUnavailableError: If Postgres cannot be reached.
    """
    group = workspace.alerts.group_of(press.group)
    if group is None:
        return f"{press.user}: there is no thread {press.group}"
    found = workspace.alerts.find(group.model)
    concerned = [i for i in found if i.group_id == group.id and i.is_open and i.was_told]
    for incident in concerned:
        alerts = alerts_of(workspace, incident)
        if press.is_snooze:
            alerts.snooze(incident.id, press.user, now + _SNOOZE, now)
        else:
            alerts.acknowledge(incident.id, press.user, now)
    workspace.deliver_now()
    word = "snoozed" if press.is_snooze else "acknowledged"
    return f"{press.user}: {len(concerned)} of {group.model} {word}"
