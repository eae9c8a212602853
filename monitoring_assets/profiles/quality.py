"""What quality checks count, answered from profiles.

Counts beyond the reference's range and fences are exact, because these are edges of the grid.
What follows from a count belongs to `evaluation.quality`.
"""

from dataclasses import dataclass

import numpy as np

from monitoring_assets.profiles.grid import Grid
from monitoring_assets.profiles.layout import Categories, Layout
from monitoring_assets.profiles.profile import CategoryProfile, CoMoments, NumericProfile
from monitoring_assets.stats.samples import Floats

# Below this share of its column's variance, a column is constant in the rows that a pair has in
# common; what is left is rounding.
_CONSTANT = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class NumericQuality:
    """How many values of a numeric column are unusual.

    Attributes:
        n: Finite values.
        missing: Rows without a value.
        infinite: Rows with -∞ or +∞.
        out_of_range: Values below the reference's smallest or above its largest.
        outliers: Values beyond the reference's fences.
        is_constant: Whether there are values, and all are the same.
    """

    n: int
    missing: int
    infinite: int
    out_of_range: int
    outliers: int
    is_constant: bool


def numeric_quality(grid: Grid, profile: NumericProfile) -> NumericQuality:
    """Return how many values are unusual; without a usual range none is."""
    usual = grid.usual
    return NumericQuality(
        n=profile.n,
        missing=profile.missing,
        infinite=profile.infinite,
        out_of_range=0 if usual is None else outside(grid, profile, usual.low, usual.high),
        outliers=0 if usual is None else outside(grid, profile, usual.fence_low, usual.fence_high),
        is_constant=profile.low == profile.high,
    )


def outside(grid: Grid, profile: NumericProfile, low: float, high: float) -> int:
    """Return how many values are below `low` or above `high`.

    `low` and the float after `high` must be edges of the grid; infinite limits exclude nothing.
    """
    first, last = np.searchsorted(grid.edges, [low, np.nextafter(high, np.inf)], "right")
    return profile.n - int(profile.counts[first:last].sum())


def quantile(grid: Grid, profile: NumericProfile, share: float) -> float:
    """Return a quantile, at most a bin's width wrong; NaN without values."""
    if not profile.n:
        return np.nan
    ends = np.clip(np.concatenate([[-np.inf], grid.edges, [np.inf]]), profile.low, profile.high)
    below = np.concatenate([[0.0], np.cumsum(profile.counts)]) / profile.n
    rising = np.flatnonzero(np.append(True, np.diff(below) > 0))
    return float(np.interp(share, below[rising], ends[rising]))


def unseen(known: Categories, profile: CategoryProfile) -> int | None:
    """Return the rows with a category that the reference has not; None if that is not known."""
    if not known.is_complete:
        return None
    return int(profile.new.counts.sum()) + profile.other


def correlations(layout: Layout, moments: CoMoments) -> Floats:
    """Return Pearson's correlations of each pair's common rows, NaN where undefined, `(k, k)`.

    A column whose spread is that of rounding about the reference's mean is constant.
    """
    centres = np.array([layout.grids[name].centre for name in layout.correlated])
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        means = moments.sums / moments.rows
        squares = moments.squares / moments.rows
        variances = squares - means**2
        noise = np.maximum(_CONSTANT * squares, (4 * np.spacing(np.abs(centres)))[:, None] ** 2)
        variances[variances <= noise] = np.nan
        covariances = moments.products / moments.rows - means * means.T
        found: Floats = covariances / np.sqrt(variances * variances.T)
    return np.clip(found, -1.0, 1.0)
