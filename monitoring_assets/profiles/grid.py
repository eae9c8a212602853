"""On which bins the values of a numeric column are counted.

A grid is made once, from the reference; all windows are counted on it, so that their counts can
be added and compared. Which columns have a grid belongs to `profiles.layout`.
"""

from dataclasses import dataclass

import numpy as np

from monitoring_assets.stats.samples import Floats, NumericSample

BINS = 4096
# Up to this many distinct values, each value has a bin of its own.
MOST_ATOMS = BINS // 4


@dataclass(frozen=True, slots=True, kw_only=True)
class UsualRange:
    """Where the values of the reference lie.

    Attributes:
        low: Smallest value.
        high: Largest value.
        fence_low: First quartile minus 1.5 interquartile ranges (Tukey 1977).
        fence_high: Third quartile plus 1.5 interquartile ranges.
    """

    low: float
    high: float
    fence_low: float
    fence_high: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """The bins of one column: below `edges[0]`, between two edges, from `edges[-1]` on.

    A bin holds its lower edge and not its upper one. A single heavy value, an atom, is the bin
    between itself and the next larger float, so that its count is exact.

    Attributes:
        edges: Ascending and finite, shape `(bins - 1,)`; empty where the reference has no value.
        centre: About the reference's mean; sums are taken of values minus this.
        usual: Where the reference lies, None where it has no value; its borders are edges.
    """

    edges: Floats
    centre: float
    usual: UsualRange | None

    @property
    def bins(self) -> int:
        """Return the number of bins."""
        return len(self.edges) + 1


def grid_of(reference: NumericSample, bins: int = BINS) -> Grid:
    """Return the grid for a column, made of about `bins` bins.

    Half of the edges are quantiles, which bounds the share of every bin (for K-S and shares);
    half are equal steps of asinh((x - median) / interquartile range), which bounds the width of
    bins where the rare values of a heavy tail lie (for distances).
    """
    values = reference.values
    if not reference.n:
        return Grid(edges=np.empty(0), centre=0.0, usual=None)
    usual = usual_range(reference)
    atoms = np.append(_atoms(values, bins), [usual.high, usual.fence_high])
    ranks = np.linspace(0, reference.n - 1, bins // 2).astype(np.int64)
    edges = np.concatenate(
        [
            atoms,
            np.nextafter(atoms, np.inf),
            [usual.low, usual.fence_low],
            values[ranks],
            _asinh_steps(values, bins // 2),
        ]
    )
    edges = np.unique(edges[np.isfinite(edges)]) + 0.0
    return Grid(edges=edges, centre=_mean(values), usual=usual)


def usual_range(reference: NumericSample) -> UsualRange:
    """Return where a sample that is not empty lies."""
    values = reference.values
    with np.errstate(over="ignore"):
        q1, q3 = np.quantile(values, [0.25, 0.75])
        return UsualRange(
            low=float(values[0]),
            high=float(values[-1]),
            fence_low=float(q1 - 1.5 * (q3 - q1)),
            fence_high=float(q3 + 1.5 * (q3 - q1)),
        )


def _mean(values: Floats) -> float:
    with np.errstate(over="ignore"):
        mean = float(np.mean(values))
    return mean if np.isfinite(mean) else float(values[len(values) // 2])


def _atoms(values: Floats, bins: int) -> Floats:
    """Return the values that are at least as heavy as a bin, or all if they are few."""
    starts = np.flatnonzero(np.append(True, values[1:] != values[:-1]))
    counts = np.diff(starts, append=len(values))
    if len(starts) <= MOST_ATOMS:
        return values[starts]
    return values[starts[counts > max(1, 2 * len(values) // bins)]]


def _asinh_steps(values: Floats, steps: int) -> Floats:
    """Return values at equal steps of asinh, from the smallest to the largest value."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        q1, middle, q3 = np.quantile(values, [0.25, 0.5, 0.75])
        scale = q3 - q1 if q3 > q1 else np.std(values)
        first, last = np.arcsinh((values[[0, -1]] - middle) / scale)
        found: Floats = middle + scale * np.sinh(np.linspace(first, last, steps))
    return np.clip(found[np.isfinite(found)], values[0], values[-1])
