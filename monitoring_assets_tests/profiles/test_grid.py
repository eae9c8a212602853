import numpy as np
import pytest

from monitoring_assets.profiles.grid import grid_of
from monitoring_assets.stats.samples import NumericSample
from monitoring_assets_tests.profiles.cases import DISTRIBUTIONS


def grid(values):
    return grid_of(NumericSample.of(np.asarray(values, dtype=float)))


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_edges_ascend_and_hold_the_range_and_the_fences(name):
    made = grid(DISTRIBUTIONS[name](np.random.default_rng(1), 0.0))
    assert (np.diff(made.edges) > 0).all()
    assert np.isfinite(made.edges).all()
    usual = made.usual
    borders = [usual.low, np.nextafter(usual.high, np.inf)]
    borders += [usual.fence_low, np.nextafter(usual.fence_high, np.inf)]
    assert np.isin(borders, made.edges).all()


@pytest.mark.parametrize("name", ["zero-inflated", "capped", "small integers", "boolean"])
def test_a_heavy_value_has_a_bin_of_its_own(name):
    values = DISTRIBUTIONS[name](np.random.default_rng(1), 0.0)
    heavy, counts = np.unique(values, return_counts=True)
    for value in heavy[counts > 20]:
        assert np.isin([value, np.nextafter(value, np.inf)], grid(values).edges).all()


def test_no_bin_holds_more_than_a_two_thousandth_of_the_reference():
    values = np.random.default_rng(1).standard_cauchy(50_000)
    made = grid(values)
    counts = np.diff(np.searchsorted(np.sort(values), made.edges))
    assert counts.max() <= np.ceil(len(values) / 2047)
    assert made.bins < 4200


@pytest.mark.parametrize(
    "values", [[], [np.nan], [5.0], [0.0, -0.0], [1e308, -1e308], [1e-320, 0]]
)
def test_any_reference_has_a_grid(values):
    made = grid(values)
    assert np.isfinite(made.centre)
    assert made.bins == len(made.edges) + 1
