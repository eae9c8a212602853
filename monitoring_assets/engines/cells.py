"""Which bin of a grid a number is in, in a form that SQL engines find fast and exactly.

SQL has no binary search. So a number is first given to a cell by arithmetic, a lookup names the
few bins that reach into the cell, and comparing with their edges decides. Cells have one width,
or one in each of several pieces where values of very different sizes would share a cell. A join on
the cell meets about three bins a row: DuckDB takes 0.1 s of CPU for 1,000,000 rows.
"""

from dataclasses import dataclass
from math import log2
from typing import Any

import numpy as np

from monitoring_assets.profiles.columns import Counts
from monitoring_assets.profiles.grid import Grid
from monitoring_assets.stats.samples import Floats

LARGEST = 1.7976931348623157e308
_PIECES = (1, 4, 16)
_CELLS_PER_EDGE = 2
_BINS_PER_COMPARISON = 2  # that an engine looks at in the time of finding half of the pieces


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """The cells of one grid; -1 lies below all edges, the last one above them.

    Attributes:
        knots: Where pieces begin, and where the last one ends: some of the edges.
        scales: Cells per unit in each piece, 0 where a piece is one cell.
        size: Cells of a piece.
    """

    knots: Floats
    scales: Floats
    size: int

    @classmethod
    def of(cls, grid: Grid) -> "Cells":
        """Return the cells for a grid, in as few pieces as its edges allow."""
        choices = [cls._in_pieces(grid.edges, pieces) for pieces in _PIECES]
        return min(choices, key=lambda cells: cells.cost(grid.edges))

    def cost(self, edges: Floats) -> float:
        """Return how long an engine takes for a row, in bins that it looks at.

        Half of the edges are quantiles, so they stand for the rows.
        """
        cells = self.numbers(edges) + 1
        bins = float(np.bincount(cells)[cells].mean()) if len(cells) else 0.0
        return bins + _BINS_PER_COMPARISON * log2(max(self.pieces, 1))

    @classmethod
    def _in_pieces(cls, edges: Floats, pieces: int) -> "Cells":
        step = max(-(-(len(edges) - 1) // pieces), 1)
        knots = np.append(edges[:-1:step], edges[-1:])
        size = _CELLS_PER_EDGE * step
        with np.errstate(over="ignore", divide="ignore"):
            scales = size / np.diff(knots)
        # Pieces wider than the largest float, or narrower than the smallest.
        return cls(knots=knots, scales=np.where(np.isfinite(scales), scales, 0.0), size=size)

    @property
    def pieces(self) -> int:
        """Return the number of pieces."""
        return len(self.scales)

    def numbers(self, values: Floats) -> Counts:
        """Return the cell of each value; `expression` does the same operations in SQL."""
        cells = np.full(len(values), -1)
        if not len(self.knots):
            return cells
        piece = np.searchsorted(self.knots, values, "right") - 1
        cells[piece >= self.pieces] = self.pieces * self.size
        inside = (piece >= 0) & (piece < self.pieces)
        p, x = piece[inside], values[inside]
        with np.errstate(over="ignore"):
            place = np.where(self.scales[p] > 0, (x - self.knots[p]) * self.scales[p], 0.0)
        cells[inside] = p * self.size + np.floor(place).astype(np.int64)
        return cells

    def expression(self, x: Any) -> Any:
        """Return the cell of a finite number as an Ibis expression."""
        leaves = [whole(-1), *(self._inside(x, p) for p in range(self.pieces))]
        leaves += [whole(self.pieces * self.size)] if len(self.knots) else []
        return _search(x, self.knots.tolist(), leaves)

    def _inside(self, x: Any, piece: int) -> Any:
        first, scale = piece * self.size, float(self.scales[piece])
        if scale == 0:
            return whole(first)
        place = (x - exact(float(self.knots[piece]))) * exact(scale)
        return place.floor().cast("int32") + whole(first)


def exact(value: float) -> Any:
    """Return a number as an Ibis literal of the very same bits.

    By its text: the number itself would be written as a decimal of 17 digits, which engines
    round twice on its way to a float.
    """
    import ibis

    return ibis.literal(repr(value)).cast("float64")


def whole(value: int) -> Any:
    """Return a whole number as an Ibis literal of 32 bits."""
    import ibis

    return ibis.literal(value, "int32")


def _search(x: Any, knots: list[float], leaves: list[Any]) -> Any:
    """Return the leaf of the piece that x lies in, by nested comparisons; one leaf more."""
    if not knots:
        return leaves[0]
    middle = len(knots) // 2
    below = _search(x, knots[:middle], leaves[: middle + 1])
    above = _search(x, knots[middle + 1 :], leaves[middle + 1 :])
    return (x < exact(knots[middle])).ifelse(below, above)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lookup:
    """Which bins reach into which cells, shape `(n,)` each.

    Bin 0 holds -∞ and the last one +∞; those of the grid begin at 1.

    Attributes:
        cells: The cell.
        bins: A bin that reaches into it.
        low: The bin's lower edge, which it holds.
        high: The bin's upper edge, which it does not hold, NaN where there is none.
    """

    cells: Counts
    bins: Counts
    low: Floats
    high: Floats

    @classmethod
    def of(cls, grid: Grid, cells: Cells) -> "Lookup":
        """Return the lookup for a grid and its cells."""
        edges = np.concatenate([[-LARGEST], grid.edges, [np.inf]])
        low, high = np.append(-np.inf, edges), np.append(edges, np.nan)
        first = cells.numbers(low)
        with np.errstate(over="ignore"):
            before = np.nextafter(edges, -np.inf)
        last = cells.numbers(np.append(before, np.inf))
        reach = last - first + 1
        bins = np.repeat(np.arange(len(low)), reach)
        steps = np.arange(len(bins)) - np.repeat(np.cumsum(reach) - reach, reach)
        return cls(cells=first[bins] + steps, bins=bins, low=low[bins], high=high[bins])
