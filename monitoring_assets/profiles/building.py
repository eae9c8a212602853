"""How rows become a profile, in one pass and bounded memory.

A batch becomes a profile of its own, and profiles are merged in the order of the batches; so the
result does not depend on the number of threads. Reading files belongs to the caller.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitoring_assets.profiles.columns import (
    Counts,
    Hashes,
    as_text,
    chunks,
    dictionary_counts,
    floats,
    int_array,
    is_valid,
    text_array,
    text_hashes,
    view,
)
from monitoring_assets.profiles.grid import Grid
from monitoring_assets.profiles.layout import Categories, Layout
from monitoring_assets.profiles.profile import (
    FEW,
    NO_BORDER,
    CategoryProfile,
    CoMoments,
    Named,
    NumericProfile,
    Profile,
    below_border,
    merge,
)
from monitoring_assets.stats.samples import Floats

# Sorting is fastest where a column of a batch stays in the second-level cache (1 MiB).
BATCH_ROWS = 131_072
_BLOCK = 2**18  # values that are multiplied at once, 2 MiB


def profile_batches(
    batches: Iterable[pa.RecordBatch | pa.Table], layout: Layout, *, threads: int = 2
) -> Profile:
    """Return the profile of all rows of `batches`.

    Batches of `BATCH_ROWS` rows are fastest. Set OPENBLAS_NUM_THREADS=1 before NumPy is imported:
    its own threads only cost here.
    """
    return reduce(merge, _profiles(batches, layout, threads), empty_profile(layout))


def _profiles(
    batches: Iterable[pa.RecordBatch | pa.Table], layout: Layout, threads: int
) -> Iterator[Profile]:
    """Yield the profile of each batch in order; at most `threads` batches are in memory."""
    lookups = Lookups()
    if threads == 1:
        yield from (profile_of(batch, layout, lookups) for batch in batches)
        return
    waiting: deque[Future[Profile]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for batch in batches:
            waiting.append(pool.submit(profile_of, batch, layout, lookups))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        for last in waiting:
            yield last.result()


def empty_profile(layout: Layout) -> Profile:
    """Return the profile of no rows, which changes nothing that it is merged with."""
    return profile_of(pa.table({name: pa.nulls(0) for name in layout.columns}), layout)


def profile_of(
    rows: pa.RecordBatch | pa.Table, layout: Layout, lookups: "Lookups | None" = None
) -> Profile:
    """Return the profile of rows in memory; a column that is not there has no values.

    Args:
        rows: The rows.
        layout: What is kept of them.
        lookups: What is remembered from one batch to the next.
    """
    values = {name: floats(column_of(rows, name)) for name in layout.grids}
    return profile_of_parts(
        rows,
        layout,
        {n: numeric_profile(np.sort(values[n]), grid) for n, grid in layout.grids.items()},
        comoments(layout, [values[name] for name in layout.correlated]),
        lookups,
    )


def profile_of_parts(
    rows: pa.RecordBatch | pa.Table,
    layout: Layout,
    numeric: Mapping[str, NumericProfile],
    moments: CoMoments,
    lookups: "Lookups | None" = None,
) -> Profile:
    """Return the profile of rows whose numbers are summarised already."""
    lookups = lookups or Lookups()
    return Profile(
        layout=layout.key,
        rows=rows.num_rows,
        numeric=numeric,
        categorical={
            name: category_profile(column_of(rows, name), known, lookups)
            for name, known in layout.categories.items()
        },
        comoments=moments,
    )


def column_of(rows: pa.RecordBatch | pa.Table, name: str) -> pa.ChunkedArray | pa.Array:
    """Return a column, without values where there is none."""
    if name in rows.schema.names:
        return rows.column(name)
    return pa.nulls(rows.num_rows, pa.string())


def numeric_profile(values: Floats, grid: Grid) -> NumericProfile:
    """Return the profile of all values of a column in ascending order, NaN last, shape `(n,)`."""
    start, end, missing_from = np.searchsorted(values, [-np.finfo(float).max, np.inf, np.nan])
    finite = values[start:end]
    borders = np.concatenate([[0], np.searchsorted(finite, grid.edges), [len(finite)]])
    counts = np.diff(borders)
    with np.errstate(over="ignore", invalid="ignore"):
        centred = finite - grid.centre
        sums = _sums(centred, borders, counts)
        centred -= sums.sum() / max(len(finite), 1)
        is_constant = len(finite) == 0 or finite[0] == finite[-1]
        squares = 0.0 if is_constant else float(np.dot(centred, centred))
    return NumericProfile(
        missing=len(values) - int(missing_from),
        negative_infinite=int(start),
        positive_infinite=int(missing_from - end),
        low=float(finite[0]) if len(finite) else np.inf,
        high=float(finite[-1]) if len(finite) else -np.inf,
        counts=counts,
        sums=sums,
        squares=squares,
        few=_few(finite, counts),
    )


def _sums(centred: Floats, borders: Counts, counts: Counts) -> Floats:
    """Add up bin by bin: differences of a running sum would lose the digits of small values."""
    sums = np.zeros(len(counts))
    filled = np.flatnonzero(counts)
    if len(filled):
        sums[filled] = np.add.reduceat(centred, borders[filled])
    return sums


def _few(finite: Floats, counts: Counts) -> dict[float, int] | None:
    """Return the distinct values with their counts, None if there are too many."""
    if np.count_nonzero(counts) > FEW:
        return None
    found: dict[float, int] = {}
    position = 0
    while position < len(finite):
        if len(found) == FEW:
            return None
        end = int(np.searchsorted(finite, finite[position], "right"))
        found[float(finite[position]) + 0.0] = end - position  # -0.0 becomes 0.0
        position = end
    return found


def category_profile(
    column: pa.ChunkedArray | pa.Array, known: Categories, lookups: "Lookups"
) -> CategoryProfile:
    """Return the profile of a categorical column."""
    totals = np.zeros(len(known.names), dtype=np.int64)
    new: list[Named] = []
    for chunk in chunks(column):
        values, counts = dictionary_counts(chunk)
        place = lookups.of(values, known)
        np.add.at(totals, place.known_places, counts[place.known])
        new.append(_counted(place, counts))
    total = sum(int(one.counts.sum()) for one in new) + int(totals.sum())
    kept, spilled, border = below_border(_joined(new), NO_BORDER, known.most)
    return CategoryProfile(
        missing=len(column) - total,
        known=totals,
        new=kept,
        other=spilled,
        border=border,
        most=known.most,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lookup:
    """Where the values of a dictionary belong.

    Attributes:
        values: The dictionary.
        known: The positions in it of categories that the layout knows.
        known_places: Where the layout has them.
        new: The positions of all other categories, in the order of their hashes.
        names: Their texts.
        hashes: Their hashes.
    """

    values: pa.Array
    known: Counts
    known_places: Counts
    new: Counts
    names: pa.Array
    hashes: Hashes


class Lookups:
    """The latest dictionary of each column: all batches of a row group have the same one.

    Comparing two dictionaries is thirty times faster than looking up what is in them.
    """

    def __init__(self) -> None:
        self._latest: dict[int, Lookup] = {}

    def of(self, values: pa.Array, known: Categories) -> Lookup:
        """Return where the values belong."""
        latest = self._latest.get(id(known))
        if latest is None or not latest.values.equals(values):
            latest = self._latest[id(known)] = _lookup(values, known)
        return latest


def _lookup(values: pa.Array, known: Categories) -> Lookup:
    texts = as_text(values)
    places = pc.index_in(texts, value_set=known.names)
    is_known = is_valid(places)
    new = np.flatnonzero(is_valid(texts) & ~is_known)
    names = texts.take(int_array(new))
    hashes = text_hashes(names)
    order = np.argsort(hashes)
    return Lookup(
        values=values,
        known=np.flatnonzero(is_known),
        known_places=view(places.drop_null()),
        new=new[order],
        names=names.take(int_array(order)),
        hashes=hashes[order],
    )


def _counted(place: Lookup, counts: Counts) -> Named:
    new = counts[place.new]
    if new.all():
        return Named(names=place.names, hashes=place.hashes, counts=new)
    there = np.flatnonzero(new)
    return Named(
        names=place.names.take(int_array(there)), hashes=place.hashes[there], counts=new[there]
    )


def _joined(parts: Sequence[Named]) -> Named:
    return Named(
        names=pa.concat_arrays([text_array([]), *(part.names for part in parts)]),
        hashes=np.concatenate([np.empty(0, np.uint64), *(part.hashes for part in parts)]),
        counts=np.concatenate([np.empty(0, np.int64), *(part.counts for part in parts)]),
    )


def comoments(layout: Layout, columns: Sequence[Floats]) -> CoMoments:
    """Return the co-moments of the correlated columns, NaN where a value is missing."""
    centres = np.array([layout.grids[name].centre for name in layout.correlated])
    rows, sums, squares, products = (np.zeros((len(columns),) * 2) for _ in range(4))
    with np.errstate(over="ignore", invalid="ignore"):
        for block in _blocks(centres, columns):
            product = block @ block.T
            if np.isfinite(product).all():
                rows += block.shape[1]
                sums += block.sum(axis=1, keepdims=True)
                squares += product.diagonal()[:, np.newaxis]
                products += product
                continue
            there = np.isfinite(block).astype(np.float64)
            block[there == 0] = 0.0
            rows += there @ there.T
            sums += block @ there.T
            squares += (block * block) @ there.T
            products += block @ block.T
    return CoMoments(rows=rows, sums=sums, squares=squares, products=products)


def _blocks(centres: Floats, columns: Sequence[Floats]) -> Iterator[Floats]:
    """Yield columns minus their centres as rows of a matrix, some thousand rows at a time."""
    if not columns:
        return
    size = max(_BLOCK // len(columns), 1)
    for start in range(0, len(columns[0]), size):
        block = np.stack([column[start : start + size] for column in columns])
        block -= centres[:, np.newaxis]
        yield block
