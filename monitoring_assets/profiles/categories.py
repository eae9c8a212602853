"""How the texts of a column are counted by category, and become a profile or a sample.

Texts are brought together by their hashes, which costs a fraction of comparing them. How counts
are merged belongs to `profiles.profile`.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from monitoring_assets.profiles.columns import (
    Counts,
    Hashes,
    as_text,
    by_hash,
    dictionary_counts,
    int_array,
    is_valid,
)
from monitoring_assets.profiles.layout import Categories
from monitoring_assets.profiles.profile import (
    NO_BORDER,
    CategoryProfile,
    Named,
    below_border,
)
from monitoring_assets.stats.samples import CategorySample, HashedCounts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lookup:
    """The categories of a dictionary in the order of their hashes.

    Attributes:
        values: The dictionary.
        texts: Its canonical texts.
        order: The positions in it of all texts, in the order of their hashes.
        hashes: The distinct hashes, shape `(categories,)`.
        firsts: Where in `order` each distinct hash begins.
        known: Which of the layout's categories are among them.
        known_places: Where in `hashes` these are.
    """

    values: pa.Array
    texts: pa.Array
    order: Counts
    hashes: Hashes
    firsts: Counts
    known: Counts
    known_places: Counts

    def names(self, categories: Counts) -> pa.Array:
        """Return the texts of some of the categories."""
        return self.texts.take(int_array(self.order[self.firsts[categories]]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Counted:
    """How many rows of a column have each category.

    Attributes:
        rows: How many rows the column has.
        layout: The categories of the layout.
        place: The categories that are counted.
        counts: Their rows, shape `(categories,)`.
    """

    rows: int
    layout: Categories
    place: Lookup
    counts: Counts

    @property
    def profile(self) -> CategoryProfile:
        """Return the profile of the column."""
        known = np.zeros(len(self.layout.names), dtype=np.int64)
        known[self.place.known] = self.counts[self.place.known_places]
        n, n_new = int(self.counts.sum()), int(self.counts.sum() - known.sum())
        most = self.layout.most
        new, _, border = below_border(self._smallest_new(most + 1), NO_BORDER, most)
        return CategoryProfile(
            missing=self.rows - n,
            known=known,
            new=new,
            other=n_new - int(new.counts.sum()),
            border=border,
            most=most,
        )

    def _smallest_new(self, most: int) -> Named:
        """Return the categories that the layout does not know and that have the smallest hashes.

        No more than that, for texts are slow to copy.
        """
        is_new = self.counts > 0
        is_new[self.place.known_places] = False
        new = np.flatnonzero(is_new)[:most]
        return Named(
            names=self.place.names(new), hashes=self.place.hashes[new], counts=self.counts[new]
        )

    @property
    def sample(self) -> CategorySample:
        """Return the column as drift methods take it."""
        there = np.flatnonzero(self.counts)
        return CategorySample(
            HashedCounts(
                self.place.hashes[there],
                self.counts[there],
                lambda: self.place.names(there).to_pylist(),
            )
        )


class Lookups:
    """The latest dictionary of each column: neighbouring batches often have the same one.

    Comparing two dictionaries is thirty times faster than looking up what is in them.
    """

    def __init__(self) -> None:
        self._latest: dict[int, Lookup] = {}

    def counted(self, column: pa.ChunkedArray | pa.Array, layout: Categories) -> Counted:
        """Return the rows of a column by category."""
        values, counts = dictionary_counts(column)
        return self.grouped(values, counts, len(column), layout)

    def grouped(self, values: pa.Array, counts: Counts, rows: int, layout: Categories) -> Counted:
        """Return the rows of a column whose values are counted already.

        Args:
            values: Its values, null or several that are one category perhaps among them.
            counts: How many rows have each.
            rows: How many rows there are.
            layout: The categories of the layout.
        """
        latest = self._latest.get(id(layout))
        if latest is None or not latest.values.equals(values):
            latest = self._latest[id(layout)] = _lookup(values, layout)
        ordered = counts[latest.order]
        sums = np.add.reduceat(ordered, latest.firsts) if len(ordered) else ordered
        return Counted(rows=rows, layout=layout, place=latest, counts=sums)


def _lookup(values: pa.Array, layout: Categories) -> Lookup:
    texts = as_text(values)
    there = np.flatnonzero(is_valid(texts))
    order, hashes, firsts = by_hash(texts.drop_null())
    places = np.searchsorted(hashes, layout.hashes)
    known = np.flatnonzero(np.append(hashes, np.uint64(0))[places] == layout.hashes)
    return Lookup(
        values=values,
        texts=texts,
        order=there[order],
        hashes=hashes,
        firsts=firsts,
        known=known,
        known_places=places[known],
    )
