"""`mlmon demo`: a model with a history, monitored through Dagster, and served.

The history begins once and grows with every later demo; what is there is not made again.
"""

import argparse
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Thread

from monitoring_assets.alerting.lifecycle import standing
from monitoring_assets.cli.database import ready_environment
from monitoring_assets.cli.serving import (
    LOCATION,
    Addresses,
    add_port,
    end_on_signals,
    serving,
    show_messages,
    start_daemon,
    wait_until_ready,
)
from monitoring_assets.composition import Settings, Workspace
from monitoring_assets.defs.backfill import backfill
from monitoring_assets.demo.calendar import load_calendar
from monitoring_assets.demo.history import (
    first_day_of,
    land_day,
    write_history,
    write_model_file,
)
from monitoring_assets.demo.story import Chapter, chapters, surprises
from monitoring_assets.domain.window import Window

MODEL = "late_parcel"
# Days that are not older and not written yet arrive while the demo is watched, one at a time.
LIVE_DAYS = 3
_SECONDS_BETWEEN_DAYS = 60.0
_DAY = timedelta(days=1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = "examples:\n  mlmon demo\n  mlmon demo --once"
    parser.add_argument(
        "--once", action="store_true", help="end when the history is monitored, without serving"
    )
    add_port(parser)
    parser.add_argument(
        "--seconds-between-days",
        type=float,
        metavar="SECONDS",
        default=_SECONDS_BETWEEN_DAYS,
        help=f"until another day arrives (default {_SECONDS_BETWEEN_DAYS:.0f})",
    )


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Make what is missing, monitor it, and serve it."""
    end_on_signals()
    # Beside the servers that start, scikit-learn's threads wait for each other: 20 s, not 7.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    steps = _Steps()
    folder, environ = _demo_environment(environ)
    span = _Span.of(folder, datetime.now(UTC).date(), is_served=not options.once)
    write_model_file(folder / "data", Path(environ["MLMON_MODELS"]), span.first_day)
    steps.say("starting Postgres …")
    with ready_environment(environ) as ready:
        if options.once:
            _write_history(folder, span, steps)
            _backfill(ready, steps)
            return _tell(Workspace(ready), steps)
        at = Addresses.free(options.port)
        steps.say("starting the Dagster UI …")
        with serving(ready, at) as children:
            _write_history(folder, span, steps)
            _backfill(dict(ready) | at.environment(), steps)
            start_daemon(children)  # not before: its sensor would ask for the same days
            wait_until_ready(children, at)
            _tell(Workspace(ready), steps)
            _point_out(at, environ, span.live)
            _land(folder, span.live, options.seconds_between_days)
            show_messages(children)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """The days of the demo's history.

    Attributes:
        first_day: The first monitored day.
        end: The day after the last one that is written before it is shown.
        live: The days that arrive while it is watched.
    """

    first_day: date
    end: date
    live: tuple[date, ...]

    @classmethod
    def of(cls, folder: Path, today: date, *, is_served: bool) -> "_Span":
        """Return the span of the history in a folder, or of a new one."""
        last_days = [today - n * _DAY for n in range(LIVE_DAYS, 0, -1)] if is_served else []
        there = {place.name for place in (folder / "data" / "predictions").glob("date=*")}
        live = tuple(day for day in last_days if f"date={day}" not in there)
        return cls(
            first_day=first_day_of(folder / "data") or today - load_calendar().history_days * _DAY,
            end=min(live, default=today),
            live=live,
        )


def _write_history(folder: Path, span: _Span, steps: _Steps) -> None:
    write_history(
        folder / "data",
        first_day=span.first_day,
        days=(span.end - span.first_day).days,
        until=datetime.combine(span.end, datetime.min.time(), UTC),
        progress=steps.say,
    )


def _backfill(ready: Mapping[str, str], steps: _Steps) -> None:
    workspace = Workspace(ready)
    windows = _windows(workspace)
    done = workspace.alerts.decided_keys(MODEL, windows)
    missing = [window for window in windows if window.key not in done]
    if not missing:
        steps.say(f"{len(windows)} days are monitored already")
        return
    steps.say(f"monitoring {len(missing)} days through Dagster …")
    backfill(workspace, MODEL, missing, steps.say)


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
    incidents = list(standing(workspace.alerts.find(MODEL)).values())
    told = list(chapters(windows, incidents))
    steps.say(f"{len(windows)} days are monitored. What happened, and what was found:\n")
    for chapter in told:
        print(_line(chapter))
    for incident in surprises(windows, incidents, told):
        opened, kind = incident.episode.opened.key, incident.episode.kind
        print(f"  ? {opened:<24} nothing happened; found {kind}")
    print()
    return sum(not chapter.is_as_expected for chapter in told)


def _line(chapter: Chapter) -> str:
    first, last = chapter.windows
    found = ", ".join(dict.fromkeys(str(incident.episode.kind) for incident in chapter.found))
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
            f"In the next minutes {_days(len(live))} will arrive. The sensor `{MODEL}_arrivals` "
            "monitors them, and what is wrong is told here."
        )
    print("Ctrl-C stops everything; the next start takes seconds.\n", flush=True)


def _days(number: int) -> str:
    return "one more day" if number == 1 else f"{number} more days"


def _land(folder: Path, days: Sequence[date], seconds_between: float) -> None:
    """Let days arrive one after the other, in a thread that ends with the process."""

    def land() -> None:
        for day in days:
            time.sleep(seconds_between)
            land_day(folder / "data", day, progress=lambda _: None)
            print(f"the predictions of {day} arrived", flush=True)

    Thread(target=land, daemon=True, name="days").start()
