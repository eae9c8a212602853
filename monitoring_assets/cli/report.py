"""`mlmon report`: Evidently's HTML report of one window that was monitored."""

import argparse
from collections.abc import Mapping

from monitoring_assets.composition import Workspace
from monitoring_assets.domain.errors import ConfigurationError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = "example:\n  mlmon report churn 2026-01-31"
    parser.add_argument("model", help="the model's name")
    parser.add_argument("window", help="the window, for instance 2026-01-31")


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Write the report and print where it is."""
    from monitoring_assets.reports.evidently import write_report

    workspace = Workspace(environ)
    model = workspace.model(options.model)
    try:
        window = model.config.cadence.windows.window(options.window)
    except ValueError as error:
        raise ConfigurationError(f"{options.window!r} names no window: {error}") from error
    print(write_report(workspace.reading_monitor(model), window))
    return 0
