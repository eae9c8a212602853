"""The parts of the measurement, in the order in which they are measured."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from benchmarks.engine.bench import Bench
from benchmarks.engine.large import measure_categories, measure_stored, measure_stream
from benchmarks.engine.results import Result
from benchmarks.engine.windows import measure_backfill, measure_columns, measure_window

_SMALL, _LARGE = 100_000, 1_000_000
PARTS: Mapping[str, Callable[[Bench], Result]] = {
    "window-10k": partial(measure_window, rows=10_000, rounds=9, peer_rounds=5),
    "window-100k": partial(measure_window, rows=_SMALL, rounds=9, peer_rounds=5),
    "window-1M": partial(measure_window, rows=_LARGE, rounds=7, peer_rounds=3),
    "columns-25": partial(measure_columns, columns=25),
    "columns-100": partial(measure_columns, columns=100),
    "columns-500": partial(measure_columns, columns=500),
    "backfill-100k": partial(
        measure_backfill, rows=_SMALL, reference_rows=_SMALL, evidently_windows=30
    ),
    "backfill-100k-reference-1M": partial(
        measure_backfill, rows=_SMALL, reference_rows=_LARGE, evidently_windows=3
    ),
    "backfill-1M": partial(
        measure_backfill, rows=_LARGE, reference_rows=_LARGE, evidently_windows=3
    ),
    "stored": measure_stored,
    "categories": measure_categories,
    "stream": measure_stream,
}


_OURS_ALONE = {"stored", "categories", "stream"}


def have_peers(names: Sequence[str]) -> bool:
    """Return whether any of these parts measures other tools."""
    return bool(set(names) - _OURS_ALONE)


def chosen(names: Sequence[str]) -> list[str]:
    """Return the parts of these names, where `window` means all that begin with `window-`.

    Raises:
        ValueError: If a name means no part.
    """
    for name in names:
        if not any(_is_meant(part, name) for part in PARTS):
            raise ValueError(f"no part is called {name}; there are {', '.join(PARTS)}")
    return [part for part in PARTS if any(_is_meant(part, name) for name in names)]


def _is_meant(part: str, name: str) -> bool:
    return part == name or part.startswith(f"{name}-")
