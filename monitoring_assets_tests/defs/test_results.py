"""What one run of several windows leaves in Dagster, read back from a Postgres instance."""

from collections import Counter

import dagster as dg
import pytest

from monitoring_assets.composition import Workspace
from monitoring_assets.defs.backfill import QUIET
from monitoring_assets.defs.runs import range_tags
from monitoring_assets_tests.defs.conftest import process_environment
from monitoring_assets_tests.defs.world import World

# With the batches of `mlmon`, and as Dagster is without the setting.
BATCHES = ["200", "0"]


@pytest.fixture(scope="module", params=BATCHES)
def monitored(request, database, tmp_path_factory):
    """Return a model whose first three windows were monitored, the second one drifted."""
    folder, batch = tmp_path_factory.mktemp("world"), {"DAGSTER_EVENT_BATCH_SIZE": request.param}
    with process_environment(database, folder, **batch) as environ:
        world = World(folder=folder, name=f"batch{request.param}", environ=environ).create()
        windows = world.windows(3)
        world.land(windows)
        world.land(windows[1:2], shift=60.0)
        world.label(windows)
        with dg.DagsterInstance.get() as instance:
            instance.optimize_for_webserver(statement_timeout=0, pool_recycle=99, max_overflow=20)
            runs = Runs(world, instance)
            runs.run("reference", partition_key="v1")
            runs.run("windows", partition_key=windows[0].key)
            runs.run("windows", tags=range_tags(windows[1:]))
            yield runs


class Runs:
    """The jobs of a model, and what their runs left."""

    def __init__(self, world, instance):
        self.world, self.instance, self.definitions = world, instance, world.definitions()

    def run(self, job, **how):
        job = self.definitions.resolve_job_def(f"{self.world.name}_{job}")
        return job.execute_in_process(instance=self.instance, run_config=QUIET, **how)

    @property
    def keys(self):
        graph = self.definitions.resolve_asset_graph()
        manual = {"reference_dataset", "evidently_report"}
        return [key for key in graph.get_all_asset_keys() if key.path[-1] not in manual]

    def materializations(self, key):
        return self.instance.fetch_materializations(key, limit=100).records

    def checks(self):
        checks = list(self.definitions.resolve_asset_graph().asset_check_keys)
        return self.instance.event_log_storage.get_asset_check_partition_info(checks)

    def evaluations(self, check):
        return self.instance.event_log_storage.get_asset_check_execution_history(check, limit=100)


def test_every_window_has_one_materialization_of_every_asset(monitored):
    windows = Counter(window.key for window in monitored.world.windows(3))
    assert len(monitored.keys) == 7
    for key in monitored.keys:
        assert Counter(r.partition_key for r in monitored.materializations(key)) == windows


def test_every_window_has_one_current_evaluation_of_every_check(monitored):
    windows = [window.key for window in monitored.world.windows(3)]
    checks = monitored.checks()
    expected = Counter({(c, key): 1 for c in {c.check_key for c in checks} for key in windows})
    assert len(expected) == 14 * 3
    assert Counter((c.check_key, c.partition_key) for c in checks) == expected
    assert all(check.is_current for check in checks)
    assert {len(monitored.evaluations(c.check_key)) for c in checks} == {3}


def test_an_evaluation_says_what_was_found_in_its_own_window(monitored):
    check = dg.AssetCheckKey(dg.AssetKey([monitored.world.name, "drift_report"]), "feature_drift")
    found = {
        record.partition: record.event.dagster_event.event_specific_data
        for record in monitored.evaluations(check)
    }
    first, second, third = (found[window.key] for window in monitored.world.windows(3))
    assert (first.passed, second.passed, third.passed) == (True, False, True)
    assert second.description.startswith("distance: ")
    assert first.description is None


def test_numbers_in_dagster_are_the_stored_ones(monitored):
    stored = {
        (row.asset, row.window.key, label(m), m.value)
        for row in Workspace(monitored.world.settings).measurements.rows(monitored.world.name)
        for m in [row.measurement]
        if not (m.segment or m.version) and m.value is not None
    }
    shown = {
        (key.path[-1], record.partition_key, name, value.value)
        for key in monitored.keys
        for record in monitored.materializations(key)
        for name, value in record.asset_materialization.metadata.items()
        if isinstance(value, dg.FloatMetadataValue)
    }
    assert len(shown) > 50
    assert shown <= stored


def label(measurement):
    is_pair = measurement.metric == "correlation_change"
    return f"{measurement.metric} {'' if is_pair else measurement.column}".strip()


def test_nothing_is_pickled(monitored):
    files = [file for file in monitored.world.home.rglob("*") if file.is_file()]
    assert len(files) > 5
    assert [file for file in files if file.read_bytes()[:2] in {b"\x80\x04", b"\x80\x05"}] == []
