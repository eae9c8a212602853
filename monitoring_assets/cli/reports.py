"""`mlmon reports`: the pages of reports, where `mlmon up` does not serve them."""

import argparse
import threading
from collections.abc import Mapping
from contextlib import suppress

from monitoring_assets.cli.serving import end_on_signals, report_pages

DEFAULT_PORT = 3001


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        "`mlmon up` serves them already; this is for Dagster that is started in other ways.\n\n"
        "examples:\n  mlmon reports\n  mlmon reports --port 3200"
    )
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"default {DEFAULT_PORT}")
    parser.add_argument("--host", default="127.0.0.1", help="default 127.0.0.1: this machine only")


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Serve reports until Ctrl-C."""
    end_on_signals()
    with suppress(KeyboardInterrupt):
        report_pages(environ).start(options.port, options.host)
        print(f"reports are at http://{options.host}:{options.port}", flush=True)
        threading.Event().wait()
    return 0
