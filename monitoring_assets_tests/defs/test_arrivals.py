"""The sensor's ticks as the daemon makes them, with a clock of the test."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from monitoring_assets.composition import Workspace
from monitoring_assets.defs.arrivals import arrivals_sensor
from monitoring_assets.defs.backfill import QUIET
from monitoring_assets.defs.model import reference_job_name, windows_job_name
from monitoring_assets.defs.runs import CAUSE, HISTORY, RANGE_END, RANGE_START, range_tags

HOUR = timedelta(hours=1)


class Ticks:
    """One model's sensor, its cursor, and what it asks for."""

    def __init__(self, world, instance, now):
        self.world, self.instance, self.now, self.cursor = world, instance, now, None
        self.definitions = world.definitions()
        name = world.name
        self.windows_job = self.definitions.resolve_job_def(windows_job_name(name))
        self.reference_job = self.definitions.resolve_job_def(reference_job_name(name))
        self.sensor = arrivals_sensor(
            world.model, self.windows_job, self.reference_job, clock=lambda: self.now
        )

    def tick(self):
        """Tick once; return what is asked for, and keep the cursor."""
        with dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            definitions=self.definitions,
            resources={"workspace": Workspace(self.world.settings)},
        ) as context:
            result = self.sensor.evaluate_tick(context)
        self.cursor, self.said = result.cursor, result.skip_message
        return result.run_requests or []

    def settle(self):
        """Tick twice: what arrived settles at the first tick."""
        assert self.tick() == []
        return self.tick()

    def run(self, requests):
        """Do what was asked for."""
        for request in requests:
            job = self.definitions.resolve_job_def(request.job_name)
            result = job.execute_in_process(
                instance=self.instance,
                run_config=QUIET,
                tags=request.tags,
                partition_key=request.partition_key,
                asset_selection=request.asset_selection,
            )
            assert result.success

    def monitored(self, asset="prediction_log"):
        """Return how often each window of an asset was materialized."""
        key = dg.AssetKey([self.world.name, asset])
        records = self.instance.fetch_materializations(key, limit=1_000).records
        return Counter(record.partition_key for record in records)


def ranges(requests):
    return [(r.tags[CAUSE], r.tags[RANGE_START], r.tags[RANGE_END]) for r in requests]


def keys(windows):
    return [window.key for window in windows]


@pytest.fixture
def start(make_world):
    """Return what starts the sensor of a new model after its first `n` windows, with reference."""
    with dg.DagsterInstance.ephemeral() as instance:

        def begin(n=5, *, with_reference=True, deadline="10d", **settings):
            world = make_world(rows=60, deadline=deadline, **settings)
            ticks = Ticks(world, instance, world.windows(n)[-1].end + HOUR)
            if with_reference:
                ticks.run(ticks.tick())
            return ticks

        yield begin


def test_without_its_reference_a_model_asks_for_that_first(start):
    ticks = start(with_reference=False)
    ticks.world.land(ticks.world.windows(1))
    (request,) = ticks.tick()
    assert (request.job_name, request.partition_key) == (ticks.reference_job.name, "v1")
    ticks.run([request])
    assert ticks.tick() == []
    assert "settle" in ticks.said


def test_a_reference_that_failed_is_asked_for_again_when_its_file_changed(start):
    ticks = start(with_reference=False)
    (first,), (second,) = ticks.tick(), ticks.tick()
    ticks.world.create()
    (third,) = ticks.tick()
    assert first.run_key == second.run_key != third.run_key


def test_rows_settle_before_they_are_asked_for(start):
    ticks = start()
    windows = ticks.world.windows(2)
    ticks.world.land(windows)
    assert ticks.tick() == []
    assert windows[0].key in ticks.said
    ticks.world.land(windows[1:], rows=70)
    assert ranges(ticks.tick()) == [("new rows", windows[0].key, windows[0].key)]
    assert ranges(ticks.tick()) == [("new rows", windows[1].key, windows[1].key)]


def test_neighbouring_windows_are_one_run_over_a_range(start):
    ticks = start(n=6)
    windows = ticks.world.windows(6)
    ticks.world.land([*windows[:3], *windows[4:]])
    requests = ticks.settle()
    assert ranges(requests) == [
        ("new rows", windows[0].key, windows[2].key),
        ("new rows", windows[4].key, windows[5].key),
    ]
    ticks.run(requests)
    assert ticks.monitored() == Counter(keys([*windows[:3], *windows[4:]]))
    assert ticks.settle() == []
    assert ticks.said == "nothing new"


def test_a_run_holds_at_most_thirty_windows(start):
    ticks = start(n=40)
    windows = ticks.world.windows(40)
    ticks.world.land(windows)
    assert ranges(ticks.settle()) == [
        ("new rows", windows[0].key, windows[29].key),
        ("new rows", windows[30].key, windows[39].key),
    ]


def test_a_tick_that_is_repeated_has_the_same_run_keys(start):
    ticks = start()
    ticks.world.land(ticks.world.windows(3))
    ticks.tick()
    cursor = ticks.cursor
    first = ticks.tick()
    ticks.cursor = cursor
    assert [r.run_key for r in ticks.tick()] == [r.run_key for r in first]


