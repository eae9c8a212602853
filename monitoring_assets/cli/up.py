"""`mlmon up`: everything that a monitored model needs, until Ctrl-C."""

import argparse
from collections.abc import Mapping

from monitoring_assets.cli.database import ready_environment
from monitoring_assets.cli.serving import (
    Addresses,
    add_port,
    end_on_signals,
    serving,
    show_messages,
    start_daemon,
    wait_until_ready,
)
from monitoring_assets.composition import Workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        "Models come from the folder `models`, or MLMON_MODELS. Without MLMON_DATABASE_URL an\n"
        "embedded Postgres is started, and stopped at the end.\n\n"
        "examples:\n  mlmon up\n  mlmon up --port 3100"
    )
    add_port(parser)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Serve until Ctrl-C."""
    end_on_signals()
    names = ", ".join(Workspace(environ).models) or "no model yet"
    at = Addresses.free(options.port)
    with ready_environment(environ) as ready, serving(ready, at) as children:
        print(f"starting ({names}) …", flush=True)
        start_daemon(children)
        wait_until_ready(children, at)
        show_messages(children, f"the UI is at {at.ui_url} — Ctrl-C stops everything")
    return 0
