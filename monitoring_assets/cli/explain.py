"""`mlmon explain`: why an alert fired, or did not."""

import argparse
import json
from collections.abc import Mapping

from monitoring_assets.application.explain import (
    Explanation,
    explain_incident,
    explain_window,
)
from monitoring_assets.cli.database import ready_environment
from monitoring_assets.cli.incidents import add_json, named
from monitoring_assets.composition import Workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = "examples:\n  mlmon explain 6d1f6a0e\n  mlmon explain churn 2026-01-31"
    parser.add_argument("what", help="an incident's id, or how it begins; or a model")
    parser.add_argument("window", nargs="?", help="a window of the model, 2026-01-31")
    add_json(parser)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Explain an incident or a window."""
    with ready_environment(environ) as ready:
        workspace = Workspace(ready)
        store = workspace.alerts
        if options.window:
            config = workspace.model(options.what).config
            told = explain_window(store, config, options.window)
        else:
            incident = named(store, options.what)
            told = explain_incident(store, workspace.model(incident.model).config, incident)
    if options.json:
        print(json.dumps({"title": told.title, **dict(told.sections)}, indent=1))
    else:
        _print(told)
    return 0


def _print(told: Explanation) -> None:
    print(told.title)
    for name, lines in told.sections:
        print(f"\n{name}")
        for text in lines:
            print(f"  {text}")
