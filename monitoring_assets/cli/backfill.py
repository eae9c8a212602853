"""`mlmon backfill`: monitor windows of the past through Dagster."""

import argparse
import sys
from collections.abc import Mapping
from time import perf_counter

from monitoring_assets.cli.database import ready_environment
from monitoring_assets.cli.serving import end_on_signals
from monitoring_assets.cli.windows import between
from monitoring_assets.composition import Workspace
from monitoring_assets.defs.backfill import backfill


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        "Nobody is told of what is found in the past.\n\n"
        "example:\n  mlmon backfill churn 2025-01-01 2025-12-31"
    )
    parser.add_argument("model", help="the model's name")
    parser.add_argument("first", nargs="?", metavar="FROM", help="first window, 2026-01-31")
    parser.add_argument("last", nargs="?", metavar="TO", help="last window, included")


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Monitor the windows in this process."""
    end_on_signals()
    model = Workspace(environ).model(options.model)
    windows = between(model.config, options.first, options.last)
    with ready_environment(environ) as ready:
        began = perf_counter()
        done = backfill(Workspace(ready), options.model, windows, _say)
        print(f"{done} windows monitored in {perf_counter() - began:.0f} s")
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
