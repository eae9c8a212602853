"""Columns of several files become one table, whatever type each file gave them.

Numbers widen, nothing gives way to anything, and types that do not fit are both read as text and
reported. Whether the type is the one of the contract belongs to `evaluation.contract`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.types as kinds

from monitoring_assets.domain.reading import ReadProblem


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """Rows of one file (or one chunk of a query) and where they come from, for people."""

    origin: str
    rows: pa.Table


def plain(table: pa.Table) -> pa.Table:
    """Return a table without dictionaries and without the large and view forms of text."""
    for index, field in enumerate(table.schema):
        wanted = _plain(field.type)
        if wanted != field.type:
            column = table.column(index).cast(wanted)
            table = table.set_column(index, field.name, column)
    return table


def _plain(kind: pa.DataType) -> pa.DataType:
    if kinds.is_dictionary(kind):
        return _plain(kind.value_type)
    if kinds.is_large_string(kind) or kinds.is_string_view(kind):
        return pa.string()
    if kinds.is_large_binary(kind) or kinds.is_binary_view(kind):
        return pa.binary()
    return kind


def select(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Return those of the columns that exist, in this order; of equal names the first."""
    names = table.column_names
    return table.select([names.index(name) for name in columns if name in names])


def array(values: Sequence[object]) -> tuple[pa.Array, bool]:
    """Return Python values as one array, and whether they had to become text to fit into it."""
    try:
        found = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        return _texts(values), True
    if kinds.is_decimal(found.type):
        return found.cast(pa.float64()), False
    # Driver types that Arrow has its own type for, such as UUID, are names here.
    return (_texts(values) if isinstance(found.type, pa.BaseExtensionType) else found), False


def _texts(values: Sequence[object]) -> pa.Array:
    return pa.array([None if v is None else str(v) for v in values], pa.string())


def combined(
    pieces: Sequence[Piece], columns: Sequence[str]
) -> tuple[pa.Table, tuple[ReadProblem, ...]]:
    """Return all pieces as one table, with the columns that at least one of them has.

    A column that a piece does not have is null there. Columns whose types do not fit together
    are text in all pieces and reported as `mixed_types`.
    """
    stored = {name for piece in pieces for name in piece.rows.column_names}
    names = [name for name in dict.fromkeys(columns) if name in stored]
    results = [_column(name, pieces) for name in names]
    table = pa.table({name: column for name, (column, _) in zip(names, results, strict=True)})
    return table, tuple(problem for _, problem in results if problem is not None)


def _column(name: str, pieces: Sequence[Piece]) -> tuple[pa.ChunkedArray, ReadProblem | None]:
    held = [p for p in pieces if name in p.rows.column_names]
    types = {p.rows.schema.field(name).type: p.origin for p in reversed(held)}
    common = _common(list(types))
    kind = pa.string() if common is None else common
    chunks = [chunk for piece in pieces for chunk in _chunks(name, piece, kind)]
    column = pa.chunked_array(chunks, type=kind)
    if common is not None:
        return column, None
    found = ", ".join(f"{kind} in {origin}" for kind, origin in reversed(types.items()))
    detail = f"is {found}; it is read as text"
    return column, ReadProblem(problem="mixed_types", subject=name, detail=detail, n=len(column))


def _chunks(name: str, piece: Piece, kind: pa.DataType) -> Iterator[pa.Array]:
    if name not in piece.rows.column_names:
        yield pa.nulls(piece.rows.num_rows, kind)
        return
    column = piece.rows.column(name)
    yield from (as_text(column) if kinds.is_string(kind) else column.cast(kind)).chunks


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column as text; nested values as Python would print them."""
    try:
        return column.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # lists, structs; bytes, not UTF-8
        return pa.chunked_array([_texts(column.to_pylist())])


def _common(types: Sequence[pa.DataType]) -> pa.DataType | None:
    """Return the type that holds all values of all types, None where there is none."""
    known = [kind for kind in types if not kinds.is_null(kind)]
    if not known:
        return pa.null()
    if len(known) > 1 and all(map(is_number, known)):
        is_whole = all(kinds.is_integer(kind) and kind != pa.uint64() for kind in known)
        return pa.int64() if is_whole else pa.float64()
    schemas = [pa.schema([("column", kind)]) for kind in known]
    try:
        return pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        return None


def is_number(kind: pa.DataType) -> bool:
    """Return whether a type holds numbers; booleans are none."""
    tests = (kinds.is_integer, kinds.is_floating, kinds.is_decimal)
    return any(test(kind) for test in tests)
