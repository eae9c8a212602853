"""`mlmon profile`: by hand, and launched by Dagster Pipes."""

import os
import sys

import dagster as dg
import pytest

from monitoring_assets.application.ports import RunInfo
from monitoring_assets.composition import Workspace
from monitoring_assets.defs.launched_profile import launched_profile
from monitoring_assets.domain.errors import SourceError

WINDOW = "2026-01-02"


def use(folder, settings):
    yaml = folder / "models/churn.yaml"
    yaml.write_text(yaml.read_text() + f"  engine:\n    {settings}\n")


@pytest.fixture(params=["name: duckdb", "name: arrow", "name: local"])
def model(folder, request):
    """Yield the name of the engine of a model whose reference and log are stored."""
    use(folder, request.param)
    monitor, window = monitored()
    monitor.take_reference("v1")
    monitor.take_log(window, RunInfo(run_id="r", computed_at=window.end))
    return request.param


def monitored():
    workspace = Workspace(dict(os.environ))
    model = workspace.model("churn")
    return workspace.reading_monitor(model), model.config.cadence.windows.window(WINDOW)


def stored_rows():
    monitor, window = monitored()
    return monitor.stored_profile(window).whole.rows


def test_a_window_is_profiled_by_the_engine_of_the_model(model, mlmon):
    answer = mlmon("profile", "churn", WINDOW)
    assert answer.code == 0, answer.err
    by = {"name: local": "this process"}.get(model, model.removeprefix("name: "))
    assert f"400 rows profiled by {by}" in answer.out
    assert stored_rows() == 400


def test_without_a_log_the_message_says_what_to_do(folder, mlmon):
    answer = mlmon("profile", "churn", WINDOW)
    assert (answer.code, "materialize it first" in answer.err) == (1, True)


def test_what_is_no_window_is_named(model, mlmon):
    answer = mlmon("profile", "churn", "yesterday")
    assert (answer.code, "'yesterday' names no window" in answer.err) == (1, True)


@pytest.mark.parametrize("model", ["name: duckdb"], indirect=True)
def test_launched_by_pipes_it_reports_what_it_stored(model):
    command = (sys.executable, "-m", "monitoring_assets.cli.main")
    assert launched(command)["rows"] == 400
    assert stored_rows() == 400


@pytest.mark.parametrize("model", ["name: duckdb"], indirect=True)
@pytest.mark.parametrize(
    ("command", "message"),
    [(("false",), "did not profile the window"), (("true",), "ended without a report")],
)
def test_a_job_that_stores_nothing_is_an_error_that_says_so(model, command, message):
    with pytest.raises(SourceError, match=message):
        launched(command)


def launched(command):
    """Return what the job reported to an asset that launched it."""
    monitor, window = monitored()
    engine = monitor.config.engine.model_copy(update={"command": command})
    config = monitor.config.model_copy(update={"engine": engine})
    with dg.DagsterInstance.ephemeral() as instance:
        found = []

        @dg.asset
        def profile(context: dg.AssetExecutionContext):
            try:
                found.append(launched_profile(context, config, window))
            except SourceError as error:
                found.append(error)
            return dg.MaterializeResult()

        dg.materialize([profile], instance=instance)
    if isinstance(found[0], SourceError):
        raise found[0]
    return found[0]
