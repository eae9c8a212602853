"""The profiles of categorical columns, from the counts of their values.

Values are counted as they are stored and come back in batches; their texts, and which of those
that the layout does not know are counted by name, follow from the rules of `profiles`. So an
engine's own ways to print a number cannot matter, and memory is bounded for any number of values.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from monitoring_assets.engines.rows import PART, Rows
from monitoring_assets.profiles.building import empty_profile, narrowed
from monitoring_assets.profiles.categories import Lookups
from monitoring_assets.profiles.columns import Counts, int_array, view
from monitoring_assets.profiles.layout import Layout
from monitoring_assets.profiles.profile import CategoryProfile, Profile, merge

_VALUES_AT_ONCE = 100_000


def categories_query(rows: Rows, column: str) -> Any:
    """Return the query for the values of one column, null perhaps among them, with their rows."""
    values = rows.table.select(PART, value=rows.table[rows.categorical[column]])
    return rows.aggregated(values, "value", n=values.count())


def category_profiles(rows: Rows, column: str, layout: Layout) -> dict[int, CategoryProfile]:
    """Ask for the profiles of one column in every part that has rows."""
    nothing = empty_profile(narrowed(layout, [column]))
    found: dict[int, Profile] = {}
    for part, values, counts in _batches(categories_query(rows, column)):
        n, known = int(counts.sum()), layout.categories[column]
        counted = Lookups().grouped(values, counts, n, known).profile
        batch = Profile(
            layout=layout.key,
            rows=n,
            numeric={},
            categorical={column: counted},
            comoments=nothing.comoments,
        )
        found[part] = merge(found.get(part, nothing), batch)
    return {part: profile.categorical[column] for part, profile in found.items()}


def _batches(query: Any) -> Iterator[tuple[int, pa.Array, Counts]]:
    """Yield some of the values of one part at a time."""
    for batch in query.to_pyarrow_batches(chunk_size=_VALUES_AT_ONCE):
        parts, counts = view(batch.column(PART)), view(batch.column("n"))
        for part in np.unique(parts).tolist():
            own = np.flatnonzero(parts == part)
            yield part, batch.column("value").take(int_array(own)), counts[own]
