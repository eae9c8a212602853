"""Sums of squares and products of numbers about known centres.

A pair of columns counts the rows in which both have a value. Where every row of a column has one,
that is what the other column has anyway; so only columns with gaps need sums for each pair: 20
complete columns take 230 aggregates, and 20 with gaps 1,180.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitoring_assets.engines.cells import exact
from monitoring_assets.engines.numeric import Bins, Totals
from monitoring_assets.engines.rows import PART, Rows, is_finite
from monitoring_assets.profiles.layout import Layout
from monitoring_assets.profiles.profile import CoMoments
from monitoring_assets.stats.samples import Floats

# More aggregates in one query are slower in Spark, which then gives up compiling them.
_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moments:
    """What the moments of one window are about.

    Attributes:
        layout: The centres, and which columns are correlated.
        totals: How many values there are, by part.
        bins: The means, by part and column.
    """

    layout: Layout
    totals: Mapping[int, Totals]
    bins: Mapping[tuple[int, str], Bins]

    def queries(self, rows: Rows) -> Iterator[Any]:
        """Yield queries for everything that is not known yet, by part."""
        centred = self._centred(rows)
        wanted = {**self._squares(centred), **self._pairs(centred)}
        names = list(wanted)
        for start in range(0, len(names), _AT_ONCE):
            some = {name: wanted[name] for name in names[start : start + _AT_ONCE]}
            yield rows.aggregated(centred, **some)

    def _centred(self, rows: Rows) -> Any:
        """Return the finite values minus the centres of the grids, all others null."""
        import ibis

        columns = {}
        for name, short in rows.numeric.items():
            x = rows.table[short]
            value = x - exact(self.layout.grids[name].centre)
            columns[short] = is_finite(x).ifelse(value, ibis.null("float64"))
        return rows.table.select(PART, **columns)

    def _squares(self, centred: Any) -> dict[str, Any]:
        """Return the sums of each column minus its mean in its part, and of their squares."""
        wanted = {}
        for k, name in enumerate(self.layout.grids):
            x = centred[f"number_{k}"] - self._mean(centred[PART], name)
            wanted[f"rests_{k}"] = x.sum()
            wanted[f"squares_{k}"] = _square(x).sum()
        return wanted

    def _mean(self, part: Any, name: str) -> Any:
        import ibis

        means = {p: self.bins[p, name].mean for p in self.totals}
        if len(means) <= 1:
            return exact(next(iter(means.values()), 0.0))
        return ibis.cases(*((part == p, exact(mean)) for p, mean in means.items()))

    def _pairs(self, centred: Any) -> dict[str, Any]:
        names = self.layout.correlated
        columns = {name: centred[f"number_{k}"] for k, name in enumerate(self.layout.grids)}
        gaps = self._columns_with_gaps()
        wanted = {}
        for i, first in enumerate(names):
            x = columns[first]
            for j, second in enumerate(names):
                y = columns[second]
                if j >= i:
                    wanted[f"products_{i}_{j}"] = (x * y).sum()
                if j != i and second in gaps:
                    wanted[f"rows_{i}_{j}"] = x.count(where=y.notnull())
                    wanted[f"sums_{i}_{j}"] = x.sum(where=y.notnull())
                    wanted[f"squares_{i}_{j}"] = _square(x).sum(where=y.notnull())
        return wanted

    def _columns_with_gaps(self) -> set[str]:
        return {
            name
            for part, found in self.totals.items()
            for name in self.layout.correlated
            if self.bins[part, name].n < found.rows
        }

    def squares(self, part: int, name: str, found: Mapping[str, float]) -> float:
        """Return the sum of squares of a column about its own mean in one part.

        Less what the rounding of the mean added (the corrected two-pass algorithm of Chan, Golub
        and LeVeque 1983), since engines add up less carefully than NumPy.
        """
        k = list(self.layout.grids).index(name)
        rest, n = found[f"rests_{k}"], self.bins[part, name].n
        return max(found[f"squares_{k}"] - rest * rest / max(n, 1), 0.0)

    def comoments(self, part: int, found: Mapping[str, float]) -> CoMoments:
        """Return the co-moments of one part from what the queries found."""
        names = self.layout.correlated
        own = [self.bins[part, name] for name in names]
        k = range(len(names))

        def square(of: str, alone: Sequence[float]) -> Floats:
            return _matrix([[found.get(f"{of}_{i}_{j}", alone[i]) for j in k] for i in k])

        products = [[found[f"products_{min(i, j)}_{max(i, j)}"] for j in k] for i in k]
        return CoMoments(
            rows=square("rows", [float(one.n) for one in own]),
            sums=square("sums", [float(one.sums.sum()) for one in own]),
            squares=square("squares", [products[i][i] for i in k]),
            products=_matrix(products),
        )


def _square(x: Any) -> Any:
    return x * x


def _matrix(rows: Sequence[Sequence[float]]) -> Floats:
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(rows))


def moments_of(rows: Rows, moments: Moments) -> dict[int, dict[str, float]]:
    """Ask for the moments of every part that has rows; sums of no value are 0."""
    answer: dict[int, dict[str, float]] = {part: {} for part in moments.totals}
    for query in moments.queries(rows):
        for found in query.to_pyarrow().to_pylist():
            part = found.pop(PART)
            answer[part].update({name: value or 0.0 for name, value in found.items()})
    return answer
