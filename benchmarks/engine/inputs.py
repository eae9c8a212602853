"""The rows that are measured: normal numbers, every fifth column shifted, and short categories."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.engine.rows import Rows, column_names

SHIFT = 0.3  # standard deviations of the reference
ROW_GROUP = 1_000_000


def write_rows(path: Path, wanted: Rows) -> None:
    """Write a Parquet file in row groups of a million rows, unless it is there.

    Rounded numbers are compressed with zstd, others with snappy, pyarrow's default.
    """
    if path.exists():
        return
    rng = np.random.default_rng(wanted.seed)
    part = path.with_suffix(".part")
    compression = "snappy" if wanted.decimals is None else "zstd"
    starts = range(0, wanted.rows, ROW_GROUP)
    tables = (drawn(rng, min(ROW_GROUP, wanted.rows - start), wanted) for start in starts)
    first = next(tables)
    with pq.ParquetWriter(part, first.schema, compression=compression) as writer:
        writer.write_table(first, row_group_size=ROW_GROUP)
        for table in tables:
            writer.write_table(table, row_group_size=ROW_GROUP)
    part.rename(path)


def drawn(rng: np.random.Generator, rows: int, wanted: Rows) -> pa.Table:
    """Return rows."""
    numeric, categorical = column_names(wanted.columns)
    names = [f"category {k}" for k in range(wanted.categories)]
    found: dict[str, pa.Array] = {}
    for k, name in enumerate(numeric):
        values = rng.normal(SHIFT if wanted.is_shifted and k % 5 == 0 else 0.0, 1.0, rows)
        rounded = values if wanted.decimals is None else np.round(values, wanted.decimals)
        found[name] = pa.array(rounded)
    for name in categorical:
        codes = pa.array(rng.integers(0, len(names), rows).astype(np.int32))
        found[name] = pa.DictionaryArray.from_arrays(codes, names).cast(pa.string())
    return pa.table(found)
