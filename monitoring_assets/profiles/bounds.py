"""Distances of two numeric profiles with certified bounds.

Of every bin of the grid the count and the sum are known, not the values. Each function returns
the smallest and the largest distance that any values with these counts and sums can have, so the
distance of the rows lies between them (to rounding, 1e-12 relative). F and G are the
distribution functions of the reference and of the current values.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from monitoring_assets.profiles.grid import Grid
from monitoring_assets.profiles.profile import NumericProfile
from monitoring_assets.stats.distances import EMPTY_SHARE
from monitoring_assets.stats.samples import Floats

_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded:
    """A statistic that is known to lie between two values.

    Attributes:
        value: The best estimate.
        low: The smallest value that it can have.
        high: The largest value that it can have.
    """

    value: float
    low: float
    high: float

    @classmethod
    def exactly(cls, value: float) -> "Bounded":
        """Return a statistic that is known."""
        return cls(value=value, low=value, high=value)

    def mapped(self, function: Callable[[float], float]) -> "Bounded":
        """Return a monotone function of the statistic."""
        at = {point: function(point) for point in {self.low, self.value, self.high}}
        ends = at[self.low], at[self.high]
        return Bounded(value=at[self.value], low=min(ends), high=max(ends))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Steps:
    """What is known of F and G in each of b bins; all have the shape `(b,)`.

    Attributes:
        widths: The widths of the bins; 0 where there are no values on either side.
        gap: F - G at the lower ends.
        f_rise: How much F rises in the bin.
        g_rise: How much G rises in the bin.
        areas: The integral of F - G over each bin, exactly.
    """

    widths: Floats
    gap: Floats
    f_rise: Floats
    g_rise: Floats
    areas: Floats


def steps(grid: Grid, reference: NumericProfile, current: NumericProfile) -> Steps:
    """Return F and G of two profiles, neither without values."""
    ends = borders(grid, reference, current)
    widths, top = np.diff(ends), ends[1:] - grid.centre
    f_counts, g_counts = reference.counts.astype(np.float64), current.counts.astype(np.float64)
    n, m = float(reference.n), float(current.n)
    f_rise, g_rise = f_counts / n, g_counts / m
    gap = np.zeros(len(ends))
    np.cumsum(
        f_counts * m - g_counts * n, out=gap[1:]
    )  # whole numbers, so that equal F and G meet
    gap = gap[:-1] / (n * m)
    areas = _area_of_rise(reference, f_counts, f_rise, n, widths, top)
    areas -= _area_of_rise(current, g_counts, g_rise, m, widths, top)
    areas += gap * widths
    return Steps(widths=widths, gap=gap, f_rise=f_rise, g_rise=g_rise, areas=areas)


def borders(grid: Grid, *profiles: NumericProfile) -> Floats:
    """Return the ends of all bins, no further out than the values are, shape `(bins + 1,)`."""
    low, high = min(p.low for p in profiles), max(p.high for p in profiles)
    found: Floats = np.clip(np.concatenate([[-np.inf], grid.edges, [np.inf]]), low, high)
    return found


def _area_of_rise(
    profile: NumericProfile, counts: Floats, rise: Floats, n: float, widths: Floats, top: Floats
) -> Floats:
    """Return the area under the rise of a distribution function in each bin."""
    area = counts * top
    area -= profile.sums
    area /= n
    np.maximum(area, 0.0, out=area)  # in half the time of np.clip
    return np.minimum(area, rise * widths, out=area)


def wasserstein(step: Steps) -> Bounded:
    """Return the integral of |F - G|, in the unit of the values.

    In a bin it is at least |∫(F - G)|, which is known, and that much where F and G do not cross;
    at most 2 ∫(F - G)⁺ - ∫(F - G), and the same with F and G exchanged.
    """
    least = np.abs(step.areas)
    low, high = float(least.sum()), float(_most(step).sum())
    slack = _ROUNDING / 100 * float(step.widths.sum())
    return Bounded(value=low, low=max(low - slack, 0.0), high=max(high, low) + slack)


def _most(step: Steps) -> Floats:
    """Return the largest ∫|F - G| of each bin."""
    twice = 2 * step.widths
    f_above = np.maximum(step.gap + step.f_rise, 0.0) * twice - step.areas
    g_above = np.maximum(step.g_rise - step.gap, 0.0) * twice + step.areas
    return np.maximum(np.minimum(f_above, g_above), np.abs(step.areas))


def energy(step: Steps) -> Bounded:
    """Return the energy distance √(2 ∫(F - G)²).

    In a bin the integral is at least (∫(F - G))²/width, and at most max|F - G| ∫|F - G|.
    """
    wide = step.widths > 0
    least = step.areas[wide] ** 2 / step.widths[wide]
    most = _largest_gap(step) * _most(step)
    low, high = float(least.sum()), float(most.sum())
    return Bounded(value=low, low=low, high=max(high, low)).mapped(
        lambda integral: float(np.sqrt(2 * integral))
    )


def _largest_gap(step: Steps) -> Floats:
    gap: Floats = np.maximum(step.gap + step.f_rise, step.g_rise - step.gap)
    return gap


def kolmogorov_smirnov(grid: Grid, step: Steps) -> Bounded:
    """Return the largest |F - G|.

    It is known at all ends of bins. Within a bin it can be larger only where both rise.
    """
    at_ends = float(np.abs(step.gap).max())
    both = (step.f_rise > 0) & (step.g_rise > 0)
    both[1:-1] &= np.nextafter(grid.edges[:-1], np.inf) < grid.edges[1:]
    both &= step.widths > 0
    inside = float(_largest_gap(step)[both].max(initial=0.0))
    return Bounded(value=at_ends, low=at_ends, high=max(at_ends, inside))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shares:
    """The shares of some bins as far as they are known, shape `(b,)`."""

    value: Floats
    low: Floats
    high: Floats
    n: int


def shares(grid: Grid, profile: NumericProfile, edges: Floats) -> Shares:
    """Return the shares between `edges`, half-open; the first and last bin hold all beyond.

    Exact at edges that are edges of the grid or values of a column with few of them, and where a
    bin of the grid holds one value: its sum is the value.
    """
    inner = edges[1:-1]
    value, low, high = _few_below(profile, inner) or _below(grid, profile, inner)
    n = profile.n
    value, low, high = (np.concatenate([[0], below, [n]]) for below in (value, low, high))
    least = np.maximum(low[1:] - high[:-1], 0)
    return Shares(value=np.diff(value) / n, low=least / n, high=(high[1:] - low[:-1]) / n, n=n)


def _few_below(profile: NumericProfile, points: Floats) -> tuple[Floats, Floats, Floats] | None:
    if profile.few is None:
        return None
    values = np.array(sorted(profile.few))
    running = np.cumsum([0, *(profile.few[value] for value in values.tolist())])
    below = running[np.searchsorted(values, points)].astype(np.float64)
    return below, below, below


def _below(grid: Grid, profile: NumericProfile, points: Floats) -> tuple[Floats, Floats, Floats]:
    """Return how many values are below each point: estimated, at least, at most.

    Of c values in a bin from a to b with sum s, k below p and the others not, s is at least
    k a + (c - k) p and at most k p + (c - k) b.
    """
    ends = borders(grid, profile)
    bins = np.searchsorted(grid.edges, points, "right")
    a, b = ends[bins] - grid.centre, ends[bins + 1] - grid.centre
    p = np.clip(points - grid.centre, a, b)
    count, total = profile.counts[bins].astype(np.float64), profile.sums[bins]
    slack = 1e-9 * count
    with np.errstate(divide="ignore", invalid="ignore"):
        least = np.ceil((count * p - total) / (p - a) - slack)
        most = np.floor((count * b - total) / (b - p) + slack)
        guess = count * (p - a) / (b - a)
    least = np.clip(np.where(p > a, least, 0.0), 0, count)
    most = np.clip(np.where(p > a, np.where(b > p, most, count), 0.0), least, count)
    running = np.concatenate([[0], np.cumsum(profile.counts)])[bins]
    return running + np.clip(np.nan_to_num(guess), least, most), running + least, running + most


Term = Callable[[Floats, Floats], Floats]


def divergence(term: Term, p: Shares, q: Shares) -> Bounded:
    """Return the sum of a term over bins whose shares are known within limits.

    The term must be 0 for equal shares and grow with their distance in either direction, as the
    terms of all f-divergences do. So in a bin it is smallest at the closest shares and largest at
    the farthest ones.
    """
    nearest_p = np.clip(q.low, p.low, p.high)
    nearest_q = np.clip(nearest_p, q.low, q.high)
    low = term(nearest_p, nearest_q).sum()
    high = np.maximum(term(p.low, q.high), term(p.high, q.low)).sum()
    value = term(p.value, q.value).sum()
    slack = _ROUNDING * (1 + abs(float(high)))
    return Bounded(
        value=float(np.clip(value, low, high)),
        low=max(float(low) - slack, 0.0) if low > 0 else 0.0,
        high=float(high) + slack if high > 0 else 0.0,
    )


def jensen_shannon_term(p: Floats, q: Floats) -> Floats:
    """Return twice the bin's part of the Jensen-Shannon divergence."""
    middle = (p + q) / 2
    return relative_entropy(p, middle) + relative_entropy(q, middle)


