"""How far apart two samples are, whatever their sizes.

Every function takes two samples of the same kind, neither empty, and returns 0 for equal
distributions. The definitions are those of Evidently 0.7.23; `metrics.drift_methods` lists where
they deliberately differ. Whether a distance could be chance belongs to `stats.two_sample`.
"""

import math
from collections.abc import Iterator

import numpy as np

from monitoring_assets.stats.binning import (
    Counts,
    aligned_counts,
    binned_counts,
    count_at_most,
    histogram,
    joint_range,
    pooled_values,
    sturges_edges,
)
from monitoring_assets.stats.samples import Floats, NumericSample, Sample

# What an empty bin counts as, so that logarithms exist; it decides the size of PSI and KL.
EMPTY_SHARE = 1e-4
_BLOCK = 16_384  # values whose temporary arrays stay in the second-level cache


def wasserstein(reference: NumericSample, current: NumericSample) -> float:
    """Return the first Wasserstein distance, in the unit of the values.

    It is the area between the two quantile functions. These are steps that end at i/n and j/m,
    so the area is a sum over the steps of one sample plus a sum over those of the other, less
    what is counted twice, with no sorting and no merging: 11 ms for a million values a side, 2 ms
    where the sizes are equal, instead of scipy's 541 ms.

    >>> wasserstein(NumericSample(np.array([0.0, 1.0])), NumericSample(np.array([3.0])))
    2.5
    """
    x, y = reference.values, current.values
    n, m = len(x), len(y)
    if n == m:
        return sum(float(np.abs(x[part] - y[part]).sum()) for part in _blocks(n)) / n
    return (_area(x, y) + _area(y, x) - _common_area(x, y)) / (n * m)


def _area(x: Floats, y: Floats) -> float:
    """Return the area next to the ends of all steps of `x`, in units of 1/(n m)."""
    n, m = len(x), len(y)
    total = 0.0
    for part in _blocks(n):
        ends = np.arange((part.start + 1) * m, part.stop * m + 1, m)
        partner = (ends - 1) // n
        widths = np.minimum(ends - partner * n, m)
        # Not a dot product: BLAS wakes a second thread for it, which spins longer than it helps.
        total += float((widths * np.abs(x[part] - y[partner])).sum())
    return total


def _blocks(n: int) -> Iterator[slice]:
    for start in range(0, n, _BLOCK):
        yield slice(start, min(start + _BLOCK, n))


def _common_area(x: Floats, y: Floats) -> float:
    """Return the area next to the ends that both samples have, which either side counts."""
    n, m = len(x), len(y)
    shared = math.gcd(n, m)
    steps = np.arange(1, shared + 1)
    heights = np.abs(x[steps * (n // shared) - 1] - y[steps * (m // shared) - 1])
    return float(heights.sum()) * min(n, m)


def wasserstein_normed(reference: NumericSample, current: NumericSample) -> float:
    """Return the Wasserstein distance in standard deviations of the reference."""
    distance = wasserstein(reference, current)
    return distance / _scale(reference.values, current.values) if distance else 0.0


def _scale(reference: Floats, current: Floats) -> float:
    spread = _deviation(reference)
    if spread > 4 * np.spacing(max(abs(reference[0]), abs(reference[-1]))):
        return spread
    # A constant reference has no scale of its own, only rounding noise. The spread of both
    # samples in equal parts is independent of units and sizes and never 0 where they differ.
    half_shift = (float(np.mean(current)) - float(np.mean(reference))) / 2
    return math.hypot(_deviation(current) / math.sqrt(2), half_shift)


def _deviation(values: Floats) -> float:
    """Return np.std(values) without temporary arrays of that size."""
    n, mean = len(values), float(np.mean(values))
    return math.sqrt(sum(float(np.square(values[p] - mean).sum()) for p in _blocks(n)) / n)


def energy_distance(reference: NumericSample, current: NumericSample) -> float:
    """Return the energy distance, the square root of twice the integral of (F - G)²."""
    values = pooled_values(reference, current)
    difference = _cumulative(reference, values) - _cumulative(current, values)
    return math.sqrt(2 * float((difference[:-1] ** 2 * np.diff(values)).sum()))


def _cumulative(sample: NumericSample, values: Floats) -> Floats:
    return count_at_most(sample, values) / sample.n


def jensen_shannon(reference: Sample, current: Sample) -> float:
    """Return the Jensen-Shannon distance (a square root, natural logarithm, at most √ln 2)."""
    p, q = (_shares(counts) for counts in binned_counts(reference, current))
    middle = (p + q) / 2
    divergence = _relative_entropy(p, middle) + _relative_entropy(q, middle)
    return math.sqrt(max(divergence, 0.0) / 2)


def psi(reference: Sample, current: Sample) -> float:
    """Return the population stability index; empty bins count as in `_filled`."""
    p, q = (_filled(_shares(counts)) for counts in binned_counts(reference, current))
    return float(((p - q) * np.log(p / q)).sum())


def kl_divergence(reference: Sample, current: Sample) -> float:
    """Return the Kullback-Leibler divergence of the reference from the current sample."""
    p, q = (_filled(_shares(counts)) for counts in binned_counts(reference, current))
    return _relative_entropy(p / p.sum(), q / q.sum())


def hellinger(reference: Sample, current: Sample) -> float:
    """Return the Hellinger distance, between 0 and 1.

    Numbers are cut by Sturges' rule for as many values as are distinct.
    """
    if isinstance(reference, NumericSample) and isinstance(current, NumericSample):
        distinct = len(pooled_values(reference, current))
        edges = sturges_edges(*joint_range(reference, current), distinct)
        counts = histogram(reference, edges), histogram(current, edges)
    else:
        counts = aligned_counts(reference, current)
    p, q = (_shares(c) for c in counts)
    # Not √(1 - Σ√pq), which is 1e-8 instead of 0 for equal samples.
    return math.sqrt(float(((np.sqrt(p) - np.sqrt(q)) ** 2).sum()) / 2)


def total_variation(reference: Sample, current: Sample) -> float:
    """Return half the sum of the absolute differences of the shares, between 0 and 1."""
    p, q = (_shares(counts) for counts in binned_counts(reference, current))
    return float(np.abs(p - q).sum()) / 2


def _shares(counts: Counts) -> Floats:
    shares: Floats = counts / counts.sum()
    return shares


def _filled(shares: Floats) -> Floats:
    """Return shares without zeros: `EMPTY_SHARE`, or far below a smallest share under it."""
    smallest = shares[shares > 0].min()
    empty = smallest / 1e6 if smallest <= EMPTY_SHARE else EMPTY_SHARE
    return np.where(shares > 0, shares, empty)


def _relative_entropy(p: Floats, q: Floats) -> float:
    present = p > 0
    return float((p[present] * np.log(p[present] / q[present])).sum())
