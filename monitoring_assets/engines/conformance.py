"""What every engine must do, as checks that a new engine can run in its own tests.

    def test_it_is_an_engine():
        check_engine(lambda rows: MyEngine(uploaded(rows), timestamp=TIMESTAMP))

`make` is given rows. It stores them in place of whatever it stored before and returns an engine
over them, with `TIMESTAMP` as event time and `MOST_SEGMENT_VALUES`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitoring_assets.application.ports import ProfileEngine
from monitoring_assets.domain.window import DAY_KEY, Window
from monitoring_assets.profiles.columns import as_text
from monitoring_assets.profiles.layout import Layout, layout_of
from monitoring_assets.profiles.profile import (
    CategoryProfile,
    CoMoments,
    NumericProfile,
    Profile,
    merge,
)
from monitoring_assets.profiles.segments import SegmentedProfile, profile_table, rows_by_segment

Make = Callable[[pa.Table], ProfileEngine]

TIMESTAMP = "ts"
MOST_SEGMENT_VALUES = 3
_START = datetime(2026, 1, 2, tzinfo=UTC)
_DAY = timedelta(days=1)
WINDOW = Window(_START, _START + _DAY, _START.strftime(DAY_KEY))
_TOLERANCE = 1e-9
_EPSILON = 2.0**-52


def check_engine(make: Make) -> None:
    """Run all checks.

    Raises:
        AssertionError: With what the engine does and should not do, or the reverse.
    """
    for check in CHECKS:
        check(make)


def pathologies_have_the_same_profile(make: Make) -> None:
    """Numbers and categories of all kinds are counted as they are in this process."""
    reference, rows = _example(1, 0.0), _in_time(_example(2, 0.5))
    layout = layout_of(reference, NUMERIC, CATEGORICAL)
    _require_same(make(rows).profile(WINDOW, layout, SEGMENTS), rows, layout, SEGMENTS)


def segments_merged_are_the_whole(make: Make) -> None:
    """The profiles of all values of a column have the rows of the whole."""
    columns = ["normal", "gaps"]
    layout = layout_of(_example(1, 0.0), columns, ["colour"])
    rows = _in_time(_example(2, 0.5).select([*columns, "colour", "is_new"]))
    found = make(rows).profile(WINDOW, layout, ["is_new"])
    first, *others = found.segments.values()
    for other in others:
        first = merge(first, other)
    _require(not list(_differences(first, found.whole)), "segments merged are not the whole")


def many_categories_have_the_same_profile(make: Make) -> None:
    """Of 50,000 categories those with the smallest hashes are counted by name."""
    rng = np.random.default_rng(3)
    known = pa.table({"many": pa.array([f"c{n}" for n in range(3000)])})
    layout = layout_of(known, [], ["many"], most_categories=2000)
    drawn = pa.array([f"c{n}" for n in rng.integers(0, 50_000, 60_000)])
    rows = _in_time(pa.table({"many": drawn}))
    _require_same(make(rows).profile(WINDOW, layout), rows, layout, ())


def windows_are_half_open(make: Make) -> None:
    """A row at the start of a window is in it, one at its end is in the next."""
    moment = timedelta(microseconds=1)
    times = [WINDOW.start - moment, WINDOW.start, WINDOW.end - moment, WINDOW.end]
    rows = pa.table({TIMESTAMP: _instants(times), "x": [1.0, 2.0, 3.0, 4.0]})
    layout = layout_of(rows, ["x"], [])
    found = make(rows).profile(WINDOW, layout).whole
    _require(found.numeric["x"].few == {2.0: 1, 3.0: 1}, f"found {found.numeric['x'].few}")


def no_rows_are_no_error(make: Make) -> None:
    """A window without rows has a profile of no rows, and no segments."""
    layout = layout_of(_example(1, 0.0), ["normal", "gaps"], ["colour"])
    rows = _in_time(_example(2, 0.0).select(["normal", "gaps", "colour"]))
    later = Window(WINDOW.end + _DAY, WINDOW.end + 2 * _DAY, "2026-01-04")
    found = make(rows).profile(later, layout, ["colour"])
    _require(found.whole.rows == 0, f"a window without rows has {found.whole.rows}")
    _require(not found.segments, f"a window without rows has segments: {list(found.segments)}")
    _require_same(found, rows.slice(0, 0), layout, ())


CHECKS: tuple[Callable[[Make], None], ...] = (
    pathologies_have_the_same_profile,
    segments_merged_are_the_whole,
    many_categories_have_the_same_profile,
    windows_are_half_open,
    no_rows_are_no_error,
)


# -- rows ----------------------------------------------------------------------------------------

_N = 1500
NUMERIC = (
    "normal",
    "heavy_tails",
    "both_tails",
    "zero_inflated",
    "two_far_points",
    "huge",
    "tiny",
    "far_and_close",
    "small_integers",
    "large_integers",
    "boolean",
    "decimal",
    "constant",
    "zeros_of_both_signs",
    "one_new_value",
    "gaps",
    "nothing",
    "text",
    "absent",
)
CATEGORICAL = ("colour", "is_new", "code", "ratio", "price", "day", "moment", "gone")
SEGMENTS = ("colour", "is_new")


def _example(seed: int, shift: float) -> pa.Table:
    """Return rows of a reference (no shift) or of a window."""
    rng = np.random.default_rng(seed)
    normal = rng.normal(shift, 1, _N)
    days = [date(2026, 1, 1) + timedelta(days=int(n)) for n in rng.integers(0, 5, _N)]
    colours = np.array(["red", "green", "blue", "gold"] if shift else ["red", "green", "blue"])
    columns: dict[str, Any] = {
        "normal": normal,
        "heavy_tails": rng.lognormal(shift, 2, _N),
        "both_tails": rng.standard_cauchy(_N) + shift,
        "zero_inflated": rng.exponential(1 + shift, _N) * (rng.random(_N) < 0.6),  # noqa: PLR2004
        "two_far_points": 1e6 * (rng.random(_N) < 0.5) + rng.normal(shift, 1, _N),  # noqa: PLR2004
        "huge": normal * 1e120,
        "tiny": normal * 1e-9,
        "far_and_close": (1e9 if shift else 0.0) + rng.normal(0, 1e-3, _N),
        "small_integers": rng.integers(0, 50 + round(10 * shift), _N),
        "large_integers": rng.integers(0, 2**60, _N),
        "boolean": rng.random(_N) < 0.3 + shift / 5,
        "decimal": [Decimal(int(n)) / 100 for n in rng.integers(0, 10**6, _N)],
        "constant": np.full(_N, 3.25 + shift),
        "zeros_of_both_signs": rng.choice([0.0, -0.0, 1.0], _N),
        "one_new_value": np.where(rng.random(_N) < shift / 9, 77.125, 1.0),
        "gaps": _gaps(rng, normal),
        "nothing": pa.nulls(_N, pa.float64()),
        "text": [f"{x:.3f}" for x in normal],
        "colour": _some(colours[rng.integers(0, len(colours), _N)].tolist(), rng),
        "is_new": rng.random(_N) < 0.5,  # noqa: PLR2004
        "code": rng.integers(0, 9 + round(10 * shift), _N),
        "ratio": _some(rng.choice([0.5, 1.0, 1e-7, 123456789.25], _N).tolist(), rng),
        "price": [Decimal(int(n)).scaleb(-1) for n in rng.integers(0, 20, _N)],
        "day": days,
        "moment": [datetime(d.year, d.month, d.day, 12) for d in days],  # noqa: DTZ001 - as stored
        "gone": pa.nulls(_N, pa.string()),
    }
    if not shift:
        columns["absent"] = normal
    return pa.table(columns)


def _gaps(rng: np.random.Generator, normal: Any) -> list[float | None]:
    values = _some(normal.tolist(), rng)
    values[:4] = [float("nan"), float("inf"), float("-inf"), float("inf")]
    return values


def _some(values: list[Any], rng: np.random.Generator) -> list[Any]:
    """Return values of which every tenth or so is missing."""
    is_missing = rng.random(len(values)) < 0.1  # noqa: PLR2004
    return [None if gone else x for x, gone in zip(values, is_missing, strict=True)]


def _in_time(rows: pa.Table) -> pa.Table:
    """Return rows with event times spread over the window."""
    step = _DAY / max(rows.num_rows, 1)
    times = [_START + k * step for k in range(rows.num_rows)]
    return rows.append_column(TIMESTAMP, _instants(times))


def _instants(times: Sequence[datetime]) -> pa.Array:
    return pa.array(times, pa.timestamp("us", tz="UTC"))


# -- comparison ----------------------------------------------------------------------------------


def _require_same(
    found: SegmentedProfile, rows: pa.Table, layout: Layout, segments: Sequence[str]
) -> None:
    expected = _local(rows, layout, segments)
    _require(
        list(found.segments) == list(expected.segments),
        f"segments are {list(found.segments)}, not {list(expected.segments)}",
    )
    problems = [
        f"{part}: {problem}"
        for part, profile in expected.parts.items()
        for problem in _differences(found.parts[part], profile)
    ]
    _require(not problems, "; ".join(problems[:5]))


def _local(rows: pa.Table, layout: Layout, segments: Sequence[str]) -> SegmentedProfile:
    texts = pa.table({name: as_text(rows.column(name).combine_chunks()) for name in segments})
    parts = {}
    for (column, value), _ in rows_by_segment(texts, segments, MOST_SEGMENT_VALUES):
        own = rows.filter(pc.equal(texts.column(column), value))
        parts[column, value] = profile_table(own, layout)
    return SegmentedProfile(whole=profile_table(rows, layout), segments=parts)


def _differences(found: Profile, expected: Profile) -> Iterator[str]:
    if (found.layout, found.rows) != (expected.layout, expected.rows):
        yield f"{found.rows} rows, not {expected.rows}, or another layout"
    for name, numbers in expected.numeric.items():
        for field in _numeric_differences(found.numeric[name], numbers):
            yield f"{name}: {field}"
    for name, categories in expected.categorical.items():
        for field in _category_differences(found.categorical[name], categories):
            yield f"{name}: {field}"
    yield from _comoment_differences(found.comoments, expected.comoments)


def _numeric_differences(found: NumericProfile, expected: NumericProfile) -> Iterator[str]:
    exact = ("missing", "negative_infinite", "positive_infinite", "low", "high", "few")
    yield from _unequal(found, expected, exact)
    if not np.array_equal(found.counts, expected.counts):
        yield "counts"
    size = float(np.abs(expected.sums).max(initial=0.0))
    if not np.allclose(found.sums, expected.sums, rtol=_TOLERANCE, atol=_TOLERANCE * size):
        yield "sums"
    # Where values lie far from 0 and close together, what one rounding of each can change.
    rounding = (
        0.0
        if not expected.n
        else _EPSILON * abs(expected.high) * float(np.sqrt(expected.n * expected.squares))
    )
    if not np.isclose(found.squares, expected.squares, rtol=_TOLERANCE, atol=rounding):
        yield f"squares {found.squares!r}, not {expected.squares!r}"


def _category_differences(found: CategoryProfile, expected: CategoryProfile) -> Iterator[str]:
    yield from _unequal(found, expected, ("missing", "other", "border", "most"))
    if not np.array_equal(found.known, expected.known):
        yield "known categories"
    if found.new.as_dict() != expected.new.as_dict():
        yield "new categories"


def _comoment_differences(found: CoMoments, expected: CoMoments) -> Iterator[str]:
    if not np.array_equal(found.rows, expected.rows):
        yield "rows of pairs"
    root = np.sqrt(expected.squares)
    sizes: Mapping[str, Any] = {  # what they can be at most
        "sums": root * np.sqrt(expected.rows),
        "squares": expected.squares,
        "products": root * root.T,
    }
    for name, size in sizes.items():
        error = np.abs(getattr(found, name) - getattr(expected, name))
        if not (error <= _TOLERANCE * size).all():
            yield f"{name} of pairs"


def _unequal(found: object, expected: object, fields: Sequence[str]) -> Iterator[str]:
    for field in fields:
        ours, theirs = getattr(found, field), getattr(expected, field)
        if ours != theirs:
            yield f"{field} {ours!r}, not {theirs!r}"


def _require(condition: bool, otherwise: str) -> None:  # noqa: FBT001 - reads like an assertion
    if not condition:
        raise AssertionError(otherwise)
