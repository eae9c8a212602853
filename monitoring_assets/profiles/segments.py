"""How rows become one profile for each segment, from the same pass.

All segments merged are the whole. Which columns divide a model's rows belongs to its YAML.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from monitoring_assets.profiles.building import Lookups, column_of, profile_of
from monitoring_assets.profiles.columns import Counts, as_text, chunks, int_array, is_valid, view
from monitoring_assets.profiles.layout import Layout
from monitoring_assets.profiles.profile import Profile, merge


def profile_segments(
    batches: Iterable[pa.RecordBatch], layout: Layout, column: str
) -> dict[str | None, Profile]:
    """Return the profiles of the rows by value of a column; None stands for a missing value.

    Args:
        batches: Rows; the column is among them, and need not be in the layout.
        layout: What is kept of them.
        column: The column whose canonical texts divide the rows.
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
