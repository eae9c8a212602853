"""`mlmon dispatch`: deliver the messages that wait, once or for ever."""

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from monitoring_assets.cli.database import ready_environment
from monitoring_assets.cli.serving import end_on_signals
from monitoring_assets.composition import Workspace

_BUDGET_SECONDS = 60.0
# A message is announced by Postgres; this is how soon a retry, or a missed signal, is noticed.
_PAUSE_SECONDS = 2.0
_HEARTBEAT_SECONDS = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = "examples:\n  mlmon dispatch\n  mlmon dispatch --forever"
    parser.add_argument(
        "--forever", action="store_true", help="deliver each message at once, until Ctrl-C"
    )


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Deliver; the sensor `deliver_alerts` may do the same at the same time."""
    end_on_signals()
    with ready_environment(environ) as ready:
        workspace = Workspace(ready)
        if options.forever:
            _forever(workspace)
        done = workspace.dispatcher.sweep(_BUDGET_SECONDS)
        for line in done.lines:
            _tell(line)
        _tell(str(done))
        return 0 if not done.waiting else 1


def _forever(workspace: Workspace) -> None:
    keep_awake = _now_and_then(workspace)
    with workspace.outbox.signals() as signals:

        def wait() -> None:
            keep_awake()
            signals.wait(_PAUSE_SECONDS)

        workspace.dispatcher.run(wait=wait, tell=_tell)


def _now_and_then(workspace: Workspace) -> Callable[[], None]:
    due = 0.0

    def keep_awake() -> None:
        nonlocal due
        if time.monotonic() < due:
            return
        due = time.monotonic() + _HEARTBEAT_SECONDS
        trouble = workspace.keep_awake(datetime.now(UTC))
        if trouble:
            _tell(trouble)

    return keep_awake


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
