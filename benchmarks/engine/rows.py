"""What rows are measured; imports nothing, because the process that measures must stay small."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What rows are drawn.

    Attributes:
        rows: How many.
        columns: How many; one of five is categorical, and a single one is.
        seed: Of the random numbers.
        is_shifted: Whether every fifth numeric column is shifted.
        decimals: To how many decimals numbers are rounded, so that large files stay small.
        categories: How many a categorical column has.
    """

    rows: int
    columns: int
    seed: int
    is_shifted: bool = False
    decimals: int | None = None
    categories: int = 8


def column_names(columns: int) -> tuple[list[str], list[str]]:
    """Return the numeric and the categorical columns."""
    categorical = max(1, columns // 5)
    return [f"x{k}" for k in range(columns - categorical)], [f"c{k}" for k in range(categorical)]
