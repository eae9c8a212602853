"""`mlmon compare`: from the fourth day on, distances of the model are twice as long."""

import json
import os

import pytest

from monitoring_assets.application.ports import RunInfo
from monitoring_assets.composition import Workspace


@pytest.fixture
def profiled(folder):
    """Store the profiles of all six days."""
    workspace = Workspace(dict(os.environ))
    monitor = workspace.reading_monitor(workspace.model("churn"))
    monitor.take_reference("v1")
    for day in range(1, 7):
        window = monitor.config.cadence.windows.window(f"2026-01-0{day}")
        monitor.take_log(window, RunInfo(run_id="r", computed_at=window.end))
        monitor.take_profile(window)


def columns(answer):
    return {one["column"]: one for one in json.loads(answer.out)["columns"]}


def test_a_window_is_compared_with_the_reference(profiled, mlmon):
    lines = mlmon("compare", "churn", "2026-01-05").out.splitlines()
    assert lines[0] == "400 rows compared with 4,000"
    assert lines[1].split()[:2] == ["distance", "wasserstein"]
    assert "  drift" in lines[1]
    assert "  no drift" in lines[2]


def test_windows_are_added_up(profiled, mlmon):
    answer = mlmon("compare", "churn", "2026-01-04..2026-01-06", "--json")
    assert json.loads(answer.out)["rows"] == 1200


@pytest.mark.parametrize(
    ("baseline", "rows", "verdict"),
    [
        ("2026-01-01..2026-01-03", 1200, "drift"),
        ("trailing:1", 400, "no drift"),
        ("trailing:9", 2000, "drift"),
        ("reference:v1", 4000, "drift"),
    ],
)
def test_the_baseline_can_be_chosen(profiled, mlmon, baseline, rows, verdict):
    answer = mlmon("compare", "churn", "2026-01-06", "--with", baseline, "--json")
    assert json.loads(answer.out)["baseline_rows"] == rows
    assert columns(answer)["distance"]["verdict"] == verdict


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["2026-01-09"], "profile of 2026-01-09 is not there yet"),
        (["yesterday"], "'yesterday' names no window"),
        (["2026-01-01", "--with", "trailing:2"], "no window before 2026-01-01"),
        (["2026-01-05", "--with", "trailing:many"], "write how many, such as trailing:28"),
        (["2026-01-05", "--with", "reference:v9"], "version 'v9'"),
        (["2026-01-05", "--segment", "plan"], "write COLUMN=VALUE"),
        (["2026-01-05", "--segment", "plan=gold"], "no rows of plan=gold"),
    ],
)
def test_a_mistake_is_explained(profiled, mlmon, arguments, message):
    answer = mlmon("compare", "churn", *arguments)
    assert answer.code == 1
    assert message in answer.err


def test_windows_that_were_not_monitored_are_named(folder, mlmon):
    answer = mlmon("compare", "churn", "2026-01-05")
    assert (answer.code, "materialize" in answer.err) == (1, True)
