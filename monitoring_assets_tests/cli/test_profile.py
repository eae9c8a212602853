"""`mlmon profile`: by hand, and launched by Dagster Pipes."""

import os
import sys

import dagster as dg
import pytest

from monitoring_assets.composition import Workspace

WINDOW = "2026-01-02"


@pytest.fixture
def model(folder):
    """Yield the folder of a model whose reference is stored."""
    yaml = folder / "models/churn.yaml"
    yaml.write_text(yaml.read_text() + "  engine:\n    name: duckdb\n")
    workspace = Workspace(dict(os.environ))
    workspace.reading_monitor(workspace.model("churn")).take_reference("v1")
    return folder


def stored_rows():
    workspace = Workspace(dict(os.environ))
    found = workspace.model("churn")
    window = found.config.cadence.windows.window(WINDOW)
    return workspace.reading_monitor(found).stored_profile(window).whole.rows


def test_a_window_is_profiled_by_the_engine_of_the_model(model, mlmon):
    answer = mlmon("profile", "churn", WINDOW)
    assert answer.code == 0, answer.err
    assert "400 rows profiled by duckdb over" in answer.out
    assert stored_rows() == 400


def test_without_a_reference_the_message_says_what_to_do(folder, mlmon):
    answer = mlmon("profile", "churn", WINDOW)
    assert answer.code == 1
    assert "materialize its partition 'v1' first" in answer.err


def test_what_is_no_window_is_named(model, mlmon):
    answer = mlmon("profile", "churn", "yesterday")
    assert (answer.code, "'yesterday' names no window" in answer.err) == (1, True)


def test_launched_by_pipes_it_reports_the_materialization(model):
    @dg.asset(partitions_def=dg.StaticPartitionsDefinition([WINDOW]))
    def profile(context: dg.AssetExecutionContext, pipes: dg.PipesSubprocessClient):
        command = [sys.executable, "-m", "monitoring_assets.cli.main", "profile", "churn"]
        command.append(context.partition_key)
        return pipes.run(context=context, command=command).get_results()

    done = dg.materialize(
        [profile], resources={"pipes": dg.PipesSubprocessClient()}, partition_key=WINDOW
    )
    (event,) = done.asset_materializations_for_node("profile")
    assert event.metadata["rows"].value == 400
    assert event.metadata["engine"].value.startswith("duckdb over ")
    assert stored_rows() == 400
