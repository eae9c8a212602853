"""The lookup of a grid names exactly one bin for every number."""

import numpy as np
import pytest

from monitoring_assets.engines.cells import LARGEST, Cells, Lookup
from monitoring_assets.profiles.grid import Grid
from monitoring_assets.profiles.layout import layout_of
from monitoring_assets_tests.profiles.cases import DISTRIBUTIONS, numbers

TINY = np.nextafter(0, 1)
EDGES = {
    "none": [],
    "one": [1.0],
    "neighbouring floats": [1.0, np.nextafter(1.0, 2)],
    "around zero": [-TINY, 0.0, TINY],
    "as far as floats go": [-LARGEST, 0.0, LARGEST],
    "of all sizes": [-1e300, -1.0, -1e-300, 0.0, 1e-300, 1e-9, 1.0, 1e9, 1e300],
}
VALUES = [-np.inf, -LARGEST, -1.0, -TINY, -0.0, 0.0, TINY, 1.0, 1.5, LARGEST, np.inf]


def bins_of(values, grid):
    """Return for each value the bins that the lookup finds, counted from that of -∞."""
    cells = Cells.of(grid)
    lookup = Lookup.of(grid, cells)
    return [
        lookup.bins[
            (lookup.cells == cell)
            & (x >= lookup.low)
            & ((x < lookup.high) | np.isnan(lookup.high))
        ].tolist()
        for x, cell in zip(values, cells.numbers(values), strict=True)
    ]


def expected(values, grid):
    bins = np.searchsorted(grid.edges, values, "right") + 1
    bins[values == -np.inf], bins[values == np.inf] = 0, grid.bins + 1
    return [[found] for found in bins.tolist()]


@pytest.mark.parametrize("name", EDGES)
def test_each_number_is_in_one_bin_of_any_edges(name):
    grid = Grid(edges=np.array(EDGES[name]), centre=0.0, usual=None)
    near = [np.nextafter(e, to) for e in EDGES[name] for to in (-np.inf, e, np.inf)]
    values = np.array([*VALUES, *near])
    assert bins_of(values, grid) == expected(values, grid)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_each_number_is_in_one_bin_of_a_reference(name):
    rng = np.random.default_rng(0)
    grid = layout_of(numbers(DISTRIBUTIONS[name](rng, 0.0)), ["x"], []).grids["x"]
    values = DISTRIBUTIONS[name](rng, 0.3)[:300]
    assert bins_of(values, grid) == expected(values, grid)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_few_bins_are_looked_at(name):
    rng = np.random.default_rng(0)
    values = DISTRIBUTIONS[name](rng, 0.0)
    grid = layout_of(numbers(values), ["x"], []).grids["x"]
    cells = Cells.of(grid)
    reach = np.bincount(Lookup.of(grid, cells).cells + 1)
    assert reach[cells.numbers(values) + 1].mean() < 6


def test_values_of_very_different_sizes_get_pieces():
    values = np.random.default_rng(0).standard_cauchy(3000)
    assert Cells.of(layout_of(numbers(values), ["x"], []).grids["x"]).pieces == 16
