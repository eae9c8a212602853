"""How a log that keeps only some of its rows becomes the profile of all of them.

A row that was kept with the probability 1/k stands for k rows.
"""

from collections.abc import Iterable
from functools import reduce

import pyarrow as pa

from monitoring_assets.profiles.building import empty_profile
from monitoring_assets.profiles.layout import Layout
from monitoring_assets.profiles.profile import Profile, merge, times
from monitoring_assets.profiles.segments import profile_segments

_PRECISION = 1e-3  # of a rate: 0.333 is a third


def profile_sampled(batches: Iterable[pa.RecordBatch], layout: Layout, rate: str) -> Profile:
    """Return the profile of all rows that a log was drawn from.

    Args:
        batches: The rows that were kept.
        layout: What is kept of them.
        rate: The column that holds the probability of each row to be kept; a row without one
            stands for itself.

    Raises:
        ValueError: If a rate is not 1/k. Counts are whole, so 0.3 would have to be rounded.
    """
    parts = profile_segments(batches, layout, rate)
    weighted = (times(part, multiplicity(text)) for text, part in parts.items())
    return reduce(merge, weighted, empty_profile(layout))


def multiplicity(rate: str | None) -> int:
    """Return how many rows a row stands for that was kept at a rate.

    >>> multiplicity("0.1"), multiplicity(None)
    (10, 1)
    """
    if rate is None:
        return 1
    share = float(rate)
    factor = round(1 / share) if 0 < share <= 1 else 0
    if factor == 0 or abs(factor * share - 1) > _PRECISION:
        raise ValueError(f"a sample rate must be 1, 1/2, 1/3 …, not {rate}")
    return factor
