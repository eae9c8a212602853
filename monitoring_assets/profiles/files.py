"""How Parquet files are read for profiling: only the columns of a layout, each once.

Where files lie belongs to `sources`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from monitoring_assets.profiles.building import BATCH_ROWS


def read_batches(
    path: Path, columns: Sequence[str], row_groups: Sequence[int] | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file, or of some of its row groups, in batches."""
    # With larger buffers pyarrow holds the whole file in memory.
    with _opened(path, columns, buffer_size=1 << 18) as file:
        yield from file.iter_batches(
            BATCH_ROWS, row_groups=row_groups, columns=_kept(file, columns), use_threads=False
        )


def read_table(path: Path, columns: Sequence[str]) -> pa.Table:
    """Return the columns of a file that exist."""
    with _opened(path, columns, buffer_size=0) as file:
        return file.read(columns=_kept(file, columns))


def _opened(path: Path, columns: Sequence[str], buffer_size: int) -> pq.ParquetFile:
    """Open a file whose texts come as dictionaries, which are faster to read and to count."""
    schema = pq.read_schema(path)
    texts = [field.name for field in schema if field.name in columns and _is_text(field)]
    return pq.ParquetFile(path, read_dictionary=texts, pre_buffer=False, buffer_size=buffer_size)


def _kept(file: pq.ParquetFile, columns: Sequence[str]) -> list[str]:
    return [name for name in columns if name in file.schema_arrow.names]


def _is_text(field: pa.Field) -> bool:
    return bool(pa.types.is_string(field.type) or pa.types.is_large_string(field.type))
