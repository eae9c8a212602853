import math

import numpy as np
import pyarrow as pa
import pytest

from monitoring_assets.domain.measurement import Measurement, Status
from monitoring_assets.evaluation.quality import CHECKS, measure_quality
from monitoring_assets_tests.evaluation.models import day, model, profile, reference, table

N = 1000


def quality(
    rows: pa.Table, config=None, known: pa.Table | None = None, received: int | None = None
) -> dict[tuple[str, str], Measurement]:
    config = config or model()
    n = rows.num_rows if received is None else received
    against = reference(config, known)
    found = measure_quality(profile(rows, against).whole, against, day(config), n)
    return {(m.metric, m.column): m for m in found}


def with_first(values: np.ndarray | pa.Array, n: int, value: object) -> list:
    return [value] * n + pa.array(values).to_pylist()[n:]


def x_with(n: int, value: object) -> pa.Table:
    rows = table(N)
    return table(N, x=with_first(rows["x"].combine_chunks(), n, value))


@pytest.mark.parametrize(("n", "status"), [(49, Status.OK), (50, Status.OK), (51, Status.BAD)])
def test_missing_values_may_exceed_the_references_by_a_limit(n, status):
    assert quality(x_with(n, None))["missing_share", "x"].status is status


def test_missing_values_are_compared_with_the_references():
    known = table(2000, x=with_first(np.zeros(2000), 1000, None))
    found = quality(x_with(520, None), known=known)["missing_share", "x"]
    assert (found.status, found.threshold) == (Status.OK, pytest.approx(0.55))


def test_a_feature_may_have_a_limit_of_its_own():
    config = model(features={"x": {"type": "numeric", "max_missing": 0.5}})
    assert quality(x_with(300, None), config)["missing_share", "x"].status is Status.OK


def test_missing_categories_are_missing_values():
    rows = table(N, c=with_first(table(N)["c"].combine_chunks(), 60, None))
    assert quality(rows)["missing_share", "c"].status is Status.BAD


@pytest.mark.parametrize("n", [1, 2])
def test_infinite_numbers_may_hardly_occur(n):
    found = quality(x_with(n, math.inf))["infinite_share", "x"]
    assert found.status is (Status.OK if n == 1 else Status.BAD)


@pytest.mark.parametrize(("n", "status"), [(9, Status.OK), (10, Status.OK), (11, Status.BAD)])
def test_numbers_outside_the_references_range_may_be_few(n, status):
    known = table(2000, x=np.linspace(-10, 10, 2000))
    assert quality(x_with(n, 11.0), known=known)["out_of_range_share", "x"].status is status


def test_the_ends_of_the_references_range_lie_within():
    known = table(2000, x=np.linspace(-10, 10, 2000))
    found = quality(x_with(500, 10.0), known=known)["out_of_range_share", "x"]
    assert found.value == 0


def test_outliers_may_exceed_the_references_by_a_limit():
    known = table(2000, x=np.linspace(-10, 10, 2000))  # fences at -20 and 20
    found = quality(x_with(51, 25.0), known=known)["outlier_share", "x"]
    assert (found.value, found.status) == (0.051, Status.BAD)
    assert quality(x_with(50, 25.0), known=known)["outlier_share", "x"].status is Status.OK


@pytest.mark.parametrize(("n", "status"), [(9, Status.OK), (10, Status.OK), (11, Status.BAD)])
def test_categories_that_the_reference_lacks_may_be_few(n, status):
    rows = table(N, c=with_first(table(N)["c"].combine_chunks(), n, "new"))
    assert quality(rows)["unseen_category_share", "c"].status is status


def test_unseen_categories_are_named_the_largest_first():
    values = ["p"] * 5 + ["q"] * 20 + ["r"] * 10 + ["s"] * 2 + ["a"] * (N - 37)
    reason = quality(table(N, c=values))["unseen_category_share", "c"].reason
    assert reason == ("c: 3.7% of values are unseen in the reference: 'q', 'r', 'p' and 1 more")


def test_a_column_that_varied_before_may_not_be_constant():
    assert quality(x_with(N, 1.0))["is_constant", "x"].status is Status.BAD
    assert quality(table(N, c=["a"] * N))["is_constant", "c"].status is Status.BAD


def test_a_column_that_was_constant_before_may_be_constant():
    known = table(2000, x=np.ones(2000), c=["a"] * 2000)
    found = quality(table(N, x=np.ones(N), c=["a"] * N), known=known)
    assert found["is_constant", "x"].status is Status.OK
    assert found["is_constant", "c"].status is Status.OK


@pytest.mark.parametrize(
    ("received", "status"),
    [
        (499, Status.BAD),
        (500, Status.OK),
        (1000, Status.OK),
        (2000, Status.OK),
        (2001, Status.BAD),
    ],
)
def test_the_volume_may_be_between_half_and_twice_the_usual(received, status):
    config = model(quality={"expected_rows": 1000})
    assert quality(table(N), config, received=received)["volume_ratio", ""].status is status


def test_the_volume_counts_rows_that_were_set_aside():
    config = model(quality={"expected_rows": 1000})
    volume = quality(table(100), config, received=1000)["volume_ratio", ""]
    assert (volume.value, volume.n) == (1.0, 1000)


def test_an_unknown_volume_is_told_and_not_judged():
    volume = quality(table(N))["volume_ratio", ""]
    assert (volume.status, volume.value) == (Status.INFO, None)


def test_no_rows_at_all_are_no_matter_of_volume():
    config = model(quality={"expected_rows": 1000})
    assert quality(table(0), config)["volume_ratio", ""].status is Status.UNJUDGED


def test_an_empty_window_leaves_every_check_unjudged():
    config = model(quality={"expected_rows": 1000})
    found = measure_quality(profile(table(0)).whole, reference(config), day(config), 0)
    assert {m.check for m in found} == set(CHECKS)
    assert {m.status for m in found} == {Status.UNJUDGED}


def test_too_few_rows_leave_every_column_unjudged():
    found = quality(table(29))
    assert {m.status for m in found.values() if m.column} == {Status.UNJUDGED}


def test_enough_rows_are_judged():
    found = quality(table(30))
    assert Status.UNJUDGED not in {m.status for m in found.values() if m.column}


def test_a_column_without_values_leaves_the_others_judged():
    found = quality(x_with(N, None))
    assert found["out_of_range_share", "x"].status is Status.UNJUDGED
    assert found["is_constant", "x"].status is Status.UNJUDGED
    assert found["out_of_range_share", "y"].status is Status.OK


def test_a_column_without_values_in_the_reference_has_no_range():
    known = table(2000, x=pa.nulls(2000, pa.float64()))
    found = quality(table(N), known=known)["out_of_range_share", "x"]
    assert (found.status, found.reason) == (Status.UNJUDGED, "x has no value in the reference")
