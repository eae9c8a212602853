"""The profiles of numeric columns, from one aggregate query over all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitoring_assets.engines.cells import Cells, Lookup, exact, whole
from monitoring_assets.engines.rows import PART, Rows, is_finite
from monitoring_assets.profiles.columns import Counts, view
from monitoring_assets.profiles.grid import Grid
from monitoring_assets.profiles.layout import Layout
from monitoring_assets.profiles.profile import FEW
from monitoring_assets.stats.samples import Floats

_MOST_PARTS = 1000  # of one column; there are at most 101


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How many rows a part has, and how many of them have a number.

    Attributes:
        rows: Rows of the part.
        numbers: Rows with a number, finite or not, by column.
    """

    rows: int
    numbers: Mapping[str, int]


def totals_query(rows: Rows) -> Any:
    """Return the query for the totals of all parts."""
    counts = {short: rows.table[short].count() for short in rows.numeric.values()}
    return rows.aggregated(rows.table, rows=rows.table.count(), **counts)


def totals(rows: Rows) -> dict[int, Totals]:
    """Ask for the totals of every part that has rows."""
    return {
        found[PART]: Totals(
            rows=found["rows"],
            numbers={name: found[short] for name, short in rows.numeric.items()},
        )
        for found in totals_query(rows).to_pyarrow().to_pylist()
        if found["rows"]
    }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bins:
    """The filled bins of one column in one part.

    Attributes:
        negative_infinite: Rows with -∞.
        positive_infinite: Rows with +∞.
        counts: Finite values by bin of the grid, shape `(bins,)`.
        sums: Sums of (value - centre) by bin, shape `(bins,)`.
        low: Smallest finite value, +∞ if there is none.
        high: Largest finite value, -∞ if there is none.
        atoms: The value and the count of each filled bin that holds one value only.
    """

    negative_infinite: int
    positive_infinite: int
    counts: Counts
    sums: Floats
    low: float
    high: float
    atoms: Mapping[float, int]

    @property
    def mean(self) -> float:
        """Return the mean of (value - centre), 0 without values."""
        return float(self.sums.sum()) / max(self.n, 1)

    @property
    def n(self) -> int:
        """Return the number of finite values."""
        return int(self.counts.sum())

    @property
    def infinite(self) -> int:
        """Return the number of infinite values."""
        return self.negative_infinite + self.positive_infinite

    @property
    def filled(self) -> int:
        """Return how many bins hold values."""
        return int(np.count_nonzero(self.counts))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GridLookup:
    """How a grid is looked up in SQL.

    Attributes:
        cells: Its cells.
        table: Its lookup as an Ibis table.
    """

    cells: Cells
    table: Any

    @classmethod
    def of(cls, grid: Grid) -> "GridLookup":
        """Return the lookup for a grid; an engine takes it in once for many windows."""
        import ibis

        cells = Cells.of(grid)
        lookup = Lookup.of(grid, cells)
        columns = {
            "cell": pa.array(lookup.cells.astype(np.int32)),
            "bin": pa.array(lookup.bins.astype(np.int32)),
            "lower": pa.array(lookup.low),
            "upper": pa.array(lookup.high, from_pandas=True),  # NaN becomes null
        }
        return cls(cells=cells, table=ibis.memtable(pa.table(columns)))


Lookups = Mapping[str, GridLookup]


def lookups_of(layout: Layout) -> Lookups:
    """Return the lookups of all grids, a table each: Spark would scan one of all for each grid."""
    return {name: GridLookup.of(grid) for name, grid in layout.grids.items()}


def bins_query(rows: Rows, layout: Layout, lookups: Lookups) -> Any:
    """Return the query for the filled bins of all columns and parts.

    One branch of a union for each column: none of them reads another's values.
    """
    import ibis

    branches = [
        _branch(rows, rows.numeric[name], grid, lookups[name], k)
        for k, (name, grid) in enumerate(layout.grids.items())
    ]
    return ibis.union(*branches) if len(branches) > 1 else branches[0]


