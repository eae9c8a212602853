"""What can be wrong with stored rows before any of them is looked at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadProblem:
    """Something wrong with the stored bytes or types, found while reading.

    Attributes:
        problem: `corrupt_file`, `mixed_types`, `naive_timestamps` or `unreadable_timestamps`.
        subject: The file or the column that it is about.
        detail: One sentence for a human.
        n: The rows concerned, 0 where the file could not be read at all.
    """

    problem: str
    subject: str
    detail: str
    n: int = 0
