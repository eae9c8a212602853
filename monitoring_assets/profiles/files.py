"""How Parquet files are read for profiling: only the columns of a layout, each once.

Where files lie belongs to `sources`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from monitoring_assets.profiles.building import BATCH_ROWS, narrowed, profile_parts
from monitoring_assets.profiles.layout import Layout
from monitoring_assets.profiles.profile import Profile

_STREAM_BUFFER = 1 << 18  # with larger buffers pyarrow holds the whole file in memory
# Numbers are read so many columns at a time, texts so many batches of one column.
_AT_ONCE = 8


def profile_file(
    path: Path, layout: Layout, row_groups: Sequence[int] | None = None, *, threads: int = 2
) -> Profile:
    """Return the profile of a file, or of some of its row groups."""
    parts = _parts(layout)
    with _opened(path, layout.columns, _STREAM_BUFFER) as file:
        there = set(file.schema_arrow.names)
        tasks = (
            (batch, part)
            for part in parts
            for batch in file.iter_batches(
                _rows_at_once(part),
                row_groups=row_groups,
                columns=[name for name in part.columns if name in there],
                use_threads=False,
            )
        )
        return profile_parts(tasks, layout, parts, threads)


def _parts(layout: Layout) -> list[Layout]:
    """Divide a layout into columns that are read together.

    Only correlated ones must be: pyarrow holds three megabytes for each column that it reads at
    once, so that 500 take five times as long together as a few at a time.
    """
    alone = [name for name in layout.grids if name not in layout.correlated]
    groups = [alone[start : start + _AT_ONCE] for start in range(0, len(alone), _AT_ONCE)]
    groups += [[name] for name in layout.categories]
    if layout.correlated or not groups:
        groups.append(list(layout.correlated))
    return [narrowed(layout, names) for names in groups]


def _rows_at_once(part: Layout) -> int:
    """Return how many rows are read at once: all distinct texts are looked up each time."""
    return BATCH_ROWS * (_AT_ONCE if part.categories else 1)


def read_batches(
    path: Path, columns: Sequence[str], row_groups: Sequence[int] | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file, or of some of its row groups, in batches."""
    with _opened(path, columns, _STREAM_BUFFER) as file:
        yield from file.iter_batches(
            BATCH_ROWS, row_groups=row_groups, columns=_kept(file, columns), use_threads=False
        )


def read_table(path: Path, columns: Sequence[str]) -> pa.Table:
    """Return the columns of a file that exist."""
    with _opened(path, columns, buffer_size=0) as file:
        return file.read(columns=_kept(file, columns))


def _opened(path: Path, columns: Sequence[str], buffer_size: int) -> pq.ParquetFile:
    """Open a file whose texts come as dictionaries, which are faster to read and to count."""
    metadata = pq.read_metadata(path)
    wanted = set(columns)
    texts = [f.name for f in metadata.schema.to_arrow_schema() if f.name in wanted and _is_text(f)]
    return pq.ParquetFile(
        path,
        metadata=metadata,
        read_dictionary=texts,
        pre_buffer=False,
        buffer_size=buffer_size,
    )


def _kept(file: pq.ParquetFile, columns: Sequence[str]) -> list[str]:
    there = set(file.schema_arrow.names)
    return [name for name in columns if name in there]


def _is_text(field: pa.Field) -> bool:
    return bool(pa.types.is_string(field.type) or pa.types.is_large_string(field.type))
