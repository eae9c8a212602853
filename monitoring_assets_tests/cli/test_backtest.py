"""`mlmon backtest`: the incidents on the screen, and everything as JSON.

The model of these tests is broken from the fourth day on; two bad days in a row are an incident.
"""

import json
import re

import pytest


@pytest.fixture
def replayed(folder, mlmon):
    """Yield what was printed, and the JSON."""
    answer = mlmon("backtest", "churn", "--json", "out.json")
    assert answer.code == 0
    return answer.out, json.loads((folder / "out.json").read_text(encoding="utf-8"))


def test_the_incidents_are_printed(replayed):
    out, _ = replayed
    assert re.search(r"^2026-01-05 … open +page +performance +.*accuracy", out, re.MULTILINE)
    assert re.search(r"^2026-01-05 … open +\w+ +feature_drift +distance: ", out, re.MULTILINE)


def test_the_last_line_sums_up(replayed):
    out, document = replayed
    found = len(document["incidents"])
    assert re.fullmatch(rf"6 windows, {found} incidents, [\d.]+ s", out.splitlines()[-1])


def test_json_has_the_documented_keys(replayed):
    _, document = replayed
    assert set(document) == {"model", "windows", "incidents"}
    assert document["model"] == "churn"
    window = document["windows"][0]
    assert set(window) == {"window", "start", "end", "checks", "measurements"}
    assert set(window["checks"][0]) == {"check", "kind", "status", "columns", "n", "reason"}
    measured = {"asset", "metric", "value", "lower", "upper", "n", "threshold", "status", "reason"}
    assert measured <= set(window["measurements"][0])
    assert set(document["incidents"][0]) == {
        *("model", "kind", "severity", "check", "column", "segment", "windows"),
        *("opened_window", "resolved_window", "resolution", "reason"),
    }


def test_json_holds_every_window(replayed):
    _, document = replayed
    assert [w["window"] for w in document["windows"]] == [f"2026-01-0{day}" for day in range(1, 7)]
    assert document["windows"][0]["start"] == "2026-01-01T00:00:00+00:00"


def test_json_tells_what_happened(replayed):
    _, document = replayed
    drift = next(i for i in document["incidents"] if i["kind"] == "feature_drift")
    assert (drift["opened_window"], drift["resolved_window"]) == ("2026-01-05", None)
    assert (drift["check"], drift["column"]) == ("feature_drift", "distance")


def test_a_range_can_be_named(folder, mlmon):
    out = mlmon("backtest", "churn", "--from", "2026-01-02", "--to", "2026-01-03").out
    assert "2 windows, 0 incidents" in out


def test_a_file_can_be_named(folder, mlmon):
    (folder / "models").rename(folder / "elsewhere")
    assert mlmon("backtest", "elsewhere/churn.yaml", "--to", "2026-01-01").code == 0


def test_nothing_is_left_behind(folder, mlmon):
    before = sorted(folder.rglob("*"))
    mlmon("backtest", "churn", "--to", "2026-01-02")
    assert sorted(folder.rglob("*")) == before
