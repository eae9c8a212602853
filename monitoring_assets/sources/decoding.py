"""How the bytes of one file become a table: Parquet, CSV, JSON lines, and Arrow (Feather).

Only damage within the file is told here; which files there are belongs to `sources.listing`.
"""

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from monitoring_assets.domain.reading import ReadProblem
from monitoring_assets.sources.column_types import array, plain, select

_COMPRESSED = (".gz", ".bz2", ".zst", ".lz4")
_DELIMITERS = (",", ";", "\t")


class Format(StrEnum):
    """The formats of files."""

    PARQUET = "parquet"
    CSV = "csv"
    JSON_LINES = "json lines"
    ARROW = "arrow"

    @classmethod
    def of(cls, name: str) -> "Format | None":
        """Return the format that a file's ending stands for, None where it stands for none.

        >>> Format.of("log.csv.gz")
        <Format.CSV: 'csv'>
        """
        name = name.lower()
        for ending in _COMPRESSED:
            if name.endswith(ending):
                found = _FORMATS.get("." + name.removesuffix(ending).rpartition(".")[2])
                return found if found in {cls.CSV, cls.JSON_LINES} else None
        return _FORMATS.get("." + name.rpartition(".")[2])

    @property
    def is_columnar(self) -> bool:
        """Return whether single columns can be read without the others."""
        return self in {Format.PARQUET, Format.ARROW}


