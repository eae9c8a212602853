"""Which columns are summarised, and on which grid or list of categories.

A layout is made once per version of the reference. Only profiles of one layout can be merged or
compared, so each carries the layout's key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import pyarrow as pa

from monitoring_assets.profiles.columns import (
    Hashes,
    floats,
    text_array,
    text_counts,
    text_hashes,
)
from monitoring_assets.profiles.grid import Grid, grid_of
from monitoring_assets.stats.samples import CategorySample, NumericSample, Sample

FORMAT = 2  # changes whenever profiles of the same rows would differ
MOST_CATEGORIES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Categories:
    """The categories of a column that are always counted by name.

    Attributes:
        names: The most frequent categories of the reference, in the order of their texts.
        is_complete: Whether the reference has no others.
        most: How many other categories are counted by name.
        hashes: The hashes of the names.
    """

    names: pa.Array
    is_complete: bool
    most: int
    hashes: Hashes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hashes", text_hashes(self.names))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """What a profile is made of.

    Attributes:
        grids: The bins of the numeric columns.
        categories: The known categories of the categorical columns.
        correlated: The numeric columns whose co-moments are kept, for correlations.
        key: A text that changes with anything above and with the format of profiles.
    """

    grids: Mapping[str, Grid]
    categories: Mapping[str, Categories]
    correlated: tuple[str, ...]
    key: str

    @property
    def columns(self) -> list[str]:
        """Return the names of all columns that are read."""
        return [*self.grids, *self.categories]


def layout_of(
    reference: pa.Table,
    numeric: Sequence[str],
    categorical: Sequence[str],
    *,
    correlated: Sequence[str] | None = None,
    most_categories: int = MOST_CATEGORIES,
) -> Layout:
    """Return the layout for a reference, or for a sample of a reference beyond memory.

    Args:
        reference: Rows of the reference.
        numeric: Columns that hold numbers.
        categorical: Columns that hold categories.
        correlated: Numeric columns to correlate; all by default.
        most_categories: How many categories of a column are counted by name.
    """
    samples: dict[str, Sample] = {
        name: NumericSample.of(floats(reference.column(name))) for name in numeric
    }
    for name in categorical:
        samples[name] = CategorySample(text_counts(reference.column(name)))
    return layout_of_samples(samples, correlated=correlated, most_categories=most_categories)


def layout_of_samples(
    samples: Mapping[str, Sample],
    *,
    correlated: Sequence[str] | None = None,
    most_categories: int = MOST_CATEGORIES,
) -> Layout:
    """Return the layout for the columns of a reference."""
    grids = {n: grid_of(s) for n, s in samples.items() if isinstance(s, NumericSample)}
    categories = {
        name: _categories(sample, most_categories)
        for name, sample in samples.items()
        if isinstance(sample, CategorySample)
    }
    return layout_with_key(grids, categories, tuple(grids if correlated is None else correlated))


def layout_with_key(
    grids: Mapping[str, Grid], categories: Mapping[str, Categories], correlated: tuple[str, ...]
) -> Layout:
    """Return the layout of these parts."""
    digest = blake2b(digest_size=16)
    digest.update(repr((FORMAT, list(grids), list(categories), correlated)).encode())
    for grid in grids.values():
        digest.update(repr((grid.centre, grid.usual, len(grid.edges))).encode())
        digest.update(grid.edges.tobytes())
    for known in categories.values():
        digest.update(repr((known.names.to_pylist(), known.is_complete, known.most)).encode())
    return Layout(
        grids=grids, categories=categories, correlated=correlated, key=digest.hexdigest()
    )


def _categories(sample: CategorySample, most: int) -> Categories:
    names = sorted(sample.counts, key=lambda name: (-sample.counts[name], name))
    return Categories(
        names=text_array(sorted(names[:most])),
        is_complete=len(names) <= most,
        most=most,
    )
