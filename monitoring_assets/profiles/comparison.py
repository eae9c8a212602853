"""How far one profile is from another, by the methods of `metrics.drift_methods`.

What can be known exactly from profiles is; everything else comes with certified bounds, and a
verdict only where both bounds agree on it. The definitions, and so the thresholds, are those of
`metrics.drift_methods`; `undecided` asks for the rows.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from monitoring_assets.metrics.drift_methods import (
    DRIFT_METHODS,
    FEWEST_NUMBERS,
    LARGEST_TESTED_REFERENCE,
    DriftMethod,
    drift,
)
from monitoring_assets.profiles import bounds
from monitoring_assets.profiles.bounds import Bounded, Shares
from monitoring_assets.profiles.columns import int_array
from monitoring_assets.profiles.grid import Grid
from monitoring_assets.profiles.layout import Categories, Layout
from monitoring_assets.profiles.profile import (
    FEW,
    CategoryProfile,
    NumericProfile,
    Profile,
    below_border,
)
from monitoring_assets.stats.binning import FEW_VALUES, sturges_edges
from monitoring_assets.stats.location import t_test_of_moments
from monitoring_assets.stats.samples import CategorySample, Floats, HashedCounts
from monitoring_assets.stats.two_sample import kolmogorov_smirnov_p_value

# The square of a difference must be a normal double.
_NARROWEST, _WIDEST = 1e-150, 1e150
# Of the distance from the centre; a sum is precise to 1e-16 of it.
_RESOLUTION = 1e-6


class Verdict(StrEnum):
    """What the bounds of a distance or p-value say."""

    DRIFT = "drift"
    NO_DRIFT = "no drift"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How far a column of one profile is from the same column of another.

    Attributes:
        method: The method that was used.
        found: A distance or p-value with its bounds, None where there is none.
        n: The values of the current profile that it rests on.
        reason: Why there is none, empty where there is one.
    """

    method: DriftMethod
    found: Bounded | None
    n: int
    reason: str = ""

    def verdict(self, threshold: float | None = None) -> Verdict:
        """Return whether it is drift at a limit, the method's own by default."""
        limit = self.method.limit(threshold)
        if self.found is None:
            return Verdict.UNDECIDED
        ends = {self.method.is_drift(end, limit) for end in (self.found.low, self.found.high)}
        if len(ends) > 1:
            return Verdict.UNDECIDED
        return Verdict.DRIFT if ends.pop() else Verdict.NO_DRIFT


def compare(
    layout: Layout, reference: Profile, current: Profile, column: str, method: str = "evidently"
) -> Comparison:
    """Return how far a column of `current` is from that of `reference`.

    Args:
        layout: The layout of both.
        reference: The profile that is compared with.
        current: The profile that is judged.
        column: A column of the layout.
        method: A name of `DRIFT_METHODS`, or `evidently` for its default choice.

    Raises:
        ValueError: If a profile is made on another layout.
    """
    if not layout.key == reference.layout == current.layout:
        raise ValueError(
            "profiles of different layouts cannot be compared: profile the rows again"
        )
    if column in layout.grids:
        return _compare_numbers(
            layout.grids[column], reference.numeric[column], current.numeric[column], method
        )
    return _compare_categories(
        reference.categorical[column],
        current.categorical[column],
        layout.categories[column],
        method,
    )


def _unknown(method: DriftMethod, n: int, reason: str) -> Comparison:
    return Comparison(method=method, found=None, n=n, reason=reason)


# ── numbers ─────────────────────────────────────────────────────────────────────────────────────


def _compare_numbers(
    grid: Grid, reference: NumericProfile, current: NumericProfile, method: str
) -> Comparison:
    chosen = _chosen_for_numbers(reference, current, method)
    n = current.n
    reason = _obstacle(chosen, reference, current)
    if reason:
        return _unknown(chosen, n, reason)
    found = _bounded(chosen.name, grid, reference, current)
    if found is None or not math.isfinite(found.value):
        return _unknown(chosen, n, f"{chosen.name} cannot be told from profiles of this column")
    return Comparison(method=chosen, found=found, n=n)


def _chosen_for_numbers(
    reference: NumericProfile, current: NumericProfile, method: str
) -> DriftMethod:
    """Return the named method, or what `metrics.drift_methods.evidently_default` would choose."""
    if method != "evidently":
        return DRIFT_METHODS[method]
    distinct = _distinct(reference, current)
    is_large = reference.n > LARGEST_TESTED_REFERENCE
    if distinct > FEWEST_NUMBERS:
        return DRIFT_METHODS["wasserstein" if is_large else "ks"]
    small = "chisquare" if distinct > 2 else "z"  # noqa: PLR2004 - two values are one share
    return DRIFT_METHODS["jensenshannon" if is_large else small]


def _distinct(*profiles: NumericProfile) -> int:
    """Return how many distinct values there are, `FEW` + 1 for more than `FEW` on one side."""
    values: set[float] = set()
    for profile in profiles:
        if profile.few is None:
            return FEW + 1
        values.update(profile.few)
    return len(values)


