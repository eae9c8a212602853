"""`mlmon profile`: the profile of one window, by the engine that the model names.

It is also what Dagster launches for engines that take long: started by Dagster Pipes, it reports
the metadata of the asset's materialization.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from monitoring_assets.composition import Workspace
from monitoring_assets.domain.errors import ConfigurationError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = "example:\n  mlmon profile churn 2026-01-31"
    parser.add_argument("model", help="the model's name")
    parser.add_argument("window", help="the window, for instance 2026-01-31")


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Profile the window, print where the profile is, and report it to Dagster if it asked."""
    from dagster_pipes import DAGSTER_PIPES_CONTEXT_ENV_VAR, open_dagster_pipes

    if DAGSTER_PIPES_CONTEXT_ENV_VAR not in environ:
        _profile(options, environ)
        return 0
    with open_dagster_pipes() as pipes:
        pipes.report_custom_message(_profile(options, environ))
    return 0


def _profile(options: argparse.Namespace, environ: Mapping[str, str]) -> dict[str, Any]:
    """Profile the window, print what was done, and return it."""
    workspace = Workspace(environ)
    model = workspace.model(options.model)
    try:
        window = model.config.cadence.windows.window(options.window)
    except ValueError as error:
        raise ConfigurationError(f"{options.window!r} names no window: {error}") from error
    monitor = workspace.reading_monitor(model)
    stored = monitor.take_profile(window)
    rows = stored.profile.whole.rows
    print(f"{window.key}: {rows:,} rows profiled by {stored.engine}: {stored.address}")
    return stored.facts
