"""`mlmon demo`: a model with a history, monitored through Dagster, and served.

The history begins once and grows with every later demo; what is there is not made again.
"""

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Thread

from monitoring_assets.alerting.decision import checks_of
from monitoring_assets.alerting.incidents import fold
from monitoring_assets.cli.database import ready_environment
from monitoring_assets.cli.serving import (
    LOCATION,
    Addresses,
    end_on_signals,
    serving,
    wait_until_interrupted,
    wait_until_ready,
)
from monitoring_assets.cli.up import DEFAULT_PORT
from monitoring_assets.composition import Settings, Workspace
from monitoring_assets.demo.calendar import load_calendar
from monitoring_assets.demo.history import (
    first_day_of,
    land_day,
    write_history,
    write_model_file,
)
from monitoring_assets.demo.story import Chapter, chapters, surprises
from monitoring_assets.domain.evaluation import CheckResult
from monitoring_assets.domain.window import Window

MODEL = "late_parcel"
# These last days of a new history arrive while the demo is watched, one at a time.
LIVE_DAYS = 3
_SECONDS_BETWEEN_DAYS = 60
_DAY = timedelta(days=1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = "examples:\n  mlmon demo\n  mlmon demo --once"
    parser.add_argument(
        "--once", action="store_true", help="end when the history is monitored, without serving"
    )
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="of the UI (default 3000)")


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Make what is missing, monitor it, and serve it."""
    end_on_signals()
    steps = _Steps()
    folder, environ = _demo_environment(environ)
    live = _write_history(folder, environ, steps, is_served=not options.once)
    steps.say("starting Postgres …")
    with ready_environment(environ) as ready:
        if options.once:
            _backfill(ready, steps)
            return _tell(Workspace(ready), steps)
        at = Addresses.free(options.port)
        steps.say("starting the Dagster UI, its daemon and sensors …")
        with serving(ready, at) as children:
            _backfill(dict(ready) | at.environment(), steps)
            wait_until_ready(children, at)
            _tell(Workspace(ready), steps)
            _point_out(at, environ, live)
            Thread(target=_land, args=(folder, live), daemon=True).start()
            wait_until_interrupted(children)
    return 0


class _Steps:
    """Tells what is being done, and how long it has taken so far."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def say(self, line: str) -> None:
        print(f"[{time.monotonic() - self._began:5.1f} s] {line}", flush=True)


def _demo_environment(environ: Mapping[str, str]) -> tuple[Path, dict[str, str]]:
    home = Settings.from_environ(environ).home
    folder = home / "demo"
    return folder, {**environ, "MLMON_HOME": str(home), "MLMON_MODELS": str(folder / "models")}


def _write_history(
    folder: Path, environ: Mapping[str, str], steps: _Steps, *, is_served: bool
) -> list[date]:
    """Write the days that are missing; return those that will arrive while it is watched."""
    today = datetime.now(UTC).date()
    first_day = first_day_of(folder / "data")
    is_new = first_day is None
    if first_day is None:
        first_day = today - load_calendar().history_days * _DAY
    held_back = LIVE_DAYS if is_new and is_served else 0
    until = datetime.combine(today - held_back * _DAY, datetime.min.time(), UTC)
    days = (until.date() - first_day).days
    write_history(folder / "data", first_day=first_day, days=days, until=until, progress=steps.say)
    write_model_file(folder / "data", Path(environ["MLMON_MODELS"]), first_day)
    return [today - n * _DAY for n in range(held_back, 0, -1)]


def _backfill(ready: Mapping[str, str], steps: _Steps) -> None:
    workspace = Workspace(ready)
    windows = _windows(workspace)
    done = workspace.decisions.decided_keys(MODEL, windows)
    missing = [window for window in windows if window.key not in done]
    if not missing:
        steps.say(f"{len(windows)} days are monitored already")
        return
    from monitoring_assets.definitions import build_definitions
    from monitoring_assets.defs.backfill import backfill

    steps.say(f"monitoring {len(missing)} days through Dagster …")
    backfill(build_definitions(ready), workspace, MODEL, missing, steps.say)


def _windows(workspace: Workspace) -> list[Window]:
    """Return the windows that the history holds by now."""
    model = workspace.model(MODEL)
    cadence = model.config.cadence.windows
    last = cadence.last_complete(datetime.now(UTC))
    if last is None:
        return []
    windows = list(cadence.between(cadence.first(), last))
    held = workspace.monitor(model).ports.predictions.fingerprints(windows)
    newest = max((w.start for w in windows if w.key in held), default=windows[0].start)
    return [window for window in windows if window.start <= newest]


def _tell(workspace: Workspace, steps: _Steps) -> int:
    """Print what was found beside what happened; return how many events were not."""
    windows = _windows(workspace)
    incidents = fold(workspace.model(MODEL).config, _story(workspace, windows))
    told = list(chapters(windows, incidents))
    steps.say(f"{len(windows)} days are monitored. What happened, and what was found:\n")
    for chapter in told:
        print(_line(chapter))
    for incident in surprises(windows, incidents, told):
        print(f"  ? {incident.opened_window:<24} nothing happened; found {incident.kind}")
    print()
    return sum(not chapter.is_as_expected for chapter in told)


def _story(
    workspace: Workspace, windows: Sequence[Window]
) -> Iterator[tuple[Window, list[CheckResult]]]:
    for window in windows:
        yield window, checks_of(workspace.measurements.of_window(MODEL, window.key))


def _line(chapter: Chapter) -> str:
    first, last = chapter.windows
    found = ", ".join(dict.fromkeys(str(incident.kind) for incident in chapter.found))
    mark = "✓" if chapter.is_as_expected else "✗"
    name = chapter.event.name.replace("_", " ")
    return f"  {mark} {first} … {last[5:]:<6} {name:<22} {found or 'nothing, as it should be'}"


def _point_out(at: Addresses, environ: Mapping[str, str], live: Sequence[date]) -> None:
    print(f"The UI is at {at.ui_url}")
    print(f"  lineage     {at.ui_url}/locations/{LOCATION}/asset-groups/{MODEL}/lineage")
    print(f"  drift       {at.ui_url}/assets/{MODEL}/drift_report?view=partitions")
    print(f"  decisions   {at.ui_url}/assets/{MODEL}/alert_decision?view=partitions")
    print(f"  sensors     {at.ui_url}/automation")
    print(f"The model's YAML is {environ['MLMON_MODELS']}/{MODEL}.yaml")
    if live:
        print(
            f"In the next minutes {len(live)} more days arrive; the sensor `{MODEL}_arrivals` "
            "monitors them and what is wrong is told here."
        )
    print("Ctrl-C stops everything; the next start takes seconds.\n", flush=True)


def _land(folder: Path, days: Sequence[date]) -> None:
    for day in days:
        time.sleep(_SECONDS_BETWEEN_DAYS)
        land_day(folder / "data", day, progress=lambda _: None)
        print(f"the predictions of {day} arrived", flush=True)
