"""`mlmon dispatch`: deliver the messages that wait, once or for ever."""

import argparse
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from monitoring_assets.application.dispatch import dispatch
from monitoring_assets.cli.database import ready_environment
from monitoring_assets.cli.serving import end_on_signals
from monitoring_assets.composition import Workspace

_PAUSE_SECONDS, _BUDGET_SECONDS = 2.0, 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = "examples:\n  mlmon dispatch\n  mlmon dispatch --forever"
    parser.add_argument("--forever", action="store_true", help="look again every two seconds")


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Deliver; the sensor `deliver_alerts` may do the same at the same time."""
    end_on_signals()
    with ready_environment(environ) as ready:
        workspace = Workspace(ready)
        while True:
            done = dispatch(
                workspace.outbox,
                workspace.notifier,
                now=datetime.now(UTC),
                budget_seconds=_BUDGET_SECONDS,
            )
            for line in done.lines:
                print(line, file=sys.stderr)
            if not options.forever:
                return 0 if not done.waiting else 1
            time.sleep(_PAUSE_SECONDS)