def _obstacle(method: DriftMethod, reference: NumericProfile, current: NumericProfile) -> str:
    if not current.n:
        return "the window has no value in this column"
    if not reference.n:
        return "the reference has no value in this column"
    if "numeric" not in method.kinds and not _has_few(reference):
        return (
            f"{method.name} compares categories, and the reference has more than {FEW_VALUES} "
            "distinct numbers: use wasserstein or ks, or declare the column categorical"
        )
    low, high = min(reference.low, current.low), max(reference.high, current.high)
    if high > low and not _NARROWEST < high - low < _WIDEST:
        return f"the values from {low:g} to {high:g} cannot be compared in double precision"
    return ""


def _has_few(profile: NumericProfile) -> bool:
    return profile.few is not None and len(profile.few) <= FEW_VALUES


def _bounded(
    method: str, grid: Grid, reference: NumericProfile, current: NumericProfile
) -> Bounded | None:
    """Return the value of a method, None where profiles say nothing about it."""
    if method in _OF_STEPS:
        is_told = _is_resolved(grid, reference, current) and _is_resolved(grid, reference)
        return _OF_STEPS[method](grid, reference, current) if is_told else None
    if method == "t_test":
        sides = ((p.n, p.mean(grid.centre), p.squares) for p in (reference, current))
        p_value = t_test_of_moments(*sides)
        return None if p_value is None else Bounded.exactly(p_value)
    if method == "hellinger":
        return _hellinger(grid, reference, current)
    if not _has_few(reference):
        return _binned(method, grid, reference, current)
    return _of_values(method, grid, reference, current)


def _is_resolved(grid: Grid, *profiles: NumericProfile) -> bool:
    """Return whether sums of (value - centre) tell the values apart.

    They do not where all values lie far from the centre and close together.
    """
    low, high = min(one.low for one in profiles), max(one.high for one in profiles)
    farthest = max(abs(low - grid.centre), abs(high - grid.centre))
    return low == high or high - low > _RESOLUTION * farthest


def _wasserstein(grid: Grid, reference: NumericProfile, current: NumericProfile) -> Bounded:
    distance = bounds.wasserstein(bounds.steps(grid, reference, current))
    scale = _scale(grid, reference, current)
    return distance.mapped(lambda value: value / scale if value else 0.0)


def _scale(grid: Grid, reference: NumericProfile, current: NumericProfile) -> float:
    """Return the unit of normed distances, as `stats.distances` defines it."""
    spread = reference.deviation
    if spread > 4 * np.spacing(max(abs(reference.low), abs(reference.high))):
        return spread
    half_shift = (current.mean(grid.centre) - reference.mean(grid.centre)) / 2
    return math.hypot(current.deviation / math.sqrt(2), half_shift)


def _energy(grid: Grid, reference: NumericProfile, current: NumericProfile) -> Bounded:
    return bounds.energy(bounds.steps(grid, reference, current))


def _ks(grid: Grid, reference: NumericProfile, current: NumericProfile) -> Bounded:
    distance = bounds.kolmogorov_smirnov(grid, bounds.steps(grid, reference, current))
    return distance.mapped(lambda d: kolmogorov_smirnov_p_value(d, reference.n, current.n))


_OF_STEPS: Mapping[str, Callable[[Grid, NumericProfile, NumericProfile], Bounded]] = {
    "wasserstein": _wasserstein,
    "energy_distance": _energy,
    "ks": _ks,
}


def _binned(
    method: str, grid: Grid, reference: NumericProfile, current: NumericProfile
) -> Bounded | None:
    edges = _sturges(reference, current, reference.n + current.n)
    p, q = (bounds.shares(grid, side, edges) for side in (reference, current))
    return _divergence(method, p, q)


def _sturges(reference: NumericProfile, current: NumericProfile, n: int) -> Floats:
    low, high = min(reference.low, current.low), max(reference.high, current.high)
    return sturges_edges(low, high, n)


def _divergence(method: str, p: Shares, q: Shares) -> Bounded | None:
    match method:
        case "jensenshannon":
            found = bounds.divergence(bounds.jensen_shannon_term, p, q)
            return found.mapped(_root_of_half)
        case "total_variation":
            return bounds.divergence(bounds.total_variation_term, p, q)
        case "psi":
            return bounds.divergence(bounds.psi_term, bounds.filled(p), bounds.filled(q))
        case "kl_div":
            p, q = bounds.filled_and_normalised(p), bounds.filled_and_normalised(q)
            return bounds.divergence(bounds.kl_term, p, q)
        case "hellinger":
            return bounds.divergence(bounds.hellinger_term, p, q).mapped(_root_of_half)
    return None


def _root_of_half(value: float) -> float:
    return math.sqrt(max(value, 0.0) / 2)


