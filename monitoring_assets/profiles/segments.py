"""How rows become one profile for each segment, from the same pass.

All segments of a column merged are the whole. Which columns divide a model's rows belongs to its
YAML.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitoring_assets.profiles.building import (
    BATCH_ROWS,
    column_of,
    empty_profile,
    profile_batches,
    profile_of,
)
from monitoring_assets.profiles.categories import Lookups
from monitoring_assets.profiles.columns import (
    Counts,
    as_text,
    chunks,
    int_array,
    is_valid,
    text_counts,
    view,
)
from monitoring_assets.profiles.layout import Layout
from monitoring_assets.profiles.profile import Profile, merge

# The rows with one value of one column: the column, and the canonical text of the value.
Segment = tuple[str, str]
WHOLE: Segment = ("", "")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentedProfile:
    """The profile of a window and of its segments.

    Attributes:
        whole: Of all rows.
        segments: Of the rows of the largest values of each segment column.
    """

    whole: Profile
    segments: Mapping[Segment, Profile]

    @property
    def parts(self) -> dict[Segment, Profile]:
        """Return all profiles, the whole first."""
        return {WHOLE: self.whole, **self.segments}


def merge_segmented(a: SegmentedProfile, b: SegmentedProfile) -> SegmentedProfile:
    """Return the profile of the rows of both; a segment that one of them lacks adds nothing.

    Raises:
        ValueError: If the two are made on different layouts.
    """
    segments = dict(a.segments)
    for key, profile in b.segments.items():
        segments[key] = merge(segments[key], profile) if key in segments else profile
    return SegmentedProfile(whole=merge(a.whole, b.whole), segments=segments)


def largest_values(counts: Mapping[str, int], most: int) -> list[str]:
    """Return the values that most rows have, the largest first, equally large ones by text."""
    return sorted(counts, key=lambda value: (-counts[value], value))[:most]


def rows_by_segment(
    rows: pa.Table, columns: Iterable[str], most: int
) -> Iterator[tuple[Segment, pa.Table]]:
    """Yield the rows of the `most` largest values of each column."""
    for column in columns:
        values = rows.column(column)
        for value in largest_values(text_counts(values), most):
            yield (column, value), rows.filter(pc.equal(values, value))


def profile_table(rows: pa.Table, layout: Layout) -> Profile:
    """Return the profile of rows in memory."""
    if rows.num_rows <= BATCH_ROWS:  # no threads for the few rows of a segment
        return profile_of(rows, layout)
    return profile_batches(rows.to_batches(max_chunksize=BATCH_ROWS), layout)


def profile_stream(
    batches: Iterable[pa.RecordBatch], layout: Layout, kept: Mapping[str, Collection[str]]
) -> SegmentedProfile:
    """Return the profile of rows beyond memory and those of their segments.

    Args:
        batches: Rows; the segment columns are among them, and need not be in the layout.
        layout: What is kept of them.
        kept: The segment columns, and which canonical texts of each have a profile of their own.
    """
    if not kept:
        return SegmentedProfile(whole=profile_batches(batches, layout), segments={})
    lookups, whole = Lookups(), empty_profile(layout)
    segments: dict[Segment, Profile] = {}
    for batch in batches:
        whole = merge(whole, profile_of(batch, layout, lookups))
        for segment, rows in _segments(batch, kept):
            profile = profile_of(rows, layout, lookups)
            segments[segment] = (
                merge(segments[segment], profile) if segment in segments else profile
            )
    ordered = [(column, value) for column, values in kept.items() for value in values]
    found = {segment: segments[segment] for segment in ordered if segment in segments}
    return SegmentedProfile(whole=whole, segments=found)


def _segments(
    batch: pa.RecordBatch, kept: Mapping[str, Collection[str]]
) -> Iterator[tuple[Segment, pa.RecordBatch]]:
    for column, values in kept.items():
        for value, rows in _divided(batch, column):
            if value in values:
                yield (column, value or ""), rows


def profile_segments(
    batches: Iterable[pa.RecordBatch], layout: Layout, column: str
) -> dict[str | None, Profile]:
    """Return the profiles of the rows by value of a column; None stands for a missing value.

    Args:
        batches: Rows; the column is among them, and need not be in the layout.
        layout: What is kept of them.
        column: The column whose canonical texts divide the rows; it has few values.
    """
    lookups = Lookups()
    found: dict[str | None, Profile] = {}
    for batch in batches:
        for value, rows in _divided(batch, column):
            profile = profile_of(rows, layout, lookups)
            found[value] = merge(found[value], profile) if value in found else profile
    return found


def _divided(batch: pa.RecordBatch, column: str) -> Iterator[tuple[str | None, pa.RecordBatch]]:
    """Yield the rows of each value: sorted by value once, then cut."""
    names, codes = _codes(column_of(batch, column))
    order = np.argsort(codes, kind="stable")
    rows = batch.take(int_array(order)) if len(names) > 1 else batch
    ends = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=len(names)))]).tolist()
    for name, start, end in zip(names, ends[:-1], ends[1:], strict=True):
        if end > start:
            yield name, rows.slice(start, end - start)


def _codes(values: pa.ChunkedArray | pa.Array) -> tuple[list[str | None], Counts]:
    """Return the distinct texts, the last one None, and which of them each row has."""
    parts = [as_text(_decoded(chunk)) for chunk in chunks(values)]
    texts = pa.concat_arrays(parts).dictionary_encode() if parts else None
    if texts is None:
        return [None], np.empty(0, dtype=np.int64)
    names: list[str | None] = [*texts.dictionary.to_pylist(), None]
    codes = np.full(len(texts), len(names) - 1)
    codes[is_valid(texts)] = view(texts.indices.drop_null())
    return names, codes


def _decoded(array: pa.Array) -> pa.Array:
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
