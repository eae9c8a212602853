"""The page of figures: what was measured, as Markdown tables and plots."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.engine.environments import known_peers
from benchmarks.engine.goals import beside_decoding, judged, rows_per_second
from benchmarks.engine.large import FEW_CATEGORIES, MANY_CATEGORIES, ONE, TWO, YEAR, named
from benchmarks.engine.plots import Bar, Panel, bar_chart, digits
from benchmarks.engine.results import Figure, Result, Results
from benchmarks.engine.windows import (
    DECODE,
    EVIDENTLY,
    EXACT,
    EXACT_PLAIN,
    PREPARE,
    PROFILE,
    PROFILE_PLAIN,
)

_LABELS = {
    DECODE: "decoding with pyarrow, nothing else",
    PREPARE: "preparing the reference, once for each version",
    PROFILE: "**profile path**",
    EXACT: "**exact path**",
    PROFILE_PLAIN: "**profile path**, no correlations",
    EXACT_PLAIN: "**exact path**, no correlations",
    ONE: "one process",
    TWO: "two processes",
}
_WINDOWS = ("window-10k", "window-100k", "window-1M")
_COLUMNS = ("columns-25", "columns-100", "columns-500")
_BACKFILLS = ("backfill-100k", "backfill-100k-reference-1M", "backfill-1M")
_HEAD = """\
# Figures of the engine

Written by `python -m benchmarks.engine` (`make bench`), from what it measured; `--help` tells how
to measure a part alone. Columns are four fifths normal numbers, of which every fifth is shifted by
0.3 standard deviations in the window, and one fifth texts of eight categories. *Process* means a
fresh process from its start to its end: imports, reading Parquet, all values. Peers prepare the
reference in it, because none of them keeps it on disk; ours is prepared once and opened. *Window*
is what one window adds within a running process. Figures are medians; the jobs ran in turn, all
once, then all once more; all modules were compiled before. Seconds are of the clock, *CPU* adds up
all cores.
"""


def write_page(results: Results, folder: Path) -> None:
    """Write the page and its plots."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for name, svg in _plots(results):
        (folder / "images" / f"engine-{name}.svg").write_text(svg, encoding="utf-8")
    text = "\n".join(_sections(results))
    (folder / "engine-figures.md").write_text(text, encoding="utf-8")


def _sections(results: Results) -> Iterator[str]:
    yield _HEAD
    yield from _about(results)
    yield from _goal_table(results)
    yield from _windows(results)
    yield from _decoding(results)
    yield from _backfills(results)
    yield from _many_columns(results)
    yield from _stream(results)
    yield from _stored(results)
    yield from _categories(results)
    yield from _agreement(results)
    yield from _peers(results)


def _about(results: Results) -> Iterator[str]:
    for machine in sorted({result.machine for result in results.values()}):
        dates = sorted({one.taken for one in results.values() if one.machine == machine})
        yield f"Measured on {' and '.join(dates)} on: {machine}.\n"
    versions = {name: v for one in results.values() for name, v in one.versions.items()}
    yield f"Versions: {', '.join(f'{name} {v}' for name, v in versions.items())}.\n"


def _goal_table(results: Results) -> Iterator[str]:
    yield "## Goals\n"
    yield from _table(
        ("part", "figure", "measured", "goal", "met"),
        [
            (
                goal.part,
                goal.what,
                digits(value),
                f"{'≥' if goal.is_least else '≤'} {digits(goal.limit)}",
                "yes" if goal.is_met(value) else "**no**",
            )
            for goal, value in judged(results)
        ],
    )


def _windows(results: Results) -> Iterator[str]:
    found = _present(results, _WINDOWS)
    if not found:
        return
    yield "## One window beside other tools\n"
    yield "![Seconds of whole processes, logarithmic](images/engine-window.svg)\n"
    yield (
        "Ours answers drift, quality and the correlations of all pairs; the peers answer drift. "
        f"Of the columns, {_shifted(found[0])} are shifted.\n"
    )
    for result in found:
        yield f"### {result.rows:,} rows × {result.columns} columns\n"
        yield from _costs(result)
    yield from _first_numbers(found[0])


def _first_numbers(result: Result) -> Iterator[str]:
    shown = [
        f"{_label(name).strip('*')} {digits(result.figures[name].first_number)} s"
        for name in (EXACT, PROFILE, EVIDENTLY)
        if name in result.figures
    ]
    yield (
        f"From the start of a process until the values of {result.rows:,} rows are known: "
        f"{', '.join(shown)}.\n"
    )


