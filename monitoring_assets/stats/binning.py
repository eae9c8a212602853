"""How two samples are counted in the same bins.

Counts come from binary searches in the sorted samples, so they cost next to nothing and nothing
is sorted a second time. What the counts mean belongs to `stats.distances` and
`stats.two_sample`.
"""

from collections.abc import Iterator
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from monitoring_assets.stats.samples import (
    CategorySample,
    Floats,
    HashedCounts,
    NumericSample,
    Sample,
)

Counts = NDArray[np.int64]
Number = TypeVar("Number", np.float64, np.uint64)

# Up to this many distinct reference values, each value is a bin of its own (as in Evidently).
FEW_VALUES = 20


def has_more_distinct_values(limit: int, *samples: Sample) -> bool:
    """Return whether the samples together hold more than `limit` distinct values.

    It stops at the first value too many: O(limit log n).

    >>> numbers = NumericSample(np.array([1.0, 1.0, 2.0]))
    >>> has_more_distinct_values(1, numbers), has_more_distinct_values(2, numbers)
    (True, False)
    """
    found = {value for sample in samples for value in islice(_distinct(sample), limit + 1)}
    return len(found) > limit


def _distinct(sample: Sample) -> Iterator[float | str]:
    if isinstance(sample, CategorySample):
        yield from sample.counts
        return
    position = 0
    while position < sample.n:
        value = float(sample.values[position])
        yield value
        position = int(np.searchsorted(sample.values, value, "right"))


def pooled_values(reference: NumericSample, current: NumericSample) -> Floats:
    """Return the distinct values of both samples together, ascending."""
    return _union(_without_repeats(reference.values), _without_repeats(current.values))


def _union(a: NDArray[Number], b: NDArray[Number]) -> NDArray[Number]:
    """Return the distinct values of both, ascending; for hashes ten times as fast as union1d."""
    return _without_repeats(np.sort(np.concatenate([a, b])))


def _without_repeats(ascending: NDArray[Number]) -> NDArray[Number]:
    is_first = np.append(True, ascending[1:] != ascending[:-1])[: len(ascending)]
    found: NDArray[Number] = ascending[is_first]
    return found


def count_at_most(sample: NumericSample, values: Floats) -> Counts:
    """Return how many numbers of the sample are at or below each of `values`."""
    return np.searchsorted(sample.values, values, "right")


def value_counts(reference: Sample, current: Sample) -> tuple[Counts, Counts]:
    """Return how often each value of either sample occurs in each, in the values' order."""
    match reference, current:
        case NumericSample(), NumericSample():
            values = pooled_values(reference, current)
            r, c = (np.diff(count_at_most(s, values), prepend=0) for s in (reference, current))
        case CategorySample(), CategorySample():
            keys = sorted(reference.counts.keys() | current.counts.keys())
            r, c = (
                np.array([s.counts.get(key, 0) for key in keys], dtype=np.int64)
                for s in (reference, current)
            )
        case _:
            raise TypeError("numbers cannot be counted together with categories")
    return r, c


def aligned_counts(reference: Sample, current: Sample) -> tuple[Counts, Counts]:
    """Return how often each value of either sample occurs in each, categories in any order."""
    if isinstance(reference, CategorySample) and isinstance(current, CategorySample):
        before, after = reference.counts, current.counts
        if isinstance(before, HashedCounts) and isinstance(after, HashedCounts):
            return _counts_by_hash(before, after)
    return value_counts(reference, current)


def _counts_by_hash(before: HashedCounts, after: HashedCounts) -> tuple[Counts, Counts]:
    if np.array_equal(before.hashes, after.hashes):
        return before.counts, after.counts
    hashes = _union(before.hashes, after.hashes)
    r, c = np.zeros((2, len(hashes)), dtype=np.int64)
    for counts, side in ((r, before), (c, after)):
        counts[np.searchsorted(hashes, side.hashes)] = side.counts
    return r, c


def sturges_edges(low: float, high: float, n: int) -> Floats:
    """Return the edges of the equal bins that Sturges' rule gives `n` values in `low` to `high`.

    These are `numpy.histogram_bin_edges(values, "sturges")` without looking at the values.
    """
    if low == high:
        return np.array([low, high])
    width = (high - low) / (np.log2(n) + 1)
    return np.linspace(low, high, int(np.ceil((high - low) / width)) + 1)


def joint_range(reference: NumericSample, current: NumericSample) -> tuple[float, float]:
    """Return the smallest and the largest value of two samples that are not empty."""
    low = min(reference.values[0], current.values[0])
    high = max(reference.values[-1], current.values[-1])
    return float(low), float(high)


def histogram(sample: NumericSample, edges: Floats) -> Counts:
    """Return the counts in half-open bins; the last one holds everything from its lower edge."""
    starts = np.searchsorted(sample.values, edges[:-1], "left")
    return np.diff(starts, append=sample.n)


def binned_counts(reference: Sample, current: Sample) -> tuple[Counts, Counts]:
    """Return the counts of two samples, neither empty, in the bins that Evidently would use.

    A numeric reference with more than 20 distinct values is cut by Sturges' rule over both
    samples; otherwise every distinct value is a bin (`get_binned_data` of Evidently 0.7.23).
    """
    if (
        isinstance(reference, NumericSample)
        and isinstance(current, NumericSample)
        and has_more_distinct_values(FEW_VALUES, reference)
    ):
        edges = sturges_edges(*joint_range(reference, current), reference.n + current.n)
        return histogram(reference, edges), histogram(current, edges)
    return aligned_counts(reference, current)
