from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring_assets.application.comparison import (
    compare_profiles,
    profiles_of_reference,
    profiles_of_windows,
)
from monitoring_assets.application.ports import RunInfo
from monitoring_assets.domain.errors import SourceError
from monitoring_assets.profiles.comparison import Verdict
from monitoring_assets.profiles.segments import WHOLE
from monitoring_assets_tests.application.scenario import FIRST_DAY, Scenario, rows_of

DAYS = [FIRST_DAY + timedelta(days=k) for k in range(4)]


@pytest.fixture
def made(tmp_path):
    """Return a model with four profiled days; on the last one amounts of plan pro are doubled."""
    made = Scenario(tmp_path, changes={"segments": ["plan"]})
    for day in DAYS:
        rows = rows_of(day)
        if day == DAYS[-1]:
            is_pro = rows["plan"].to_numpy() == "pro"
            amounts = rows["amount"].to_numpy() * (1 + is_pro)
            rows = rows.set_column(rows.column_names.index("amount"), "amount", pa.array(amounts))
        made.write(rows, day)
        run = RunInfo(run_id="r", computed_at=made.window(day).end)
        made.monitor.take_log(made.window(day), run)
        made.monitor.take_profile(made.window(day))
    return made


def windows(made, *days):
    return profiles_of_windows(made.monitor, [made.window(day) for day in days])


def test_windows_are_added_up(made):
    both, one = windows(made, *DAYS[:2]), windows(made, DAYS[0])
    assert both.whole.rows == 240
    assert both.segments["plan", "pro"].rows > one.segments["plan", "pro"].rows


def test_the_column_that_moved_most_comes_first(made):
    found = compare_profiles(made.monitor, windows(made, DAYS[3]), windows(made, *DAYS[:3]), WHOLE)
    assert found[0].column == "amount"
    assert {one.column for one in found} == {"amount", "age", "plan", "score"}


def test_a_segment_may_have_moved_alone(made):
    now, before = windows(made, DAYS[3]), windows(made, *DAYS[:3])
    by_plan = {
        plan: next(
            one.found.verdict(one.limit)
            for one in compare_profiles(made.monitor, now, before, ("plan", plan))
            if one.column == "amount"
        )
        for plan in ("pro", "basic")
    }
    assert by_plan == {"pro": Verdict.DRIFT, "basic": Verdict.NO_DRIFT}


def test_the_limit_is_that_of_the_yaml(made):
    found = compare_profiles(made.monitor, windows(made, DAYS[0]), windows(made, DAYS[1]), WHOLE)
    assert {one.limit for one in found} == {0.5}


def test_a_window_is_compared_with_the_reference_as_its_drift_report_says(made):
    reference = profiles_of_reference(made.monitor, "v1")
    found = compare_profiles(made.monitor, windows(made, DAYS[0]), reference, WHOLE)
    exact = made.monitor.stored_profile(made.window(DAYS[0])).exact.values
    for one in found:
        low, high = one.found.found.low, one.found.found.high
        assert low - 1e-9 <= exact[one.column].value <= high + 1e-9


def test_another_version_is_put_on_the_grid_of_the_active_one(tmp_path):
    versions = {name: {"path": "reference.parquet"} for name in ("v1", "v2")}
    made = Scenario(tmp_path, changes={"reference": {"active": "v1", "versions": versions}})
    made.monitor.take_reference("v2")
    one, other = (profiles_of_reference(made.monitor, name) for name in ("v1", "v2"))
    assert one.whole.layout == other.whole.layout
    found = compare_profiles(made.monitor, one, other, WHOLE)
    assert [column.found.found.value for column in found] == pytest.approx([0] * 4, abs=1e-9)


def test_a_segment_without_rows_is_an_error_that_names_those_there_are(made):
    with pytest.raises(SourceError, match=r"no rows of plan=gold; kept are: .*plan=pro"):
        compare_profiles(
            made.monitor, windows(made, DAYS[0]), windows(made, DAYS[1]), ("plan", "gold")
        )


def test_a_window_that_was_not_monitored_is_an_error(made):
    with pytest.raises(SourceError, match="churn/profile of 2026-03-07 is not there yet"):
        windows(made, FIRST_DAY + timedelta(days=5))


def test_a_profile_of_another_reference_is_an_error_that_says_what_to_do(made):
    pq.write_table(rows_of(DAYS[0], 400), made.folder / "reference.parquet")
    made.monitor.take_reference("v1")
    with pytest.raises(SourceError, match="made for another reference: materialize it again"):
        windows(made, DAYS[0])
