"""The exact drift of a window that fits in memory, with its profile from the same pass.

The values are those of `metrics.drift_methods`, which knows the methods. A window's columns are
sorted one at a time; the reference's are sorted once, see `profiles.cache`.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa

from monitoring_assets.metrics.drift_methods import DriftValue, drift
from monitoring_assets.profiles.building import (
    BATCH_ROWS,
    column_of,
    comoments,
    numeric_profile,
)
from monitoring_assets.profiles.categories import Lookups
from monitoring_assets.profiles.columns import floats, text_counts
from monitoring_assets.profiles.layout import Layout, layout_of_samples
from monitoring_assets.profiles.profile import (
    CategoryProfile,
    CoMoments,
    NumericProfile,
    Profile,
    added_comoments,
)
from monitoring_assets.profiles.segments import (
    SegmentedProfile,
    profile_table,
    rows_by_segment,
)
from monitoring_assets.stats.samples import CategorySample, NumericSample, Sample

# A window's segments are found among so many of the reference, for each segment column.
MOST_SEGMENTS = 200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedReference:
    """A reference, ready to be compared with.

    Attributes:
        layout: The layout made for it.
        profiles: Its own profile and those of its segments.
        samples: Its columns as drift methods take them: numbers sorted, categories counted.
    """

    layout: Layout
    profiles: SegmentedProfile
    samples: Mapping[str, Sample]

    @property
    def profile(self) -> Profile:
        """Return the profile of all its rows."""
        return self.profiles.whole


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeasuredWindow:
    """What one pass over a window finds.

    Attributes:
        profile: The profile, which answers quality checks and correlations.
        drift: How far each column is from the reference.
    """

    profile: Profile
    drift: Mapping[str, DriftValue]


def prepare(
    rows: pa.Table,
    numeric: Sequence[str],
    categorical: Sequence[str],
    *,
    correlated: Sequence[str] | None = None,
    segments: Sequence[str] = (),
    layout: Layout | None = None,
) -> PreparedReference:
    """Return a reference that is in memory, ready to be compared with.

    Args:
        rows: Its rows.
        numeric: Columns that hold numbers.
        categorical: Columns that hold categories.
        correlated: Numeric columns to correlate; all by default.
        segments: Columns whose values divide the rows.
        layout: That of the whole where the rows are a part of it; else one is made for them.
    """
    samples: dict[str, Sample] = {
        name: NumericSample.of(floats(column_of(rows, name))) for name in numeric
    }
    samples |= {name: _categories(rows, name) for name in categorical}
    layout = layout or layout_of_samples(samples, correlated=correlated)
    parts = rows_by_segment(rows, segments, MOST_SEGMENTS)
    profiles = SegmentedProfile(
        whole=profile_table(rows, layout),
        segments={segment: profile_table(part, layout) for segment, part in parts},
    )
    return PreparedReference(layout=layout, profiles=profiles, samples=samples)


def _categories(rows: pa.Table, name: str) -> CategorySample:
    return CategorySample(text_counts(column_of(rows, name)))


def measure(
    rows: pa.Table,
    reference: PreparedReference,
    methods: Mapping[str, str] | None = None,
    *,
    threads: int = 2,
) -> MeasuredWindow:
    """Return the drift of all columns of a window, and its profile.

    Args:
        rows: The window's rows; columns that are not there have no values.
        reference: What it is compared with.
        methods: Drift methods by column, `evidently` for all others.
        threads: How many columns are worked on at once; each takes about 16 bytes a row.
    """
    layout, chosen = reference.layout, methods or {}

    def numbers(name: str) -> tuple[NumericProfile, DriftValue]:
        profile, sample = _sorted(rows, layout, name)
        return profile, drift(reference.samples[name], sample, chosen.get(name, "evidently"))

    def categories(name: str) -> tuple[CategoryProfile, DriftValue]:
        counted = Lookups().counted(column_of(rows, name), layout.categories[name])
        found = drift(reference.samples[name], counted.sample, chosen.get(name, "evidently"))
        return counted.profile, found

    with ThreadPoolExecutor(threads) as pool:
        moments = pool.submit(_comoments, rows, layout)
        numeric = dict(zip(layout.grids, pool.map(numbers, layout.grids), strict=True))
        named = layout.categories
        categorical = dict(zip(named, pool.map(categories, named), strict=True))
        profile = Profile(
            layout=layout.key,
            rows=rows.num_rows,
            numeric={name: profile for name, (profile, _) in numeric.items()},
            categorical={name: profile for name, (profile, _) in categorical.items()},
            comoments=moments.result(),
        )
    found = {name: value for name, (_, value) in [*numeric.items(), *categorical.items()]}
    return MeasuredWindow(profile=profile, drift=found)


def _sorted(rows: pa.Table, layout: Layout, name: str) -> tuple[NumericProfile, NumericSample]:
    """Return a numeric column's profile and its finite values, from one sort."""
    values = floats(column_of(rows, name))
    if values.flags.writeable:  # a copy already, since it came in chunks
        values.sort()
    else:
        values = np.sort(values)
    profile = numeric_profile(values, layout.grids[name])
    finite = values[profile.negative_infinite :][: profile.n]
    return profile, NumericSample(finite)


def _comoments(rows: pa.Table, layout: Layout) -> CoMoments:
    parts = (
        comoments(layout, [floats(column_of(batch, name)) for name in layout.correlated])
        for batch in rows.to_batches(max_chunksize=BATCH_ROWS)
    )
    return reduce(
        added_comoments, parts, comoments(layout, [np.empty(0)] * len(layout.correlated))
    )
