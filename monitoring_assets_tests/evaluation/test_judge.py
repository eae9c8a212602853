import pytest

from monitoring_assets.domain.measurement import Kind, Measurement, Status
from monitoring_assets.evaluation.judge import at_most, unjudged_if


def share(value: float | None, n: int = 100, reason: str = "") -> Measurement:
    return Measurement(
        metric="missing_share", kind=Kind.QUALITY, column="age", value=value, n=n, reason=reason
    )


@pytest.mark.parametrize(
    ("value", "status"), [(0.04, Status.OK), (0.05, Status.OK), (0.06, Status.BAD)]
)
def test_a_number_may_be_as_large_as_its_limit(value, status):
    judged = at_most(share(value), 0.05, min_rows=30)
    assert (judged.status, judged.threshold, judged.value) == (status, 0.05, value)


@pytest.mark.parametrize(
    ("n", "status"), [(29, Status.UNJUDGED), (30, Status.BAD), (31, Status.BAD)]
)
def test_too_few_rows_are_not_judged(n, status):
    assert at_most(share(1.0, n), 0.05, min_rows=30).status is status


def test_what_is_bad_says_by_how_much():
    assert at_most(share(0.5), 0.05, min_rows=1).reason == ("age: missing_share 0.5 is above 0.05")


def test_what_is_not_judged_has_no_limit_and_says_why():
    judged = at_most(share(0.5, n=3), 0.05, min_rows=30)
    assert (judged.threshold, judged.reason) == (None, "3 rows are fewer than min_rows 30")


def test_a_number_that_could_not_be_computed_is_not_judged():
    judged = at_most(share(None, reason="no value"), 0.05, min_rows=30)
    assert (judged.status, judged.reason) == (Status.UNJUDGED, "no value")


def test_distrust_takes_back_verdicts_and_leaves_mere_numbers():
    told = share(0.1)
    judged = at_most(share(0.1), 0.05, min_rows=1)
    assert [m.status for m in unjudged_if("half is lost", [told, judged])] == [
        Status.INFO,
        Status.UNJUDGED,
    ]


def test_without_a_reason_verdicts_stay():
    judged = at_most(share(0.1), 0.05, min_rows=1)
    assert unjudged_if("", [judged]) == (judged,)