def test_a_window_that_failed_is_not_asked_for_again(start):
    ticks = start()
    ticks.world.land(ticks.world.windows(1))
    ticks.settle()
    assert ticks.settle() == []
    assert "were asked for" in ticks.said


def test_a_window_that_failed_does_not_take_its_neighbour_along(start):
    ticks = start()
    first, second = ticks.world.windows(2)
    ticks.world.land([first])
    ticks.settle()
    ticks.world.land([second])
    assert ranges(ticks.settle()) == [("new rows", second.key, second.key)]


def test_a_window_that_failed_is_asked_for_again_when_its_rows_changed(start):
    ticks = start()
    window = ticks.world.windows(1)
    ticks.world.land(window)
    (first,) = ticks.settle()
    ticks.world.land(window, rows=70)
    (second,) = ticks.settle()
    assert ranges([first]) == ranges([second])
    assert first.run_key != second.run_key


def test_late_rows_ask_for_their_window_again(start):
    ticks = start()
    windows = ticks.world.windows(3)
    ticks.world.land(windows)
    ticks.run(ticks.settle())
    ticks.world.land(windows[1:2], rows=70)
    requests = ticks.settle()
    assert ranges(requests) == [("new rows", windows[1].key, windows[1].key)]
    ticks.run(requests)
    assert ticks.monitored() == Counter(keys([*windows, windows[1]]))
    assert ticks.settle() == []


def test_late_labels_ask_for_what_depends_on_labels_only(start):
    ticks = start()
    windows = ticks.world.windows(3)
    ticks.world.land(windows)
    ticks.run(ticks.settle())
    ticks.world.label(windows[:2])
    requests = ticks.tick()
    assert ranges(requests) == [("new labels", windows[0].key, windows[1].key)]
    ticks.run(requests)
    assert ticks.monitored("prediction_log") == Counter(keys(windows))
    for asset in ("labels", "performance_metrics", "alert_decision"):
        assert ticks.monitored(asset) == Counter(keys([*windows, *windows[:2]]))
    assert ticks.settle() == []


def test_more_labels_of_one_window_leave_the_others_alone(start):
    ticks = start()
    windows = ticks.world.windows(2)
    ticks.world.land(windows)
    ticks.world.label(windows, share=0.5)
    ticks.run(ticks.settle())
    ticks.run(ticks.tick())
    ticks.world.label(windows[1:])
    assert ranges(ticks.tick()) == [("new labels", windows[1].key, windows[1].key)]


def test_a_window_without_rows_is_asked_for_once_after_its_deadline(start):
    ticks = start(n=2, deadline="6h")
    first, second = ticks.world.windows(2)
    ticks.world.land([first])
    ticks.run(ticks.settle())
    assert ticks.settle() == []
    ticks.now = second.end + 6 * HOUR
    requests = ticks.tick()
    assert ranges(requests) == [("no rows by the deadline", second.key, second.key)]
    ticks.run(requests)
    assert ticks.settle() == []
    ticks.world.land([second])
    assert ranges(ticks.settle()) == [("new rows", second.key, second.key)]


def test_windows_before_the_look_back_are_left_alone(start):
    ticks = start(n=8, look_back="3d", deadline="60h")
    windows = ticks.world.windows(8)
    ticks.world.land(windows)
    assert ranges(ticks.settle()) == [("new rows", windows[5].key, windows[7].key)]


def test_hours_are_ranges_of_hours(start):
    ticks = start(n=30, every="hour", look_back="2d", deadline="40h")
    windows = ticks.world.windows(30)
    ticks.world.land(windows[20:27])
    requests = ticks.settle()
    assert ranges(requests) == [("new rows", windows[20].key, windows[26].key)]
    ticks.run(requests)
    assert ticks.monitored() == Counter(keys(windows[20:27]))


@pytest.mark.parametrize("start_day", ["2026-03-26", "2026-10-22"])
def test_days_of_23_and_25_hours_have_neighbours(start, start_day):
    ticks = start(n=6, timezone="Europe/Berlin", start=start_day)
    windows = ticks.world.windows(6)
    assert {window.hours for window in windows} > {24.0}
    ticks.world.land(windows)
    requests = ticks.settle()
    assert ranges(requests) == [("new rows", windows[0].key, windows[5].key)]
    ticks.run(requests)
    assert ticks.monitored() == Counter(keys(windows))


def test_nothing_is_asked_for_while_history_is_monitored(start):
    ticks = start(look_back="3650d")
    ticks.now = datetime.now(UTC)
    windows = ticks.world.windows(2)
    ticks.world.land(windows)
    ticks.instance.create_run_for_job(
        ticks.windows_job,
        tags={HISTORY: "mlmon backfill", **range_tags(windows)},
        status=dg.DagsterRunStatus.STARTED,
    )
    assert ticks.settle() == []
    assert ticks.said.startswith("history is being monitored")


def test_history_that_was_killed_long_ago_holds_nothing_up(start):
    ticks = start(look_back="3650d")
    ticks.now = datetime.now(UTC) + 2 * HOUR
    ticks.instance.create_run_for_job(
        ticks.windows_job, tags={HISTORY: "mlmon backfill"}, status=dg.DagsterRunStatus.STARTED
    )
    ticks.world.land(ticks.world.windows(1))
    ticks.tick()
    assert "new rows" in {cause for cause, _, _ in ranges(ticks.tick())}