def relative_entropy(p: Floats, q: Floats) -> Floats:
    """Return p ln(p/q), 0 where p is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(p > 0, p * np.log(p / q), 0.0)


def kl_term(p: Floats, q: Floats) -> Floats:
    """Return p ln(p/q) - p + q, whose sum over all bins is the Kullback-Leibler divergence."""
    return relative_entropy(p, q) - p + q


def psi_term(p: Floats, q: Floats) -> Floats:
    """Return the bin's part of the population stability index."""
    term: Floats = (p - q) * np.log(p / q)
    return term


def total_variation_term(p: Floats, q: Floats) -> Floats:
    """Return the bin's part of the total variation distance."""
    term: Floats = np.abs(p - q) / 2
    return term


def hellinger_term(p: Floats, q: Floats) -> Floats:
    """Return twice the bin's part of the squared Hellinger distance."""
    term: Floats = (np.sqrt(p) - np.sqrt(q)) ** 2
    return term


def filled(found: Shares) -> Shares:
    """Return shares without zeros, as `stats.distances` fills them for logarithms."""
    empty = _empty_share(found)
    unsure = np.where(found.high > 0, min(empty.low, 1 / found.n), empty.low)
    return Shares(
        value=np.where(found.value > 0, found.value, empty.value),
        low=np.where(found.low > 0, found.low, unsure),
        high=np.where(found.low > 0, found.high, np.maximum(found.high, empty.high)),
        n=found.n,
    )


def filled_and_normalised(found: Shares) -> Shares:
    """Return shares without zeros over their sum, which is 1 and what was filled in."""
    empty, full = _empty_share(found), filled(found)
    least = 1 + np.count_nonzero(found.high == 0) * empty.low
    most = 1 + np.count_nonzero(found.low == 0) * empty.high
    return Shares(
        value=full.value / full.value.sum(),
        low=full.low / most,
        high=full.high / least,
        n=found.n,
    )


def _empty_share(found: Shares) -> Bounded:
    """Return what an empty bin counts as: a constant, or far below a smallest share under it."""
    is_sure = found.low > 0
    least = 1 / found.n if (found.high[~is_sure] > 0).any() else float(found.low[is_sure].min())
    most = float(found.high[is_sure].min(initial=1.0))
    return Bounded(
        value=_filling(float(found.value[found.value > 0].min())),
        low=least / 1e6 if least <= EMPTY_SHARE else EMPTY_SHARE,
        high=most / 1e6 if most <= EMPTY_SHARE else EMPTY_SHARE,
    )


def _filling(smallest: float) -> float:
    return smallest / 1e6 if smallest <= EMPTY_SHARE else EMPTY_SHARE
