"""How layouts and profiles are kept as Arrow tables: one row for each column.

The tables are meant for Parquet or Arrow files with zstd, some ten kilobytes for a column. Where
they are kept belongs to `application`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from monitoring_assets.domain.errors import CorruptFileError
from monitoring_assets.profiles.columns import (
    float_array,
    int_array,
    text_array,
    text_hashes,
    view,
)
from monitoring_assets.profiles.grid import Grid, UsualRange
from monitoring_assets.profiles.layout import FORMAT, Categories, Layout, layout_with_key
from monitoring_assets.profiles.profile import (
    CategoryProfile,
    CoMoments,
    Named,
    NumericProfile,
    Profile,
)
from monitoring_assets.stats.samples import Floats

_FORMAT, _HEAD = b"monitoring_assets.profiles", b"head"
Lists = Sequence[pa.Array]


def profile_to_table(profile: Profile) -> pa.Table:
    """Return a profile as a table, numeric columns first, whose metadata holds the small parts."""
    numbers, categories = list(profile.numeric.values()), list(profile.categorical.values())
    blank = [int_array([])]
    head = {
        "layout": profile.layout,
        "rows": profile.rows,
        "numeric": [_numeric_head(one) for one in numbers],
        "categorical": [[one.missing, one.other, str(one.border), one.most] for one in categories],
        "correlated": len(profile.comoments.rows),
    }
    moments = profile.comoments
    size = len(numbers) + len(categories)
    columns = {
        "column": text_array([*profile.numeric, *profile.categorical]),
        "counts": _lists(
            [int_array(one.counts) for one in numbers]
            + [int_array(one.known) for one in categories]
        ),
        "sums": _lists(
            [float_array(one.sums) for one in numbers]
            + [float_array(np.empty(0)) for _ in categories]
        ),
        "new": _lists([text_array([]) for _ in numbers] + [one.new.names for one in categories]),
        "new_counts": _lists(
            blank * len(numbers) + [int_array(one.new.counts) for one in categories]
        ),
        "pair_rows": _matrix(moments.rows, size),
        "pair_sums": _matrix(moments.sums, size),
        "pair_squares": _matrix(moments.squares, size),
        "pair_products": _matrix(moments.products, size),
    }
    return _table(columns, head)


def _numeric_head(one: NumericProfile) -> list[Any]:
    few = None if one.few is None else [[value.hex(), n] for value, n in one.few.items()]
    counts = [one.missing, one.negative_infinite, one.positive_infinite]
    return [*counts, one.low.hex(), one.high.hex(), one.squares.hex(), few]


def _matrix(matrix: Floats, size: int) -> pa.Array:
    """Return the rows of a matrix as lists, and empty lists up to `size`."""
    rows = [float_array(row) for row in matrix]
    return _lists(rows + [float_array(np.empty(0))] * (size - len(rows)))


def _lists(parts: Lists) -> pa.Array:
    """Return one list for each part."""
    values = pa.concat_arrays(parts) if parts else int_array([])
    ends = np.cumsum([0, *map(len, parts)], dtype=np.int64)
    return pa.LargeListArray.from_arrays(int_array(ends), values)


def _table(columns: Mapping[str, pa.Array], head: Mapping[str, Any]) -> pa.Table:
    table = pa.Table.from_arrays(list(columns.values()), names=list(columns))
    return table.replace_schema_metadata({_FORMAT: str(FORMAT), _HEAD: json.dumps(head)})


def profile_from_table(table: pa.Table) -> Profile:
    """Return the profile that a table holds.

    Raises:
        CorruptFileError: If the table is none of this version's profiles.
    """
    head = _head(table)
    names = table.column("column").to_pylist()
    counts, sums = _parts(table, "counts"), _parts(table, "sums")
    k = len(head["numeric"])
    return Profile(
        layout=head["layout"],
        rows=head["rows"],
        numeric={
            name: _numeric(small, view(n), view(total))
            for name, small, n, total in zip(
                names[:k], head["numeric"], counts, sums, strict=False
            )
        },
        categorical={
            name: _categorical(small, view(known), new, view(new_counts))
            for name, small, known, new, new_counts in zip(
                names[k:],
                head["categorical"],
                counts[k:],
                _parts(table, "new")[k:],
                _parts(table, "new_counts")[k:],
                strict=True,
            )
        },
        comoments=CoMoments(
            rows=_square(table, "pair_rows", head["correlated"]),
            sums=_square(table, "pair_sums", head["correlated"]),
            squares=_square(table, "pair_squares", head["correlated"]),
            products=_square(table, "pair_products", head["correlated"]),
        ),
    )


def _head(table: pa.Table) -> Any:
    metadata = table.schema.metadata or {}
    found = metadata.get(_FORMAT, b"none").decode()
    if found != str(FORMAT):
        raise CorruptFileError(
            f"a profile of format {found} cannot be read, only of {FORMAT}: "
            "delete it and evaluate the window again"
        )
    return json.loads(metadata[_HEAD])


def _parts(table: pa.Table, name: str) -> list[pa.Array]:
    lists = table.column(name).combine_chunks()
    lists = pa.concat_arrays(lists.chunks) if isinstance(lists, pa.ChunkedArray) else lists
    ends = view(lists.offsets).tolist()
    return [lists.values.slice(a, b - a) for a, b in pairwise(ends)]


def _numeric(head: Sequence[Any], counts: Any, sums: Any) -> NumericProfile:
    missing, negative, positive, low, high, squares, few = head
    return NumericProfile(
        missing=missing,
        negative_infinite=negative,
        positive_infinite=positive,
        low=float.fromhex(low),
        high=float.fromhex(high),
        counts=counts,
        sums=sums,
        squares=float.fromhex(squares),
        few=None if few is None else {float.fromhex(value): n for value, n in few},
    )


def _categorical(
    head: Sequence[Any], known: Any, new: pa.Array, new_counts: Any
) -> CategoryProfile:
    missing, other, border, most = head
    return CategoryProfile(
        missing=missing,
        known=known,
        new=Named(names=new, hashes=text_hashes(new), counts=new_counts),
        other=other,
        border=int(border),
        most=most,
    )


def _square(table: pa.Table, name: str, size: int) -> Floats:
    rows = [view(part) for part in _parts(table, name)[:size]]
    return np.stack(rows) if rows else np.zeros((0, 0))


def layout_to_table(layout: Layout) -> pa.Table:
    """Return a layout as a table, numeric columns first."""
    grids, known = list(layout.grids.values()), list(layout.categories.values())
    head = {
        "correlated": layout.correlated,
        "numeric": [
            [g.centre.hex(), None if g.usual is None else [x.hex() for x in astuple(g.usual)]]
            for g in grids
        ],
        "categorical": [[c.is_complete, c.most] for c in known],
    }
    columns = {
        "column": text_array([*layout.grids, *layout.categories]),
        "edges": _lists(
            [float_array(g.edges) for g in grids] + [float_array(np.empty(0)) for _ in known]
        ),
        "names": _lists([text_array([]) for _ in grids] + [c.names for c in known]),
    }
    return _table(columns, head)


def layout_from_table(table: pa.Table) -> Layout:
    """Return the layout that a table holds.

    Raises:
        CorruptFileError: If the table is none of this version's layouts.
    """
    head = _head(table)
    names = table.column("column").to_pylist()
    k = len(head["numeric"])
    edges, known = _parts(table, "edges")[:k], _parts(table, "names")[k:]
    grids = {
        name: Grid(
            edges=view(part).astype(np.float64), centre=float.fromhex(centre), usual=_usual(usual)
        )
        for name, part, (centre, usual) in zip(names[:k], edges, head["numeric"], strict=True)
    }
    categories = {
        name: Categories(names=part, is_complete=is_complete, most=most)
        for name, part, (is_complete, most) in zip(
            names[k:], known, head["categorical"], strict=True
        )
    }
    return layout_with_key(grids, categories, tuple(head["correlated"]))


def _usual(found: Sequence[str] | None) -> UsualRange | None:
    if found is None:
        return None
    low, high, fence_low, fence_high = map(float.fromhex, found)
    return UsualRange(low=low, high=high, fence_low=fence_low, fence_high=fence_high)