def _hellinger(grid: Grid, reference: NumericProfile, current: NumericProfile) -> Bounded | None:
    """Bound over all numbers of bins, since the number of distinct values decides about it."""
    known = _distinct(reference, current)
    both = np.count_nonzero(reference.counts + current.counts)
    least, most = (known, known) if known <= FEW else (int(both), reference.n + current.n)
    found = [
        _divergence("hellinger", p, q)
        for edges in _sturges_between(reference, current, max(least, known), most)
        for p, q in [[bounds.shares(grid, side, edges) for side in (reference, current)]]
    ]
    candidates = [one for one in found if one is not None]
    return Bounded(
        value=candidates[-1].value,
        low=min(one.low for one in candidates),
        high=max(one.high for one in candidates),
    )


def _sturges_between(
    reference: NumericProfile, current: NumericProfile, least: int, most: int
) -> list[Floats]:
    """Return the edges for every number of distinct values that makes a difference."""
    powers = [2**k for k in range(least.bit_length(), most.bit_length())]
    edges = {
        len(found): found
        for n in [least, *powers, *(power + 1 for power in powers), most]
        for found in [_sturges(reference, current, min(max(n, least), most))]
    }
    return [edges[size] for size in sorted(edges)]


def _of_values(
    method: str, grid: Grid, reference: NumericProfile, current: NumericProfile
) -> Bounded | None:
    """Compare the values of a reference that has few, counted exactly on both sides.

    Where the window has many others, they are one category: that changes neither the
    Jensen-Shannon distance nor the p-value of a test that no new value passes.
    """
    before = dict(reference.few or {})
    after = _counts_of(grid, current, before)
    if after is None or (current.few is None and method not in {"jensenshannon", "chisquare"}):
        return None
    keys = {value: f"{rank:03}" for rank, value in enumerate(sorted(before | after))}
    r, c = (
        CategorySample({keys[value]: count for value, count in side.items()})
        for side in (before, after)
    )
    value = DRIFT_METHODS[method].compute(r, c)
    return None if value is None else Bounded.exactly(value)


def _counts_of(
    grid: Grid, current: NumericProfile, values: Mapping[float, int]
) -> dict[float, int] | None:
    """Return the counts of all values; of many values those asked for, and all others as one."""
    if current.few is not None:
        return dict(current.few)
    points = np.array(sorted(values))
    bins = np.searchsorted(grid.edges, points, "right")
    if (grid.edges[np.minimum(bins, len(grid.edges) - 1)] != np.nextafter(points, np.inf)).any():
        return None
    counts = dict(zip(points.tolist(), current.counts[bins].tolist(), strict=True))
    return {**{v: n for v, n in counts.items() if n}, math.inf: current.n - sum(counts.values())}


# ── categories ──────────────────────────────────────────────────────────────────────────────────


def _compare_categories(
    reference: CategoryProfile, current: CategoryProfile, known: Categories, method: str
) -> Comparison:
    """Compare counts by name; exact unless there are too many names to count all of them."""
    border = min(reference.border, current.border)
    samples = [_sample(side, known, border) for side in (reference, current)]
    before, after = (counts for counts, _ in samples)
    others = [other for _, other in samples]
    if not any(others):
        exact = drift(CategorySample(before), CategorySample(after), method)
        found = None if exact.value is None else Bounded.exactly(exact.value)
        return Comparison(method=exact.method, found=found, n=exact.n, reason=exact.reason)
    chosen = _chosen_for_categories(reference, method)
    n = current.n
    if chosen.name not in {"jensenshannon", "hellinger"}:
        return _unknown(chosen, n, f"{chosen.name} needs the counts of all categories")
    if not reference.n or not n:
        return _unknown(chosen, n, "one side has no value in this column")
    return Comparison(method=chosen, found=_with_others(chosen, before, after, others), n=n)


def _sample(profile: CategoryProfile, known: Categories, border: int) -> tuple[HashedCounts, int]:
    """Return the counts by name, and of the categories that are not counted on both sides."""
    new, spilled, _ = below_border(profile.new, border, len(profile.new.names))
    there = np.flatnonzero(profile.known)
    counts = HashedCounts(
        np.concatenate([known.hashes[there], new.hashes]),
        np.concatenate([profile.known[there], new.counts]),
        lambda: [*known.names.take(int_array(there)).to_pylist(), *new.names.to_pylist()],
    )
    return counts, profile.other + spilled


def _chosen_for_categories(reference: CategoryProfile, method: str) -> DriftMethod:
    if method != "evidently":
        return DRIFT_METHODS[method]
    is_large = reference.n > LARGEST_TESTED_REFERENCE
    return DRIFT_METHODS["jensenshannon" if is_large else "chisquare"]


def _with_others(
    method: DriftMethod, before: HashedCounts, after: HashedCounts, others: list[int]
) -> Bounded:
    """Bound the distance by the other categories being all the same or all different.

    Putting categories together never raises an f-divergence, and disjoint ones have the largest.
    """
    r = CategorySample(before.extended(0, others[0]))
    together, apart = (
        method.compute(r, CategorySample(after.extended(key, others[1]))) for key in (0, 1)
    )
    low, high = float(together or 0.0), float(apart or 0.0)
    return Bounded(value=low, low=low, high=max(low, high))
