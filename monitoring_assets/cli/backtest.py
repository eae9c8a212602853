"""`mlmon backtest`: replay windows without Dagster and a database."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from monitoring_assets.application.backtest import ReplayedWindow, incidents, replay
from monitoring_assets.cli.windows import add_range, between
from monitoring_assets.composition import Workspace
from monitoring_assets.config.loader import load_models
from monitoring_assets.config.model import LoadedModel
from monitoring_assets.domain.errors import ConfigurationError
from monitoring_assets.domain.incident import Incident


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        "examples:\n"
        "  mlmon backtest churn --from 2026-01-01 --to 2026-06-30 --json churn.json\n"
        "  mlmon backtest path/to/model.yaml"
    )
    parser.add_argument("model", help="a model's name, or the path of its YAML file")
    add_range(parser)
    parser.add_argument(
        "--json", type=Path, metavar="OUT", help="write all measurements, verdicts and incidents"
    )


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Replay the windows, print the incidents, and write everything if asked to."""
    if options.json and not options.json.absolute().parent.is_dir():
        raise ConfigurationError(f"--json {options.json}: there is no such folder")
    workspace = Workspace(environ)
    model = _model(workspace, options.model)
    windows = between(model.config, options.first, options.last)
    began = perf_counter()
    monitor = workspace.replaying_monitor(model)
    replayed, told = [], []
    for window in _shown(replay(monitor, windows), len(windows)):
        if options.json:
            told.append(_window(window))
        replayed.append(replace(window, evaluations=()))  # a year of numbers is a gigabyte
    found = incidents(monitor, replayed)
    if options.json:
        document = {
            "model": model.config.name,
            "windows": told,
            "incidents": [_incident(incident) for incident in found],
        }
        options.json.write_text(json.dumps(document, indent=1, default=str), encoding="utf-8")
    for incident in found:
        print(_line(incident))
    seconds = perf_counter() - began
    print(f"{len(windows)} windows, {len(found)} incidents, {seconds:.1f} s")
    return 0


def _line(incident: Incident) -> str:
    episode = incident.episode
    until = episode.resolved.key if episode.resolved else "open"
    return (
        f"{episode.opened.key} … {until:<10} {incident.severity:<6} "
        f"{episode.kind:<17} {episode.reason}"
    )


def _incident(incident: Incident) -> dict[str, Any]:
    episode = incident.episode
    return {
        "model": incident.model,
        "kind": episode.kind,
        "severity": incident.severity,
        **asdict(episode.subject),
        "opened_window": episode.opened.key,
        "resolved_window": episode.resolved.key if episode.resolved else None,
        "resolution": episode.resolution,
        "windows": episode.bad,
        "reason": episode.reason,
    }


def _model(workspace: Workspace, name: str) -> LoadedModel:
    if name.endswith((".yaml", ".yml")):
        return load_models([Path(name)])[0]
    return workspace.model(name)


def _shown(replayed: Iterable[ReplayedWindow], total: int) -> Iterator[ReplayedWindow]:
    """Yield windows while the terminal shows how far it is."""
    for done, window in enumerate(replayed, start=1):
        if sys.stderr.isatty():
            print(f"\r{done} of {total}  {window.window.key} ", end="", file=sys.stderr)
        yield window
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)


def _window(replayed: ReplayedWindow) -> dict[str, Any]:
    return {
        "window": replayed.window.key,
        "start": replayed.window.start.isoformat(),
        "end": replayed.window.end.isoformat(),
        "checks": [asdict(check) for check in replayed.checks],
        "measurements": [
            {"asset": evaluation.asset, **asdict(measurement)}
            for evaluation in replayed.evaluations
            for measurement in evaluation.measurements
        ],
    }
