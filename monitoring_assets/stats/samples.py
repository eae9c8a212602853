"""The two shapes in which a column's values reach a statistic.

How a table is turned into samples belongs to `evaluation.table`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class NumericSample:
    """The finite values of a numeric column, sorted ascending, shape `(n,)`."""

    values: Floats

    @classmethod
    def of(cls, values: Floats) -> "NumericSample":
        """Return the sample of unsorted values; NaN and infinities are left out."""
        return cls(np.sort(values[np.isfinite(values)]) + 0.0)  # -0.0 becomes 0.0

    @property
    def n(self) -> int:
        """Return the number of values."""
        return len(self.values)

    def as_categories(self) -> "CategorySample":
        """Return how often each distinct value occurs, for columns with few of them."""
        distinct, counts = np.unique(self.values, return_counts=True)
        pairs = zip(distinct.tolist(), counts.tolist(), strict=True)
        return CategorySample({f"{value:.17g}": count for value, count in pairs})


class HashedCounts(Mapping[str, int]):
    """Counts by text, which are brought together with others by the hashes of the texts.

    That takes 3 ms for 50,000 texts; making a `dict` of them and looking up each takes 20.
    """

    def __init__(
        self, hashes: NDArray[np.uint64], counts: NDArray[np.int64], texts: Callable[[], list[str]]
    ) -> None:
        """Take counts that are not 0.

        Args:
            hashes: The hashes of the texts, each once.
            counts: Their counts.
            texts: Returns the texts; it is not called before one is asked for.
        """
        self.hashes, self.counts = hashes, counts
        self._texts = texts

    def extended(self, hash_: int, count: int) -> "HashedCounts":
        """Return these counts and one of a text that has no name."""
        return HashedCounts(
            np.append(self.hashes, np.uint64(hash_)),
            np.append(self.counts, count),
            lambda: [*self._texts(), f"\x00 {hash_}"],
        )

    @cached_property
    def _by_text(self) -> dict[str, int]:
        return dict(zip(self._texts(), self.counts.tolist(), strict=True))

    def __getitem__(self, text: str) -> int:
        return self._by_text[text]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_text)

    def __len__(self) -> int:
        return len(self.hashes)


@dataclass(frozen=True, slots=True, eq=False)
class CategorySample:
    """How often each category occurs; missing values are left out."""

    counts: Mapping[str, int]

    @property
    def n(self) -> int:
        """Return the number of values."""
        if isinstance(self.counts, HashedCounts):
            return int(self.counts.counts.sum())
        return sum(self.counts.values())


Sample = NumericSample | CategorySample


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A statistic with its 95 % interval and the number of rows behind it.

    Attributes:
        value: The statistic; None where it is not defined (one class only, no rows).
        lower: Lower end of the interval, None where there is none.
        upper: Upper end of the interval, None where there is none.
        n: The rows that it rests on.
    """

    value: float | None
    n: int
    lower: float | None = None
    upper: float | None = None
