"""`mlmon snooze`: let an incident be quiet for a while, or until it gets worse."""

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime

from monitoring_assets.cli.database import ready_environment
from monitoring_assets.cli.incidents import (
    actor,
    add_actor,
    add_json,
    alerts_of,
    named,
    tell,
)
from monitoring_assets.composition import Workspace
from monitoring_assets.config.values import parse_duration


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        "A score that gets worse, or a higher severity, ends it before its time.\n\n"
        "example:\n  mlmon snooze 6d1f6a0e --for 2d"
    )
    parser.add_argument("incident", help="the id, or how it begins")
    parser.add_argument(
        "--for", dest="length", required=True, type=parse_duration, metavar="TIME", help="2h, 3d"
    )
    add_actor(parser)
    add_json(parser)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Snooze one incident."""
    now = datetime.now(UTC)
    with ready_environment(environ) as ready:
        workspace = Workspace(ready)
        incident = named(workspace.alerts, options.incident)
        done = alerts_of(workspace, incident).snooze(
            incident.id, actor(options, environ), now + options.length, now
        )
    return tell(options, done, f"snoozed until {now + options.length:%Y-%m-%d %H:%M} UTC")
