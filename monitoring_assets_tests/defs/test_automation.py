"""What the automation condition asks for, and above all what it does not."""

from datetime import timedelta

import dagster as dg
import pytest

from monitoring_assets.defs.backfill import QUIET
from monitoring_assets.defs.model import windows_job_name
from monitoring_assets.defs.runs import HISTORY, range_tags

DERIVED = {
    "labels",
    "profile",
    "quality_results",
    "drift_report",
    "performance_metrics",
    "alert_decision",
}


class Automation:
    """A model, its instance, and evaluations that carry their cursor."""

    def __init__(self, world, instance, now):
        self.world, self.instance, self.now, self.cursor = world, instance, now, None
        self.definitions = world.definitions()
        self.run("reference", partition_key="v1")

    def run(self, job, assets=None, **how):
        selection = assets and [dg.AssetKey([self.world.name, asset]) for asset in assets]
        job = self.definitions.resolve_job_def(f"{self.world.name}_{job}")
        return job.execute_in_process(
            instance=self.instance,
            run_config=QUIET,
            asset_selection=selection,
            raise_on_error=False,
            **how,
        ).success

    def monitor(self, windows, assets=None, **tags):
        return self.run("windows", assets, tags={**range_tags(windows), **tags})

    def asks_for(self):
        """Evaluate once; return the windows asked for by asset."""
        self.now += timedelta(minutes=1)
        result = dg.evaluate_automation_conditions(
            defs=self.definitions,
            instance=self.instance,
            evaluation_time=self.now,
            cursor=self.cursor,
        )
        self.cursor = result.cursor
        asked = {
            asset: set(result.get_requested_partitions(dg.AssetKey([self.world.name, asset])))
            for asset in DERIVED
        }
        return {asset: windows for asset, windows in asked.items() if windows}


@pytest.fixture
def begin(make_world):
    """Return what makes a model with `n` windows that landed, of which none is monitored."""
    with dg.DagsterInstance.ephemeral() as instance:

        def begin(n=2, **settings):
            world = make_world(rows=60, **settings)
            windows = world.windows(n)
            world.land(windows)
            return Automation(world, instance, windows[-1].end), windows

        yield begin


def everything(windows, assets=DERIVED):
    return {asset: {window.key for window in windows} for asset in assets}


def test_gaps_from_before_the_first_evaluation_are_filled_once(begin):
    automation, windows = begin()
    automation.monitor(windows, ["prediction_log"])
    assert automation.asks_for() == everything(windows)
    automation.monitor(windows, DERIVED)
    assert [automation.asks_for() for _ in range(2)] == [{}, {}]


def test_nothing_is_asked_for_while_a_run_is_at_it(begin):
    automation, windows = begin()
    automation.monitor(windows, ["prediction_log"])
    job = automation.definitions.resolve_job_def(windows_job_name(automation.world.name))
    automation.instance.create_run_for_job(
        job, tags=range_tags(windows), status=dg.DagsterRunStatus.STARTED
    )
    assert automation.asks_for() == {}


def test_a_window_without_its_log_is_left_to_the_arrivals_sensor(begin):
    automation, _windows = begin()
    assert automation.asks_for() == {}


@pytest.mark.parametrize("tags", [{}, {HISTORY: "mlmon backfill"}])
@pytest.mark.parametrize("is_evaluated_before", [True, False])
def test_nothing_is_asked_for_after_a_run_of_whole_windows(begin, tags, is_evaluated_before):
    automation, windows = begin()
    if is_evaluated_before:
        assert automation.asks_for() == {}
    automation.monitor(windows, **tags)
    assert [automation.asks_for() for _ in range(3)] == [{}, {}, {}]
    automation.monitor(windows, **tags)
    assert [automation.asks_for() for _ in range(3)] == [{}, {}, {}]


def test_nothing_is_asked_for_after_a_run_of_late_labels(begin):
    automation, windows = begin()
    automation.monitor(windows)
    automation.asks_for()
    automation.world.label(windows)
    automation.monitor(windows[:1], ["labels", "performance_metrics", "alert_decision"])
    assert [automation.asks_for() for _ in range(2)] == [{}, {}]


def test_a_log_that_was_materialized_again_asks_for_what_follows(begin):
    automation, windows = begin()
    automation.monitor(windows)
    automation.asks_for()
    automation.monitor(windows[1:2], ["prediction_log"])
    assert automation.asks_for() == everything(windows[1:2])
    automation.monitor(windows[1:2], DERIVED)
    assert [automation.asks_for() for _ in range(2)] == [{}, {}]


def test_labels_that_were_materialized_again_ask_for_what_follows(begin):
    automation, windows = begin()
    automation.monitor(windows)
    automation.asks_for()
    automation.monitor(windows[1:2], ["labels"])
    followers = {"performance_metrics", "alert_decision"}
    assert automation.asks_for() == everything(windows[1:2], followers)


def test_a_window_that_failed_is_not_asked_for_in_a_loop(begin):
    automation, windows = begin(n=1)
    automation.monitor(windows, ["prediction_log"])
    automation.asks_for()
    (log,) = automation.world.home.rglob("prediction_log/*.parquet")
    log.unlink()
    assert not automation.monitor(windows, DERIVED)
    assert [automation.asks_for() for _ in range(3)] == [{}, {}, {}]
    automation.monitor(windows, ["prediction_log"])
    assert automation.asks_for() == everything(windows)


def test_windows_before_the_look_back_are_left_alone(begin):
    automation, windows = begin(n=6, look_back="3d", deadline="60h")
    automation.monitor(windows, ["prediction_log"])
    assert automation.asks_for() == everything(windows[3:])
    automation.monitor(windows[3:], DERIVED)
    automation.monitor(windows[:1], ["prediction_log"])
    assert automation.asks_for() == {}


def test_windows_that_were_judged_keep_their_reference(begin):
    automation, windows = begin()
    automation.monitor(windows)
    automation.asks_for()
    automation.run("reference", partition_key="v1")
    assert automation.asks_for() == {}


def test_hours_are_followed_too(begin):
    automation, windows = begin(every="hour", look_back="2d", deadline="40h")
    automation.monitor(windows, ["prediction_log"])
    assert automation.asks_for() == everything(windows)