_FORMATS = {
    ".parquet": Format.PARQUET,
    ".pq": Format.PARQUET,
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
    ".feather": Format.ARROW,
    ".arrow": Format.ARROW,
    ".ipc": Format.ARROW,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decoded:
    """The rows of one file.

    Attributes:
        rows: The columns that were asked for and are stored, in plain types.
        stored: Every column that is stored.
        problems: Lines that had to be left out, columns that hold several types.
    """

    rows: pa.Table
    stored: pa.Schema
    problems: tuple[ReadProblem, ...] = ()


def open_parquet(filesystem: fs.FileSystem, path: str) -> pq.ParquetFile:
    """Open a Parquet file so that a flipped bit is noticed where its writer stored checksums."""
    return pq.ParquetFile(path, filesystem=filesystem, page_checksum_verification=True)


def decode(
    filesystem: fs.FileSystem,
    path: str,
    name: str,
    columns: Sequence[str] | None,
    row_groups: Sequence[int] | None = None,
) -> Decoded:
    """Return the rows of one file.

    Args:
        filesystem: Where the file is.
        path: The file.
        name: What people call it.
        columns: The columns that are asked for, None for all.
        row_groups: The row groups of a Parquet file, None for all.

    Raises:
        pyarrow.ArrowException: If the content cannot be decoded.
        OSError: If a checksum fails, or the file cannot be reached.
    """
    match Format.of(path):
        case Format.PARQUET:
            return _parquet(filesystem, path, columns, row_groups)
        case Format.ARROW:
            return _arrow(filesystem, path, columns)
        case Format.CSV:
            return _csv(_content(filesystem, path), name, columns)
        case Format.JSON_LINES:
            return _json_lines(_content(filesystem, path), name, columns)
        case None:
            raise ValueError(f"{path}: the format is not known by its ending")


def _parquet(
    filesystem: fs.FileSystem,
    path: str,
    columns: Sequence[str] | None,
    row_groups: Sequence[int] | None,
) -> Decoded:
    with open_parquet(filesystem, path) as file:
        schema = file.schema_arrow
        wanted = schema.names if columns is None else [c for c in columns if c in schema.names]
        groups = range(file.metadata.num_row_groups) if row_groups is None else row_groups
        rows = file.read_row_groups(list(groups), columns=wanted)
    return Decoded(rows=plain(select(rows, wanted)), stored=schema)


def _arrow(filesystem: fs.FileSystem, path: str, columns: Sequence[str] | None) -> Decoded:
    with filesystem.open_input_file(path) as source:
        schema = pa.ipc.open_file(source).schema
        wanted = schema.names if columns is None else columns
        fields = [i for i, name in enumerate(schema.names) if name in wanted]
        options = pa.ipc.IpcReadOptions(included_fields=fields)
        # An empty list of fields means all of them to pyarrow; `select` drops them again.
        rows = pa.ipc.open_file(source, options=options).read_all()
    return Decoded(rows=plain(select(rows, wanted)), stored=schema)


def _content(filesystem: fs.FileSystem, path: str) -> bytes:
    with filesystem.open_input_stream(path, compression="detect") as stream:
        content: bytes = stream.read()
    return content


@dataclass(slots=True)
class _BadLines:
    """Counts the lines of a CSV file that do not have as many fields as its header."""

    n: int = 0

    def __call__(self, _row: Any) -> str:
        self.n += 1
        return "skip"


def _csv(content: bytes, name: str, columns: Sequence[str] | None) -> Decoded:
    from pyarrow import csv

    header = content.partition(b"\n")[0].decode("utf-8", errors="replace")
    bad_lines = _BadLines()
    rows = csv.read_csv(
        io.BytesIO(content),
        parse_options=csv.ParseOptions(
            delimiter=max(_DELIMITERS, key=header.count),
            newlines_in_values=True,
            invalid_row_handler=bad_lines,
        ),
        convert_options=csv.ConvertOptions(strings_can_be_null=True),
    )
    return _chosen(rows, columns, _left_out(name, bad_lines.n))


def _json_lines(content: bytes, name: str, columns: Sequence[str] | None) -> Decoded:
    from pyarrow import json as arrow_json

    options = arrow_json.ReadOptions(block_size=max(1 << 20, min(len(content), 1 << 30)))
    try:
        return _chosen(arrow_json.read_json(io.BytesIO(content), read_options=options), columns)
    except pa.ArrowInvalid:
        if not content.strip():
            raise
    # Slower, and says which lines and columns it is that Arrow does not take.
    lines = _ParsedLines.of(content)
    if not lines.records:
        raise pa.ArrowInvalid("no line is a JSON object")
    table, mixed = _from_records(lines.records, name)
    return _chosen(table, columns, (*_left_out(name, lines.n_bad), *mixed))


@dataclass(frozen=True, slots=True, kw_only=True)
class _ParsedLines:
    records: list[dict[str, Any]] = field(default_factory=list)
    n_bad: int = 0

    @classmethod
    def of(cls, content: bytes) -> "_ParsedLines":
        lines = [line for line in content.splitlines() if line.strip()]
        records = list(_objects(lines))
        return cls(records=records, n_bad=len(lines) - len(records))


def _objects(lines: Sequence[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            yield value


def _from_records(
    records: Sequence[dict[str, Any]], origin: str
) -> tuple[pa.Table, Iterator[ReadProblem]]:
    names = list(dict.fromkeys(name for record in records for name in record))
    arrays = {name: array([record.get(name) for record in records]) for name in names}
    mixed = (
        ReadProblem(
            problem="mixed_types",
            subject=name,
            detail=f"holds values of several types in {origin}; it is read as text",
            n=len(records),
        )
        for name, (_, is_mixed) in arrays.items()
        if is_mixed
    )
    return pa.table({name: values for name, (values, _) in arrays.items()}), mixed


def _left_out(name: str, n: int) -> tuple[ReadProblem, ...]:
    if not n:
        return ()
    detail = f"{n:,} lines are cut off or have a wrong number of fields and were left out"
    return (ReadProblem(problem="corrupt_file", subject=name, detail=detail, n=n),)


def _chosen(
    table: pa.Table, columns: Sequence[str] | None, problems: Sequence[ReadProblem] = ()
) -> Decoded:
    rows = table if columns is None else select(table, columns)
    return Decoded(rows=plain(rows), stored=table.schema, problems=tuple(problems))
