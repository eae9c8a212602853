"""How rows become a profile, in one pass and bounded memory.

A batch becomes a profile of its own, and profiles are merged in the order of the batches; so the
result does not depend on the number of threads. Reading files belongs to the caller.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import reduce

import numpy as np
import pyarrow as pa

from monitoring_assets.profiles.categories import Lookups
from monitoring_assets.profiles.columns import Counts, floats
from monitoring_assets.profiles.grid import Grid
from monitoring_assets.profiles.layout import Layout
from monitoring_assets.profiles.profile import (
    FEW,
    CoMoments,
    NumericProfile,
    Profile,
    beside,
    merge,
)
from monitoring_assets.stats.samples import Floats

# Sorting is fastest where a column of a batch stays in the second-level cache (1 MiB).
BATCH_ROWS = 131_072
_BLOCK = 2**18  # values that are multiplied at once, 2 MiB
_TEXT_BYTES = 2**25  # columns of texts that are counted at once

Task = tuple[pa.RecordBatch | pa.Table, Layout]


def profile_batches(
    batches: Iterable[pa.RecordBatch | pa.Table], layout: Layout, *, threads: int = 2
) -> Profile:
    """Return the profile of all rows of `batches`; those of `BATCH_ROWS` rows are fastest."""
    numbers, texts = narrowed(layout, layout.grids), narrowed(layout, layout.categories)
    parts = [numbers, texts] if layout.categories else [numbers]
    return profile_parts(_divided(batches, numbers, texts), layout, parts, threads)


def profile_parts(
    tasks: Iterable[Task], layout: Layout, parts: Sequence[Layout], threads: int
) -> Profile:
    """Return the profile of rows whose columns come one part after the other.

    Args:
        tasks: Rows, and which part of the layout is made of them.
        layout: What is kept.
        parts: The parts of the layout, each of which is made of all rows.
        threads: How many tasks are worked on at once.
    """
    found: dict[Layout, Profile] = {}
    for part, profile in _profiles(tasks, threads):
        found[part] = merge(found[part], profile) if part in found else profile
    both = reduce(beside, [found.get(part) or empty_profile(part) for part in parts])
    return Profile(
        layout=layout.key,
        rows=both.rows,
        numeric={name: both.numeric[name] for name in layout.grids},
        categorical={name: both.categorical[name] for name in layout.categories},
        comoments=both.comoments,
    )


def narrowed(layout: Layout, columns: Collection[str]) -> Layout:
    """Return the part of a layout that is about some columns."""
    return Layout(
        grids={name: grid for name, grid in layout.grids.items() if name in columns},
        categories={name: known for name, known in layout.categories.items() if name in columns},
        correlated=layout.correlated if set(layout.correlated) <= set(columns) else (),
        key=layout.key,
    )


def _divided(
    batches: Iterable[pa.RecordBatch | pa.Table], numbers: Layout, texts: Layout
) -> Iterator[Task]:
    """Yield the numbers of each batch, and the texts of several batches at once.

    Each time that texts are counted, all distinct ones are looked up.
    """
    waiting: list[pa.Table] = []
    size = 0
    for batch in batches:
        yield batch, numbers
        if not texts.categories:
            continue
        part = pa.table({name: column_of(batch, name) for name in texts.categories})
        if waiting and (size > _TEXT_BYTES or part.schema != waiting[0].schema):
            yield pa.concat_tables(waiting), texts
            waiting, size = [], 0
        waiting.append(part)
        size += part.nbytes
    if waiting:
        yield pa.concat_tables(waiting), texts


def _profiles(tasks: Iterable[Task], threads: int) -> Iterator[tuple[Layout, Profile]]:
    """Yield the profile of each task in order; at most `threads` tasks are in memory."""
    if threads == 1:
        yield from ((part, profile_of(rows, part)) for rows, part in tasks)
        return
    waiting: deque[tuple[Layout, Future[Profile]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for rows, part in tasks:
            waiting.append((part, pool.submit(profile_of, rows, part)))
            if len(waiting) > threads:
                first, profile = waiting.popleft()
                yield first, profile.result()
        for last, profile in waiting:
            yield last, profile.result()


def empty_profile(layout: Layout) -> Profile:
    """Return the profile of no rows, which changes nothing that it is merged with."""
    return profile_of(pa.table({name: pa.nulls(0) for name in layout.columns}), layout)


def profile_of(
    rows: pa.RecordBatch | pa.Table, layout: Layout, lookups: Lookups | None = None
) -> Profile:
    """Return the profile of rows in memory; a column that is not there has no values.

    Args:
        rows: The rows.
        layout: What is kept of them.
        lookups: What is remembered from one batch to the next.
    """
    values = {name: floats(column_of(rows, name)) for name in layout.grids}
    lookups = lookups or Lookups()
    return Profile(
        layout=layout.key,
        rows=rows.num_rows,
        numeric={n: numeric_profile(np.sort(values[n]), grid) for n, grid in layout.grids.items()},
        categorical={
            name: lookups.counted(column_of(rows, name), known).profile
            for name, known in layout.categories.items()
        },
        comoments=comoments(layout, [values[name] for name in layout.correlated]),
    )


def column_of(rows: pa.RecordBatch | pa.Table, name: str) -> pa.ChunkedArray | pa.Array:
    """Return a column, without values where there is none."""
    place = rows.schema.get_field_index(name)  # a list of 500 names takes a second to search
    if place >= 0:
        return rows.column(place)
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
        # Not a dot product: BLAS wakes a second thread for it, which spins longer than it helps.
        squares = 0.0 if is_constant else float(np.square(centred, out=centred).sum())
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


def comoments(layout: Layout, columns: Sequence[Floats]) -> CoMoments:
    """Return the co-moments of the correlated columns, NaN where a value is missing.

    OpenBLAS multiplies fewer than 64 columns in one thread. With more, its threads compete with
    those of `profile_batches`: OPENBLAS_NUM_THREADS=1, set before NumPy is imported, avoids it.
    """
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