def _shifted(result: Result) -> int:
    numeric = result.columns - max(1, result.columns // 5)
    return -(-numeric // 5)


def _costs(result: Result) -> Iterator[str]:
    slowest = result.figures.get(EVIDENTLY)
    rows = [
        (
            _label(name),
            digits(one.whole.wall),
            "" if slowest is None else f"{digits(slowest.whole.wall / one.whole.wall)} ×",
            digits(one.whole.cpu),
            f"{one.peak:,.0f}",
            *_of_window(one, result.windows),
            str(result.drifted.get(name, "")),
            f"{one.runs}{_scaling(one)}",
        )
        for name, one in sorted(result.figures.items(), key=_by_wall)
    ]
    head = ("", "process, s", "Evidently ÷ this", "process, CPU s", "peak, MiB")
    yield from _table((*head, "window, s", "window, CPU s", "called drifted", "runs"), rows)


def _of_window(one: Figure, windows: int) -> tuple[str, str]:
    if "window" not in one.parts:
        return "", ""
    return digits(one.window.wall / windows), digits(one.window.cpu / windows)


def _by_wall(named_figure: tuple[str, Figure]) -> float:
    return named_figure[1].whole.wall


def _scaling(one: Figure) -> str:
    return f", {one.scaled_from} windows scaled" if one.scaled_from else ""


def _label(name: str) -> str:
    peers = known_peers()
    return peers[name].title if name in peers else _LABELS.get(name, name)


def _decoding(results: Results) -> Iterator[str]:
    found = _present(results, _WINDOWS)
    if not found:
        return
    yield "## Beside the physical limit\n"
    yield (
        "CPU seconds of a window within the process, as multiples of decoding the same columns "
        "with pyarrow and dropping them.\n"
    )
    paths = (PROFILE_PLAIN, EXACT_PLAIN, PROFILE, EXACT)
    rows = [
        (
            f"{one.rows:,} × {one.columns}",
            digits(one.figures[DECODE].window.cpu),
            *(f"{digits(beside_decoding(path)(one))} ×" for path in paths),
        )
        for one in found
    ]
    yield from _table(("window", "decoding, CPU s", *map(_label, paths)), rows)


def _backfills(results: Results) -> Iterator[str]:
    found = _present(results, _BACKFILLS)
    if not found:
        return
    yield "## A backfill in one process\n"
    yield "![Seconds of backfills, logarithmic](images/engine-backfill.svg)\n"
    for one in found:
        yield (
            f"### {one.windows} windows of {one.rows:,} × {one.columns}, "
            f"reference of {one.reference_rows:,} rows\n"
        )
        yield from _costs(one)
    if {"backfill-100k", "backfill-100k-reference-1M"} <= set(results):
        yield from _reference_size(results)


def _reference_size(results: Results) -> Iterator[str]:
    small, large = results["backfill-100k"], results["backfill-100k-reference-1M"]
    times = [
        f"{_label(name).strip('*')}: {digits(large.figures[name].window.wall / per)} ×"
        for name in (PROFILE, EXACT, EVIDENTLY)
        if name in large.figures and (per := small.figures[name].window.wall)
    ]
    factor = large.reference_rows / small.reference_rows
    yield f"What a reference {factor:g} times as large does to a window: {', '.join(times)}.\n"


def _many_columns(results: Results) -> Iterator[str]:
    found = _present(results, _COLUMNS)
    if not found:
        return
    yield "## Many columns, no correlations\n"
    names = (DECODE, PROFILE_PLAIN, EXACT_PLAIN, EVIDENTLY)
    rows = [
        (
            f"{result.rows:,} × {result.columns}",
            _label(name),
            digits(result.figures[name].whole.wall),
            digits(result.figures[name].window.wall / result.columns * 1e3),
            f"{result.figures[name].peak:,.0f}",
        )
        for result in found
        for name in names
        if name in result.figures
    ]
    yield from _table(("window", "", "process, s", "window, ms a column", "peak, MiB"), rows)


def _stream(results: Results) -> Iterator[str]:
    if "stream" not in results:
        return
    one = results["stream"]
    yield "## A file larger than a window\n"
    yield (
        f"{one.rows:,} rows × {one.columns} columns, {digits(one.facts['gigabytes'])} GB of "
        "Parquet, profiled with correlations; two processes take alternate row groups and their "
        "profiles are merged. Counts of the halves merged equal those of the whole: "
        f"{'yes' if one.facts['counts_equal'] else '**no**'}; largest relative difference of a "
        f"sum: {digits(one.facts['largest_error'])}. The profile has "
        f"{digits(one.facts['kilobytes_of_profile'])} kB.\n"
    )
    rows = [
        (
            _label(name),
            digits(figure.whole.wall),
            digits(figure.whole.cpu),
            digits(one.rows / figure.whole.wall / 1e6),
            f"{figure.peak:,.0f}",
            f"{figure.written:,.1f}",
        )
        for name, figure in one.figures.items()
    ]
    head = ("", "seconds", "CPU s", "million rows/s", "peak of a process, MiB")
    yield from _table((*head, "written to disk, MiB"), rows)


def _stored(results: Results) -> Iterator[str]:
    if "stored" not in results:
        return
    one = results["stored"]
    yield "## Stored profiles\n"
    rows = [
        (f"compare two profiles of {one.columns} columns", f"{digits(one.facts['pair_ms'])} ms"),
        ("… the first time in a process", f"{digits(one.facts['first_pair_ms'])} ms"),
        ("… with reading one from a file", f"{digits(one.facts['pair_with_reading_ms'])} ms"),
        (
            f"{one.windows} daily windows against three references, "
            f"{one.facts['comparisons']:,.0f} comparisons, whole process",
            f"{digits(one.figures[YEAR].whole.wall)} s",
        ),
        ("size of a stored profile", f"{digits(one.facts['kilobytes_per_window'])} kB"),
    ]
    yield from _table(("", ""), rows)


def _categories(results: Results) -> Iterator[str]:
    if "categories" not in results:
        return
    one = results["categories"]
    yield "## Many categories\n"
    yield f"One column of {one.rows:,} rows; seconds of the window within the process.\n"
    counts = (FEW_CATEGORIES, MANY_CATEGORIES)
    rows = []
    for path in (DECODE, PROFILE, EXACT):
        few, many = (one.figures[named(path, n)].window.wall for n in counts)
        rows.append((_label(path), digits(few), digits(many), f"{digits(many / few)} ×"))
    yield from _table(("", *(f"{n:,} categories" for n in counts), ""), rows)


def _agreement(results: Results) -> Iterator[str]:
    found = {name: one for name, one in results.items() if "bounds_hold" in one.facts}
    if not found:
        return
    yield "## Agreement\n"
    yield (
        "In the same runs: the largest relative difference between a value of the exact path and "
        "Evidently's, and whether the exact value lies within the bounds of the profile path.\n"
    )
    rows = [
        (
            name,
            *_beside_evidently(one),
            "yes" if one.facts["bounds_hold"] else "**no**",
            digits(one.facts["widest_bounds"]),
            digits(one.facts["largest_error_of_profiles"]),
        )
        for name, one in found.items()
    ]
    head = ("part", "values compared", "largest difference", "bounds hold", "widest bounds")
    yield from _table((*head, "largest error of a profile's value"), rows)


def _beside_evidently(one: Result) -> tuple[str, str]:
    if "largest_difference_from_evidently" not in one.facts:
        return "", ""
    compared = one.facts["values_compared_with_evidently"]
    return f"{compared:,.0f}", digits(one.facts["largest_difference_from_evidently"])


def _peers(results: Results) -> Iterator[str]:
    failures = {name: why for one in results.values() for name, why in one.failures.items()}
    yield "## Peers\n"
    yield (
        "Each runs in its own environment of pinned versions, `benchmarks/engine/peers/*.txt`, "
        "where `benchmarks/engine/peers/*.py` shows what it is asked.\n"
    )
    rows = [
        (peer.title, peer.version, peer.method, failures.get(peer.name, ""))
        for peer in known_peers().values()
    ]
    yield from _table(("tool", "version", "asked for", "not measured, because"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    lines = [head, ["---"] * len(head), *rows]
    yield "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def _present(results: Results, names: Sequence[str]) -> list[Result]:
    return [results[name] for name in names if name in results]


def _plots(results: Results) -> Iterator[tuple[str, str]]:
    windows = [
        _panel(one, f"{one.rows:,} rows × {one.columns} columns")
        for one in _present(results, _WINDOWS)
    ]
    if windows:
        yield "window", bar_chart(windows, "s")
    backfills = [
        _panel(
            one,
            f"{one.windows} windows of {one.rows:,} rows, reference of {one.reference_rows:,}",
        )
        for one in _present(results, _BACKFILLS)
    ]
    if backfills:
        yield "backfill", bar_chart(backfills, "s")


def _panel(result: Result, title: str) -> Panel:
    shown = [
        (name, one)
        for name, one in sorted(result.figures.items(), key=_by_wall)
        if name in (DECODE, PROFILE, EXACT) or name in known_peers()
    ]
    bars = [
        Bar(
            label=_label(name).strip("*").partition(",")[0],
            value=one.whole.wall,
            is_ours=name in (PROFILE, EXACT),
        )
        for name, one in shown
    ]
    return Panel(title=title, bars=bars)


def summary(results: Results) -> str:
    """Return the goals as lines for a terminal."""
    lines = [
        f"{'met   ' if goal.is_met(value) else 'MISSED'} {goal.part:26} {digits(value):>8} "
        f"({'≥' if goal.is_least else '≤'} {digits(goal.limit)}) {goal.what}"
        for goal, value in judged(results)
    ]
    if "stream" in results:
        lines.append(f"{rows_per_second(results['stream']):,.0f} rows/s in two processes")
    return "\n".join(lines)
