"""`mlmon ack`: somebody takes care of an incident."""

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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        "It does not escalate and is not recalled any more; its thread says who took it.\n\n"
        "example:\n  mlmon ack 6d1f6a0e --by ada"
    )
    parser.add_argument("incident", help="the id, or how it begins")
    add_actor(parser)
    add_json(parser)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Acknowledge one incident."""
    with ready_environment(environ) as ready:
        workspace = Workspace(ready)
        incident = named(workspace.alerts, options.incident)
        done = alerts_of(workspace, incident).acknowledge(
            incident.id, actor(options, environ), datetime.now(UTC)
        )
    return tell(options, done, "acknowledged")
