"""What a sample of rows shows about each of its columns, before any role is guessed."""

import re
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from monitoring_assets.sources.column_types import is_number
from monitoring_assets.sources.timestamps import Instants, instants

# A text column is taken for times when nearly all of its values can be read as such.
_READABLE = 0.95
# Numbers of a plausible time: 2001 to 2286 in seconds, and so on by factors of a thousand.
_SMALLEST_EPOCH = 1e9
_KEY_SHARE = 0.999
_KEY_SHARE_WITH_REPEATS = 0.9


@dataclass(frozen=True, kw_only=True, eq=False)
class ColumnFacts:
    """One column of a sample.

    Attributes:
        name: Its name.
        values: Its values that are not missing.
        n: The rows of the sample.
    """

    name: str
    values: pa.ChunkedArray
    n: int

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Return the words of the name: `predictedProbability` is `predicted`, `probability`."""
        spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.name)
        return tuple(word for word in re.split(r"[^a-z0-9]+", spaced.lower()) if word)

    @property
    def plain_name(self) -> str:
        """Return the words of the name, joined by underscores."""
        return "_".join(self.words)

    @property
    def kind(self) -> str:
        """Return the type of the column, for people."""
        return str(self.values.type)

    @cached_property
    def distinct(self) -> int:
        """Return how many different values there are, 0 for lists and structs."""
        if not len(self.values) or kinds.is_nested(self.values.type):
            return 0
        return int(pc.count_distinct(self.values).as_py())

    @property
    def is_text(self) -> bool:
        """Return whether the values are text."""
        return bool(kinds.is_string(self.values.type))

    @property
    def is_boolean(self) -> bool:
        """Return whether the values are true or false."""
        return bool(kinds.is_boolean(self.values.type))

    @property
    def is_whole(self) -> bool:
        """Return whether the values are whole numbers by type."""
        return bool(kinds.is_integer(self.values.type))

    @property
    def is_number(self) -> bool:
        """Return whether the values are numbers."""
        return is_number(self.values.type)

    @property
    def is_nearly_key(self) -> bool:
        """Return whether few rows share a value with another, as when some are logged twice."""
        return self.n > 1 and self.distinct >= self.n * _KEY_SHARE_WITH_REPEATS

    @property
    def is_key(self) -> bool:
        """Return whether (nearly) every row has its own value."""
        return self.n > 1 and self.distinct >= self.n * _KEY_SHARE

    @cached_property
    def times(self) -> Instants | None:
        """Return the values as times, None where they are something else."""
        kind = self.values.type
        if kinds.is_timestamp(kind) or kinds.is_date(kind):
            return instants(self.values, None)
        if not (self.is_text or self._is_epoch) or not len(self.values):
            return None
        found = instants(self.values, None)
        return found if found.n_unreadable <= (1 - _READABLE) * len(self.values) else None

    @property
    def _is_epoch(self) -> bool:
        return (
            self.is_number
            and len(self.values) > 0
            and pc.min(self.values).as_py() >= _SMALLEST_EPOCH
        )

    @cached_property
    def is_probability(self) -> bool:
        """Return whether all values are fractions between 0 and 1."""
        if not kinds.is_floating(self.values.type) or self.distinct <= 2:  # noqa: PLR2004 - classes
            return False
        limits = pc.min_max(self.values).as_py()
        return bool(limits["min"] >= 0 and limits["max"] <= 1)

    @cached_property
    def most_frequent(self) -> tuple[tuple[object, int], ...]:
        """Return the values and how often they occur, the most frequent first."""
        if kinds.is_nested(self.values.type):
            return ()
        counted = [(c["values"], c["counts"]) for c in pc.value_counts(self.values).to_pylist()]
        return tuple(sorted(counted, key=lambda pair: (-pair[1], str(pair[0]))))


def column_facts(rows: pa.Table) -> tuple[ColumnFacts, ...]:
    """Return the facts of every column of a sample."""
    return tuple(
        ColumnFacts(name=name, values=rows.column(name).drop_null(), n=rows.num_rows)
        for name in rows.column_names
    )
