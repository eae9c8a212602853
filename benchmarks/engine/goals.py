"""What the engine is meant to reach, and whether it does."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from benchmarks.engine.large import (
    FEW_CATEGORIES,
    MANY_CATEGORIES,
    TWO,
    YEAR,
    named,
)
from benchmarks.engine.results import Result, Results
from benchmarks.engine.windows import (
    DECODE,
    EVIDENTLY,
    EXACT,
    EXACT_PLAIN,
    PREPARE,
    PROFILE,
    PROFILE_PLAIN,
    PROFILE_THIRD,
)

_OURS = {DECODE, PREPARE, EXACT, PROFILE, EXACT_PLAIN, PROFILE_PLAIN, PROFILE_THIRD}
Measured = Callable[[Result], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A figure and its limit.

    Attributes:
        part: The part of the measurement that tells it.
        what: The figure, with its unit.
        measured: How it follows from the result; KeyError where it was not measured.
        limit: The limit.
        is_least: Whether the figure must be at least the limit, at most otherwise.
    """

    part: str
    what: str
    measured: Measured
    limit: float
    is_least: bool = False

    def is_met(self, value: float) -> bool:
        """Return whether a figure reaches the goal."""
        return value >= self.limit if self.is_least else value <= self.limit


def faster_than(peer: str, path: str) -> Measured:
    """Return how many times as long a peer's process takes."""
    return lambda result: result.figures[peer].whole.wall / result.figures[path].whole.wall


def _memory(path: str) -> Measured:
    return lambda result: result.figures[path].peak / result.figures[EVIDENTLY].peak


def beside_decoding(path: str, suffix: str = "") -> Measured:
    """Return how many times the CPU time of decoding a path's work on the window takes."""
    return lambda result: (
        result.figures[path + suffix].window.cpu / result.figures[DECODE + suffix].window.cpu
    )


def beside_the_fastest_peer(result: Result) -> float:
    """Return how many times as long as the exact path the fastest peer takes."""
    peers = [one.whole.wall for name, one in result.figures.items() if name not in _OURS]
    if not peers:
        raise KeyError("peers")
    return min(peers) / result.figures[EXACT].whole.wall


def _first_number(path: str) -> Measured:
    return lambda result: result.figures[path].first_number


def _fact(name: str) -> Measured:
    return lambda result: float(result.facts[name])


def _growth(result: Result) -> float:
    """Return the time of a window among all windows over that among a third of them."""
    third = result.figures[PROFILE_THIRD].window.wall / (result.windows // 3)
    return result.figures[PROFILE].window.wall / result.windows / third


def _many_categories(path: str) -> Measured:
    return lambda result: (
        result.figures[named(path, MANY_CATEGORIES)].window.wall
        / result.figures[named(path, FEW_CATEGORIES)].window.wall
    )


def rows_per_second(result: Result) -> float:
    """Return how many rows two processes take in a second, starting included."""
    return result.rows / result.figures[TWO].whole.wall


def _goals() -> Iterator[Goal]:
    least_ratios: Mapping[str, tuple[float, float]] = {
        "window-10k": (25, 25),
        "window-100k": (30, 30),
        "window-1M": (100, 130),
        "backfill-100k": (100, 100),
        "backfill-1M": (230, 230),
    }
    for part, limits in least_ratios.items():
        for path, limit in zip((EXACT, PROFILE), limits, strict=True):
            what = f"times as fast as Evidently, {path} path"
            measured = faster_than(EVIDENTLY, path)
            yield Goal(part=part, what=what, measured=measured, limit=limit, is_least=True)
    for part in ("window-10k", "window-100k", "window-1M"):
        yield Goal(
            part=part,
            what="times as fast as the fastest peer, exact path",
            measured=beside_the_fastest_peer,
            limit=1,
            is_least=True,
        )
        yield Goal(
            part=part,
            what="largest relative difference from Evidently's values, exact path",
            measured=_fact("largest_difference_from_evidently"),
            limit=1e-9,
        )
    for path, limit in ((EXACT, 1 / 3), (PROFILE, 1 / 6)):
        what = f"of Evidently's peak memory, {path} path"
        yield Goal(part="window-1M", what=what, measured=_memory(path), limit=limit)
    for path, limit in ((EXACT_PLAIN, 3), (PROFILE_PLAIN, 3), (EXACT, 4), (PROFILE, 4)):
        what = f"times the CPU time of decoding, {path}"
        yield Goal(part="window-1M", what=what, measured=beside_decoding(path), limit=limit)
    for path in (EXACT, PROFILE):
        what = f"seconds from the start of the process to the first number, {path} path"
        yield Goal(part="window-10k", what=what, measured=_first_number(path), limit=0.5)
    what = "of Evidently, pandas and scipy.stats imported"
    yield Goal(part="window-10k", what=what, measured=_fact("heavy_imports"), limit=0)
    for part in ("backfill-100k", "backfill-1M"):
        what = "times the seconds of a window where there are three times as many windows"
        yield Goal(part=part, what=what, measured=_growth, limit=1.1)
    yield Goal(
        part="columns-500",
        what="seconds of the whole process, profile path",
        measured=lambda result: result.figures[PROFILE_PLAIN].whole.wall,
        limit=1.5,
    )
    what = "milliseconds to compare two stored profiles"
    yield Goal(part="stored", what=what, measured=_fact("pair_ms"), limit=5)
    what = "seconds for a year of daily windows against three references"
    yield Goal(
        part="stored",
        what=what,
        measured=lambda result: result.figures[YEAR].whole.wall,
        limit=5,
    )
    for path in (EXACT, PROFILE):
        what = f"times the seconds of {FEW_CATEGORIES} categories with {MANY_CATEGORIES:,}, "
        yield Goal(
            part="categories", what=f"{what}{path} path", measured=_many_categories(path), limit=3
        )
    yield Goal(
        part="stream",
        what="million rows a second, two processes",
        measured=lambda result: rows_per_second(result) / 1e6,
        limit=4,
        is_least=True,
    )
    yield Goal(
        part="stream",
        what="MB of memory at most in a process",
        measured=lambda result: result.figures[TWO].peak * 2**20 / 1e6,
        limit=300,
    )
    what = "largest relative error of sums, halves merged beside the whole"
    yield Goal(part="stream", what=what, measured=_fact("largest_error"), limit=1e-9)


GOALS = tuple(_goals())


def judged(results: Results) -> list[tuple[Goal, float]]:
    """Return the goals that were measured, with their figures, in the order of the results."""
    found = []
    for goal in GOALS:
        try:
            found.append((goal, goal.measured(results[goal.part])))
        except KeyError:
            continue
    places = list(results)
    return sorted(found, key=lambda one: places.index(one[0].part))
