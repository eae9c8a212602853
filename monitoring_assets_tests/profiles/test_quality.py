import numpy as np
import pyarrow as pa
import pytest

from monitoring_assets.profiles.building import profile_of
from monitoring_assets.profiles.layout import layout_of
from monitoring_assets.profiles.quality import (
    NumericQuality,
    numeric_quality,
    quantile,
    unseen,
)
from monitoring_assets_tests.profiles.cases import DISTRIBUTIONS, pair


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_range_and_fences_are_counted_exactly(name):
    reference = DISTRIBUTIONS[name](np.random.default_rng(1), 0.0)
    current = DISTRIBUTIONS[name](np.random.default_rng(2), 1.0)
    layout, _, c = pair(reference, current)
    q1, q3 = np.quantile(reference, [0.25, 0.75])
    low, high = q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)
    assert numeric_quality(layout.grids["x"], c.numeric["x"]) == NumericQuality(
        n=len(current),
        missing=0,
        infinite=0,
        out_of_range=int(((current < reference.min()) | (current > reference.max())).sum()),
        outliers=int(((current < low) | (current > high)).sum()),
        is_constant=name == "constant",
    )


@pytest.mark.parametrize("name", ["normal", "cauchy", "rounded", "zero-inflated"])
def test_quantiles_are_wrong_by_less_than_a_bin(name):
    drawn = DISTRIBUTIONS[name](np.random.default_rng(1), 0.0)
    layout, r, _ = pair(drawn, drawn)
    for share in (0.0, 0.01, 0.5, 0.9, 1.0):
        found = quantile(layout.grids["x"], r.numeric["x"], share)
        near = np.quantile(drawn, [max(share - 1e-3, 0), min(share + 1e-3, 1)])
        assert near[0] - 1e-2 <= found <= near[1] + 1e-2


def test_a_reference_without_values_makes_nothing_unusual():
    layout, _, c = pair([np.nan], [1.0, np.inf])
    found = numeric_quality(layout.grids["x"], c.numeric["x"])
    assert (found.out_of_range, found.outliers, found.infinite) == (0, 0, 1)


def test_columns_that_are_not_correlated_cost_no_comoments():
    table = pa.table({"x": [1.0, 2.0], "y": [2.0, 3.0]})
    layout = layout_of(table, ["x", "y"], [], correlated=["y"])
    assert profile_of(table, layout).comoments.rows.shape == (1, 1)


def test_unseen_categories_are_counted_where_all_of_the_reference_are_known():
    table = pa.table({"c": ["a", "b", "b"]})
    current = pa.table({"c": ["a", "new", "newer", "new"]})
    for most, expected in ((10, 3), (1, None)):
        layout = layout_of(table, [], ["c"], most_categories=most)
        profile = profile_of(current, layout).categorical["c"]
        assert unseen(layout.categories["c"], profile) == expected
