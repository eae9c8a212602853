"""What is kept of the rows of one window or segment, and how two such summaries are merged.

Everything is a count, a sum, an extreme or a set, so merging is associative and commutative:
counts are equal in whatever order rows were read and parts were merged, and sums agree to
rounding. How rows become a profile belongs to `profiles.building`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import pyarrow as pa

from monitoring_assets.profiles.columns import Counts, Hashes, first_of_each, int_array
from monitoring_assets.stats.samples import Floats

# Up to this many distinct numbers are kept with their counts.
FEW = 32
NO_BORDER = 2**64  # beyond every hash

Key = TypeVar("Key", float, str)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NumericProfile:
    """What is kept of a numeric column.

    Attributes:
        missing: Rows without a value (null or NaN).
        negative_infinite: Rows with -∞.
        positive_infinite: Rows with +∞.
        low: Smallest finite value, +∞ if there is none.
        high: Largest finite value, -∞ if there is none.
        counts: Finite values by bin of the grid, shape `(bins,)`.
        sums: Sums of (value - centre) by bin, shape `(bins,)`.
        squares: Sum of (value - mean)² of all finite values, about their own mean: about the
            centre, values that lie far from it and close together would lose their digits.
        few: All distinct finite values with their counts, None if they are more than `FEW`.
        n: The number of finite values.
    """

    missing: int
    negative_infinite: int
    positive_infinite: int
    low: float
    high: float
    counts: Counts
    sums: Floats
    squares: float
    few: Mapping[float, int] | None
    n: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", int(self.counts.sum()))

    @property
    def infinite(self) -> int:
        """Return the number of infinite values."""
        return self.negative_infinite + self.positive_infinite

    def mean(self, centre: float) -> float:
        """Return the mean of the finite values, NaN without any."""
        n = self.n
        return centre + float(self.sums.sum()) / n if n else np.nan

    @property
    def deviation(self) -> float:
        """Return the standard deviation of the finite values (divided by n), NaN without any."""
        n = self.n
        return float(np.sqrt(self.squares / n)) if n else np.nan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Named:
    """Categories that are counted by name, in the order of their hashes, shape `(n,)`."""

    names: pa.Array
    hashes: Hashes
    counts: Counts

    def as_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return dict(zip(self.names.to_pylist(), self.counts.tolist(), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CategoryProfile:
    """What is kept of a categorical column.

    Of the categories that the layout does not know, those with the smallest hashes are counted
    by name. Which ones these are depends on the set of categories alone, so their counts stay
    exact through any merging, and the largest hash tells how many there are.

    Attributes:
        missing: Rows without a value.
        known: Rows by category of the layout, shape `(categories,)`.
        new: Rows by other category, as far as their hash is below `border`.
        other: Rows of the categories from `border` on.
        border: Smallest hash that is not counted by name; `NO_BORDER` if all are.
        most: How many categories that the layout does not know are counted by name.
    """

    missing: int
    known: Counts
    new: Named
    other: int
    border: int
    most: int

    @property
    def n(self) -> int:
        """Return the number of values."""
        return int(self.known.sum()) + int(self.new.counts.sum()) + self.other

    @property
    def unknown(self) -> int:
        """Return the number of categories that the layout does not know.

        It is an estimate (±1 % for 10,000) if not all of them are counted by name.
        """
        new = len(self.new.names)
        return new if self.border == NO_BORDER else round(new * (NO_BORDER / self.border))

    @property
    def distinct(self) -> int:
        """Return the number of categories, as precise as `unknown`."""
        return int(np.count_nonzero(self.known)) + self.unknown


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoMoments:
    """Sums over the rows in which both columns of a pair have a finite value, shape `(k, k)`.

    Attributes:
        rows: How many such rows there are.
        sums: Of (value - centre) of the first column.
        squares: Of (value - centre)² of the first column.
        products: Of (value - centre) of both columns.
    """

    rows: Floats
    sums: Floats
    squares: Floats
    products: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """What is kept of a set of rows.

    Attributes:
        layout: The key of the layout it is made on.
        rows: The number of rows.
        numeric: The numeric columns by name.
        categorical: The categorical columns by name.
        comoments: Of the correlated columns in the layout's order.
    """

    layout: str
    rows: int
    numeric: Mapping[str, NumericProfile]
    categorical: Mapping[str, CategoryProfile]
    comoments: CoMoments


def merge(a: Profile, b: Profile) -> Profile:
    """Return the profile of the rows of both.

    Raises:
        ValueError: If the two are made on different layouts.
    """
    if a.layout != b.layout:
        raise ValueError("profiles of different layouts cannot be merged: profile the rows again")
    return Profile(
        layout=a.layout,
        rows=a.rows + b.rows,
        numeric={name: _numbers(a.numeric[name], b.numeric[name]) for name in a.numeric},
        categorical={
            name: _categories(a.categorical[name], b.categorical[name]) for name in a.categorical
        },
        comoments=added_comoments(a.comoments, b.comoments),
    )


def times(profile: Profile, factor: int) -> Profile:
    """Return the profile of the rows as if each were there `factor` times.

    Distances are then those of all rows. P-values are too small, since they take every row for one
    that was seen.
    """
    moments = profile.comoments
    return Profile(
        layout=profile.layout,
        rows=profile.rows * factor,
        numeric={name: _numbers_times(one, factor) for name, one in profile.numeric.items()},
        categorical={
            name: _categories_times(one, factor) for name, one in profile.categorical.items()
        },
        comoments=CoMoments(
            rows=moments.rows * factor,
            sums=moments.sums * factor,
            squares=moments.squares * factor,
            products=moments.products * factor,
        ),
    )


def _numbers_times(one: NumericProfile, factor: int) -> NumericProfile:
    return NumericProfile(
        missing=one.missing * factor,
        negative_infinite=one.negative_infinite * factor,
        positive_infinite=one.positive_infinite * factor,
        low=one.low,
        high=one.high,
        counts=one.counts * factor,
        sums=one.sums * factor,
        squares=one.squares * factor,
        few=None if one.few is None else {value: n * factor for value, n in one.few.items()},
    )


def _categories_times(one: CategoryProfile, factor: int) -> CategoryProfile:
    new = one.new
    return CategoryProfile(
        missing=one.missing * factor,
        known=one.known * factor,
        new=Named(names=new.names, hashes=new.hashes, counts=new.counts * factor),
        other=one.other * factor,
        border=one.border,
        most=one.most,
    )


def beside(a: Profile, b: Profile) -> Profile:
    """Return the profile of the same rows with the columns of both.

    Raises:
        ValueError: If the two are made on different layouts or of different rows.
    """
    if (a.layout, a.rows) != (b.layout, b.rows):
        raise ValueError("only profiles of the same rows and layout can be put side by side")
    return Profile(
        layout=a.layout,
        rows=a.rows,
        numeric={**a.numeric, **b.numeric},
        categorical={**a.categorical, **b.categorical},
        comoments=a.comoments if len(a.comoments.rows) else b.comoments,
    )


def added_comoments(a: CoMoments, b: CoMoments) -> CoMoments:
    """Return the co-moments of the rows of both."""
    return CoMoments(
        rows=a.rows + b.rows,
        sums=a.sums + b.sums,
        squares=a.squares + b.squares,
        products=a.products + b.products,
    )


def _numbers(a: NumericProfile, b: NumericProfile) -> NumericProfile:
    return NumericProfile(
        missing=a.missing + b.missing,
        negative_infinite=a.negative_infinite + b.negative_infinite,
        positive_infinite=a.positive_infinite + b.positive_infinite,
        low=min(a.low, b.low),
        high=max(a.high, b.high),
        counts=a.counts + b.counts,
        sums=a.sums + b.sums,
        squares=a.squares + b.squares + _between(a, b),
        few=_few(a.few, b.few),
    )


def _between(a: NumericProfile, b: NumericProfile) -> float:
    """Return what the distance of two means adds to the squares (Chan, Golub, LeVeque 1979)."""
    n, m = a.n, b.n
    if not n or not m or a.low == a.high == b.low == b.high:
        return 0.0
    distance = float(a.sums.sum()) / n - float(b.sums.sum()) / m
    return distance * distance * (n * m / (n + m))


def _few(
    a: Mapping[float, int] | None, b: Mapping[float, int] | None
) -> Mapping[float, int] | None:
    if a is None or b is None:
        return None
    both = added(a, b)
    return both if len(both) <= FEW else None


def added(a: Mapping[Key, int], b: Mapping[Key, int]) -> dict[Key, int]:
    """Return the sums of counts."""
    both = dict(a)
    for key, count in b.items():
        both[key] = both.get(key, 0) + count
    return both


def _categories(a: CategoryProfile, b: CategoryProfile) -> CategoryProfile:
    both = Named(
        names=pa.concat_arrays([a.new.names, b.new.names]),
        hashes=np.concatenate([a.new.hashes, b.new.hashes]),
        counts=np.concatenate([a.new.counts, b.new.counts]),
    )
    new, spilled, border = below_border(both, min(a.border, b.border), a.most)
    return CategoryProfile(
        missing=a.missing + b.missing,
        known=a.known + b.known,
        new=new,
        other=a.other + b.other + spilled,
        border=border,
        most=a.most,
    )


def below_border(found: Named, border: int, most: int) -> tuple[Named, int, int]:
    """Return the categories that are kept by name, the rows of all others, and the new border.

    Args:
        found: Categories in any order, some perhaps named twice.
        border: Smallest hash that is not kept.
        most: How many are kept.
    """
    hashes, counts, places = found.hashes, found.counts, None
    if not (hashes[1:] > hashes[:-1]).all():
        order = np.argsort(hashes)
        firsts = first_of_each(hashes[order])
        places = order[firsts]
        hashes, counts = hashes[places], np.add.reduceat(counts[order], firsts)
    if len(hashes) > most:
        border = min(border, int(hashes[most]))
    kept = len(hashes) if border == NO_BORDER else int(np.searchsorted(hashes, np.uint64(border)))
    # Texts are slow to copy: only those that stay.
    names = found.names if places is None else found.names.take(int_array(places[:kept]))
    new = Named(names=names[:kept], hashes=hashes[:kept], counts=counts[:kept])
    return new, int(counts[kept:].sum()), border
