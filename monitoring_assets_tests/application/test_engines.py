"""Models whose features stay where they are: profiled in place, judged as if they were copied."""

from datetime import timedelta

import pytest

from monitoring_assets.application.ports import RunInfo
from monitoring_assets.domain.errors import SourceError
from monitoring_assets.domain.measurement import Status
from monitoring_assets.reports.evidently import write_report
from monitoring_assets_tests.application.scenario import FIRST_DAY, Scenario, rows_of

IN_PLACE = {"engine": {"name": "arrow"}, "segments": ["plan"]}


@pytest.fixture
def both(tmp_path):
    """Return the verdicts of the same window, copied and in place."""
    found = []
    for name, changes in (("copied", {"segments": ["plan"]}), ("in place", IN_PLACE)):
        folder = tmp_path / name
        folder.mkdir()
        made = Scenario(folder, changes=changes)
        made.write(rows_of(FIRST_DAY, amount=[150.0] * 60 + [None] * 60))
        found.append(made.judge())
    return found


def test_every_check_has_the_verdict_of_copied_rows(both):
    copied, in_place = both
    assert {n: c.status for n, c in in_place.checks.items()} == {
        n: c.status for n, c in copied.checks.items()
    }
    assert in_place.checks["missing_values"].status is Status.BAD


def test_drift_is_that_of_copied_rows_within_its_bounds(both):
    copied, in_place = both
    for exact in copied.evaluations["drift_report"].measurements:
        if exact.metric != "drift" or exact.segment or exact.value is None:
            continue
        found = in_place.find("drift", exact.column)
        low = found.value if found.lower is None else found.lower
        high = found.value if found.upper is None else found.upper
        assert low - 1e-9 <= exact.value <= high + 1e-9


def test_performance_is_that_of_copied_rows(both):
    copied, in_place = both
    assert in_place.find("accuracy").value == copied.find("accuracy").value


def test_features_are_not_copied(both):
    _, in_place = both
    assert set(in_place.valid.column_names) == {
        *("at", "id", "predicted", "score", "churned", "plan")
    }


def test_features_in_use_are_no_unexpected_columns(both):
    _, in_place = both
    assert in_place.checks["schema"].status is Status.OK


def test_an_empty_window_is_not_judged(tmp_path):
    made = Scenario(tmp_path, changes=IN_PLACE)
    made.write(rows_of(FIRST_DAY))
    judged = made.judge(FIRST_DAY + timedelta(days=1))
    assert judged.checks["has_rows"].status is Status.BAD
    assert judged.checks["feature_drift"].status is Status.UNJUDGED


def test_evidentlys_report_needs_the_rows(tmp_path):
    made = Scenario(tmp_path, changes=IN_PLACE)
    made.write(rows_of(FIRST_DAY))
    made.judge()
    with pytest.raises(SourceError, match="stay where they are"):
        write_report(made.monitor, made.window())


def test_files_that_are_gone_when_the_profile_is_made_are_an_error(tmp_path):
    made = Scenario(tmp_path, changes=IN_PLACE)
    file = made.write(rows_of(FIRST_DAY))
    made.monitor.take_log(made.window(), RunInfo(run_id="r", computed_at=made.window().end))
    file.unlink()
    with pytest.raises(SourceError, match="holds no Parquet file"):
        made.monitor.take_profile(made.window())
