"""How layouts and profiles are kept as Arrow tables: one row for each column.

The tables are meant for Parquet or Arrow files with zstd, some kilobytes for a column. Where
they are kept belongs to `application`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from itertools import islice, pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitoring_assets.domain.errors import CorruptFileError
from monitoring_assets.profiles.columns import (
    Counts,
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
from monitoring_assets.profiles.segments import Segment
from monitoring_assets.stats.samples import Floats

_FORMAT, _HEAD = b"monitoring_assets.profiles", b"head"
Lists = Sequence[pa.Array]


def profile_to_table(profile: Profile) -> pa.Table:
    """Return a profile as a table, numeric columns first, whose metadata holds the small parts."""
    return _table(_columns(profile), _profile_head(profile))


def parts_to_table(parts: Mapping[Segment, Profile]) -> pa.Table:
    """Return the profiles of a window and its segments, all of one layout, as one table."""
    tables = [pa.table(_columns(profile)) for profile in parts.values()]
    head = {
        "segments": list(parts),
        "profiles": [_profile_head(profile) for profile in parts.values()],
    }
    return _with_head(pa.concat_tables(tables), head)


def _profile_head(profile: Profile) -> dict[str, Any]:
    return {
        "layout": profile.layout,
        "rows": profile.rows,
        "numeric": [_numeric_head(one) for one in profile.numeric.values()],
        "categorical": [
            [one.missing, one.other, str(one.border), one.most, len(one.known)]
            for one in profile.categorical.values()
        ],
        "correlated": len(profile.comoments.rows),
    }


def _columns(profile: Profile) -> dict[str, pa.Array]:
    """Return what is long; of the bins and the known categories only those that have rows."""
    numbers, categories = list(profile.numeric.values()), list(profile.categorical.values())
    counted = [one.counts for one in numbers] + [one.known for one in categories]
    filled = [np.flatnonzero(counts) for counts in counted]
    no_numbers, no_sums = [int_array([])] * len(numbers), [float_array(np.empty(0))]
    moments = profile.comoments
    return {
        "column": text_array([*profile.numeric, *profile.categorical]),
        "places": _lists([int_array(places) for places in filled]),
        "counts": _lists(
            [int_array(counts[at]) for counts, at in zip(counted, filled, strict=True)]
        ),
        "sums": _lists(
            [float_array(one.sums[at]) for one, at in zip(numbers, filled, strict=False)]
            + no_sums * len(categories)
        ),
        "new": _lists([text_array([]) for _ in numbers] + [one.new.names for one in categories]),
        "new_counts": _lists(no_numbers + [int_array(one.new.counts) for one in categories]),
        "pair_rows": _matrix(moments.rows, len(counted)),
        "pair_sums": _matrix(moments.sums, len(counted)),
        "pair_squares": _matrix(moments.squares, len(counted)),
        "pair_products": _matrix(moments.products, len(counted)),
    }


def _numeric_head(one: NumericProfile) -> list[Any]:
    few = None if one.few is None else [[value.hex(), n] for value, n in one.few.items()]
    counts = [one.missing, one.negative_infinite, one.positive_infinite]
    ends = [one.low.hex(), one.high.hex()]
    return [*counts, *ends, one.squares.hex(), few, len(one.counts)]


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
    return _with_head(pa.Table.from_arrays(list(columns.values()), names=list(columns)), head)


def _with_head(table: pa.Table, head: Mapping[str, Any]) -> pa.Table:
    return table.replace_schema_metadata({_FORMAT: str(FORMAT), _HEAD: json.dumps(head)})


def profile_from_table(table: pa.Table) -> Profile:
    """Return the profile that a table holds.

    Raises:
        CorruptFileError: If the table is none of this version's profiles.
    """
    return _profile(table, _head(table))


def parts_from_table(table: pa.Table, most: int | None = None) -> dict[Segment, Profile]:
    """Return the profiles of a window and its segments that a table holds, or the first ones.

    Raises:
        CorruptFileError: If the table holds none of this version's profiles.
    """
    head = _head(table)
    rows = table.num_rows // max(len(head["profiles"]), 1)
    parts = zip(head["segments"], head["profiles"], strict=True)
    return {
        (column, value): _profile(table.slice(place * rows, rows), one)
        for place, ((column, value), one) in enumerate(islice(parts, most))
    }


def _profile(table: pa.Table, head: Mapping[str, Any]) -> Profile:
    names = table.column("column").to_pylist()
    places, counts = _views(table, "places"), _views(table, "counts")
    k = len(head["numeric"])
    return Profile(
        layout=head["layout"],
        rows=head["rows"],
        numeric={
            name: _numeric(small, at, n, total)
            for name, small, at, n, total in zip(
                names[:k],
                head["numeric"],
                places[:k],
                counts[:k],
                _views(table, "sums")[:k],
                strict=True,
            )
        },
        categorical={
            name: _categorical(small, at, known, new, new_counts)
            for name, small, at, known, new, new_counts in zip(
                names[k:],
                head["categorical"],
                places[k:],
                counts[k:],
                _parts(table, "new")[k:],
                _views(table, "new_counts")[k:],
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


def _views(table: pa.Table, name: str) -> list[NDArray[Any]]:
    return [view(part) for part in _parts(table, name)]


def _spread(places: Counts, values: NDArray[Any], size: int) -> NDArray[Any]:
    """Return an array that has the values at their places, and zeros."""
    found = np.zeros(size, dtype=values.dtype)
    found[places] = values
    return found


def _numeric(head: Sequence[Any], places: Counts, counts: Counts, sums: Floats) -> NumericProfile:
    missing, negative, positive, low, high, squares, few, bins = head
    return NumericProfile(
        missing=missing,
        negative_infinite=negative,
        positive_infinite=positive,
        low=float.fromhex(low),
        high=float.fromhex(high),
        counts=_spread(places, counts, bins),
        sums=_spread(places, sums.astype(np.float64, copy=False), bins),
        squares=float.fromhex(squares),
        few=None if few is None else {float.fromhex(value): n for value, n in few},
    )


def _categorical(
    head: Sequence[Any], places: Counts, counts: Counts, new: pa.Array, new_counts: Counts
) -> CategoryProfile:
    missing, other, border, most, known = head
    return CategoryProfile(
        missing=missing,
        known=_spread(places, counts, known),
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