def _branch(rows: Rows, short: str, grid: Grid, lookup: GridLookup, number: int) -> Any:
    values = rows.table.select(PART, x=rows.table[short])
    values = values.filter(values.x.notnull())
    values = values.mutate(cell=lookup.cells.expression(values.x))
    found = values.join(lookup.table, "cell")
    found = found.filter(found.x >= found.lower, (found.x < found.upper) | found.upper.isnull())
    x = found.x
    return rows.aggregated(
        found,
        "bin",
        n=found.count(),
        total=(x - exact(grid.centre)).sum(),
        low=x.min(),
        high=x.max(),
    ).mutate(grid=whole(number))


def bins(rows: Rows, layout: Layout, lookups: Lookups) -> dict[tuple[int, str], Bins]:
    """Ask for the bins of every part and column."""
    if not layout.grids:
        return {}
    found = bins_query(rows, layout, lookups).to_pyarrow()
    columns = {name: view(found.column(name).combine_chunks()) for name in found.column_names}
    owners = columns["grid"].astype(np.int64) * _MOST_PARTS + columns[PART]
    order = np.argsort(owners, kind="stable")
    columns = {name: values[order] for name, values in columns.items()}
    owners = owners[order]
    answer = {}
    for k, (name, grid) in enumerate(layout.grids.items()):
        for part in rows.parts:
            owner = k * _MOST_PARTS + part
            start, end = np.searchsorted(owners, [owner, owner + 1])
            own = {column: values[start:end] for column, values in columns.items()}
            answer[part, name] = _bins(own, grid)
    return answer


def _bins(found: Mapping[str, NDArray[Any]], grid: Grid) -> Bins:
    counts, sums = np.zeros(grid.bins + 2, dtype=np.int64), np.zeros(grid.bins)
    counts[found["bin"]] = found["n"]
    finite = (found["bin"] > 0) & (found["bin"] <= grid.bins)
    found = {name: values[finite] for name, values in found.items()}
    sums[found["bin"] - 1] = found["total"]
    low, high = found["low"] + 0.0, found["high"] + 0.0  # -0.0 becomes 0.0
    single = low == high
    return Bins(
        negative_infinite=int(counts[0]),
        positive_infinite=int(counts[-1]),
        counts=counts[1:-1],
        sums=sums,
        low=float(low.min(initial=np.inf)),
        high=float(high.max(initial=-np.inf)),
        atoms=dict(zip(low[single].tolist(), found["n"][single].tolist(), strict=True)),
    )


# -- few values ----------------------------------------------------------------------------------


def few_query(rows: Rows, column: str) -> Any:
    """Return the query for the distinct values of a column, of each part a few more than kept."""
    import ibis

    x = rows.table[rows.numeric[column]]
    values = rows.table.filter(is_finite(x)).select(PART, x=x)
    counted = rows.aggregated(values, "x", n=values.count())
    place = ibis.row_number().over(ibis.window(group_by=counted[PART], order_by=counted.x))
    return counted.mutate(place=place).filter(lambda t: t.place <= FEW).drop("place")


def few_values(
    rows: Rows, bins: Mapping[tuple[int, str], Bins]
) -> dict[tuple[int, str], Mapping[float, int] | None]:
    """Return the distinct values of every part and column, None if they are too many.

    Atoms of the reference have bins of their own, so the bins tell in most cases.
    """
    few = {key: _few_of(found) for key, found in bins.items()}
    unknown = {column for (_, column), found in bins.items() if _is_unknown(found)}
    for column in unknown:
        asked = few_query(rows, column).to_pyarrow().to_pylist()
        for part in rows.parts:
            if _is_unknown(bins[part, column]):
                own = {one["x"] + 0.0: one["n"] for one in asked if one[PART] == part}
                few[part, column] = own if len(own) <= FEW else None
    return few


def _few_of(found: Bins) -> Mapping[float, int] | None:
    return found.atoms if len(found.atoms) == found.filled <= FEW else None


def _is_unknown(found: Bins) -> bool:
    """Return whether there may be few values although a bin holds several."""
    return len(found.atoms) < found.filled <= FEW
