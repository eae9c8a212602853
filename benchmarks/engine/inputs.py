"""The rows that are measured: normal numbers, every fifth column shifted, and short categories."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CATEGORIES = [f"category {k}" for k in range(8)]
SHIFT = 0.3  # standard deviations of the reference
ROW_GROUP = 1_000_000


def column_names(columns: int) -> tuple[list[str], list[str]]:
    """Return the numeric and the categorical columns: four of five are numeric."""
    categorical = columns // 5
    return [f"x{k}" for k in range(columns - categorical)], [f"c{k}" for k in range(categorical)]


def write_rows(
    path: Path, rows: int, columns: int, seed: int, *, is_shifted: bool, decimals: int | None
) -> None:
    """Write a Parquet file in row groups of a million rows, unless it is there.

    Args:
        path: Where to write.
        rows: How many rows.
        columns: How many columns.
        seed: Of the random numbers.
        is_shifted: Whether every fifth column is shifted.
        decimals: To how many decimals numbers are rounded, so that large files stay small;
            such files are compressed with zstd, others with snappy, pyarrow's default.
    """
    if path.exists():
        return
    rng = np.random.default_rng(seed)
    part = path.with_suffix(".part")
    writer, compression = None, "snappy" if decimals is None else "zstd"
    for start in range(0, rows, ROW_GROUP):
        table = _table(rng, min(ROW_GROUP, rows - start), columns, is_shifted, decimals)
        writer = writer or pq.ParquetWriter(part, table.schema, compression=compression)
        writer.write_table(table, row_group_size=ROW_GROUP)
    if writer:
        writer.close()
    part.rename(path)


def _table(
    rng: np.random.Generator,
    rows: int,
    columns: int,
    is_shifted: bool,  # noqa: FBT001
    decimals: int | None,
) -> pa.Table:
    numeric, categorical = column_names(columns)
    drawn: dict[str, pa.Array] = {}
    for k, name in enumerate(numeric):
        values = rng.normal(SHIFT if is_shifted and k % 5 == 0 else 0.0, 1.0, rows)
        drawn[name] = pa.array(values if decimals is None else np.round(values, decimals))
    for name in categorical:
        codes = pa.array(rng.integers(0, len(CATEGORIES), rows).astype(np.int32))
        drawn[name] = pa.DictionaryArray.from_arrays(codes, CATEGORIES).cast(pa.string())
    return pa.table(drawn)
