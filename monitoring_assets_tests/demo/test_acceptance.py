"""The demo's history through the whole evaluation: all that happens is found, and nothing else."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import pytest

from monitoring_assets.alerting.severity import severity_of
from monitoring_assets.application.backtest import ReplayedWindow, incidents, replay
from monitoring_assets.application.incidents import Alerts
from monitoring_assets.application.ports import RunInfo
from monitoring_assets.composition import Workspace
from monitoring_assets.config.loader import load_models
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.demo.calendar import Event, EventKind, Expectation, load_calendar
from monitoring_assets.demo.history import write_history, write_model_file
from monitoring_assets.demo.parcels import Disturbance
from monitoring_assets.domain.incident import Incident, Severity
from monitoring_assets.domain.measurement import Status
from monitoring_assets.domain.message import Act
from monitoring_assets.stores.memory_alerts import MemoryAlerts
from monitoring_assets_tests.demo.conftest import FIRST_DAY

pytestmark = pytest.mark.slow

CALENDAR = load_calendar()
DAYS = range(CALENDAR.history_days)
FAULTS = [event for event in CALENDAR.events if event.kind is EventKind.INCIDENT]
EXPECTED = [(event, expectation) for event in FAULTS for expectation in event.expected]
# Windows of faults, and three more in which what must be gone for two windows is still open.
BUSY = {day for event in FAULTS for day in range(event.windows.start, event.windows.stop + 3)}
QUIET = [day for day in DAYS if day not in BUSY]


@dataclass(frozen=True)
class Story:
    """The replayed windows and incidents of the demo, by the index of their day."""

    config: ModelConfig
    windows: list[ReplayedWindow]
    incidents: list[Incident]

    def day(self, key: str) -> int:
        return [w.window.key for w in self.windows].index(key)

    def told(self, day: int) -> list[str]:
        """Return the checks that fail in a window and are worth telling."""
        return [
            f"{check.check}: {check.reason}"
            for check in self.windows[day].checks
            if check.status in {Status.BAD, Status.ERROR}
            and severity_of(self.config, check.kind) is not Severity.INFO
        ]

    def opened(self, event: Event, expectation: Expectation) -> list[Incident]:
        return [
            i
            for i in self.incidents
            if i.episode.kind is expectation.kind
            and self.day(i.episode.opened.key) in event.windows
        ]


@pytest.fixture(scope="module")
def story(history, tmp_path_factory) -> Story:
    """Replay the history, continued until all labels of its windows are there."""
    folder = tmp_path_factory.mktemp("replayed")
    shutil.copytree(history.folder, folder, dirs_exist_ok=True)
    until = datetime.combine(FIRST_DAY, time(), UTC) + timedelta(days=len(DAYS) + 16)
    write_history(
        folder, first_day=FIRST_DAY, days=len(DAYS), until=until, progress=lambda _: None
    )
    (model,) = load_models([write_model_file(folder, folder / "models", FIRST_DAY)])
    cadence = model.config.cadence.windows
    windows = [cadence.window(str(history.day(day))) for day in DAYS]
    monitor = Workspace({}).replaying_monitor(model)
    replayed = list(replay(monitor, windows))
    return Story(model.config, replayed, incidents(monitor, replayed))


@pytest.mark.parametrize(
    ("event", "expectation"), EXPECTED, ids=[f"{e.name}-{x.kind}" for e, x in EXPECTED]
)
def test_what_happens_is_an_incident_of_its_kind_and_columns(story, event, expectation):
    found = story.opened(event, expectation)
    assert found
    assert set(expectation.columns) <= {i.episode.subject.column for i in found}


@pytest.mark.parametrize("event", FAULTS, ids=[event.name for event in FAULTS])
def test_an_incident_ends_soon_after_what_caused_it(story, event):
    for expectation in event.expected:
        for incident in story.opened(event, expectation):
            if event.windows.stop >= len(DAYS):
                assert incident.episode.resolved is None
            else:
                ended = story.day(incident.episode.resolved.key)
                assert ended < event.windows.stop + 3


def test_nobody_is_called_for_anything_else(story):
    expected = {(event.name, x.kind) for event, x in EXPECTED}
    found = set()
    for incident in story.incidents:
        if incident.severity is Severity.INFO:
            continue
        opened = story.day(incident.episode.opened.key)
        (event,) = [e for e in FAULTS if opened in e.windows]
        found.add((event.name, incident.episode.kind))
    assert found <= expected


@pytest.mark.parametrize("day", QUIET)
def test_nothing_is_told_of_a_quiet_or_harmless_window(story, day):
    assert story.told(day) == []


def test_harmless_events_are_among_the_quiet_windows():
    harmless = [e for e in CALENDAR.events if e.kind is EventKind.HARMLESS]
    assert {day for e in harmless for day in e.days} <= set(QUIET)


def test_every_quiet_check_of_a_quiet_window_was_judged(story):
    unjudged = {
        (check.check, check.reason)
        for day in QUIET
        for check in story.windows[day].checks
        if check.status is Status.UNJUDGED
    }
    assert unjudged == set()


@pytest.mark.parametrize(
    ("event", "expectation"),
    [(e, x) for e, x in EXPECTED if x.segment and x.kind == "feature_drift"],
    ids=str,
)
def test_drift_of_a_segment_is_largest_there(story, event, expectation):
    for day in event.windows:
        for column in expectation.columns:
            group = expectation.segment.partition("=")[0]
            by_segment = {
                m.segment: m.value
                for evaluation in story.windows[day].evaluations
                for m in evaluation.measurements
                if m.metric == "drift" and m.column == column and m.segment.startswith(f"{group}=")
            }
            assert max(by_segment, key=by_segment.get) == expectation.segment


@pytest.fixture(scope="module")
def told(story):
    """Decide the days one after the other as if each had just ended, its labels included."""
    store = MemoryAlerts()
    alerts = Alerts(config=story.config, store=store, defaults={"slack", "pagerduty"})
    for replayed in story.windows:
        now = replayed.window.end + timedelta(hours=1)
        run = RunInfo(run_id=replayed.window.key, computed_at=now)
        alerts.decide({replayed.window: replayed.verdicts}, run, is_backfill=False)
    return store


def opened(story, told, destination):
    """Return for every thread, or page, the event of the calendar that it is about."""
    found = []
    for act in told.told:
        if act.step.act is Act.OPEN and act.destination == destination:
            windows = (w.window.end + timedelta(hours=1) for w in story.windows)
            day = list(windows).index(act.at)
            found.append(next((str(e.name) for e in FAULTS if day in e.windows), f"day {day}"))
    return found


def test_every_event_is_one_thread(story, told):
    threads = opened(story, told, "slack:#ml-logistics")
    # Miles instead of kilometres move one column a little: that is a line of the digest.
    assert threads == [str(e.name) for e in FAULTS if e.name is not Disturbance.MILES_FROM_IOS]


def test_pages_are_what_hurts_and_what_nobody_took(story, told):
    # The carrier is a ticket that nobody took for three days; the strike is a ticket by its YAML,
    # and twice as far off as its limit.
    pages = ["promo_week", "label_feed_out", "new_carrier", "strike_at_bolt", "scoring_down"]
    assert opened(story, told, "pagerduty") == pages


def test_the_digest_has_what_is_not_urgent(told):
    waiting = {t.event.line.split(" is ")[0] for t in told.happened if t.event.destination}
    assert "drift of distance_km" in waiting
