"""Parts beyond one window: a file larger than memory, stored profiles, many categories."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.engine.bench import Bench, in_turn, say
from benchmarks.engine.processes import Run, Spent, own_job, run, run_together
from benchmarks.engine.results import Result, figure_of
from benchmarks.engine.rows import Rows
from benchmarks.engine.windows import DECODE, EXACT, PROFILE

ONE, TWO = "one process", "two processes"
YEAR = "a year"
FEW_CATEGORIES, MANY_CATEGORIES = 50, 50_000
_BYTES_PER_ROW = 30  # of 25 columns


def measure_stream(
    bench: Bench, *, rows: int = 100_000_000, columns: int = 25, rounds: int = 3
) -> Result:
    """Measure a large file by two processes on alternate row groups, and by one."""
    needed = bench.rows(rows) * _BYTES_PER_ROW * columns // 25
    if shutil.disk_usage(bench.folder).free < 2 * needed:
        sys.exit(f"{bench.folder} has no room for {2 * needed / 1e9:.0f} GB: give a --folder")
    reference_rows = bench.rows(1_000_000)
    prepared = bench.prepared(bench.reference(reference_rows, columns), correlations=True)
    say("  writing")
    file = bench.written(
        Rows(rows=bench.rows(rows), columns=columns, seed=2, is_shifted=True, decimals=2)
    )
    whole, *halves = (bench.folder / f"stream-{name}.parquet" for name in ("all", "even", "odd"))
    runs = {ONE: [run(own_job(ONE, "stream", prepared, file, 0, 1, 1, whole))]}
    for _ in range(bench.rounds(rounds)):
        runs.setdefault(DECODE, []).append(run(own_job(DECODE, "decode", file)))
        runs.setdefault(TWO, []).append(_together(prepared, file, halves))
        say(f"  {TWO}: {runs[TWO][-1].whole.wall:.1f} s, {runs[TWO][-1].peak:.0f} MiB each")
    check = run(own_job("merged", "merged", whole, *halves)).found
    facts = {
        **check,
        "gigabytes": file.stat().st_size / 1e9,
        "kilobytes_of_profile": whole.stat().st_size / 1e3,
    }
    return Result(
        rows=bench.rows(rows),
        reference_rows=reference_rows,
        columns=columns,
        figures={name: figure_of(several) for name, several in runs.items()},
        facts=facts,
        **bench.about(),
    )


def _together(prepared: Path, file: Path, halves: list[Path]) -> Run:
    """Return two processes as one: the slower wall, the sum of CPU, the larger memory."""
    one, two = run_together(
        [
            own_job(TWO, "stream", prepared, file, part, len(halves), 1, out)
            for part, out in enumerate(halves)
        ]
    )
    return replace(
        one,
        whole=Spent(wall=one.whole.wall, cpu=one.whole.cpu + two.whole.cpu),
        peak=max(one.peak, two.peak),
        written=one.written + two.written,
    )


def measure_stored(
    bench: Bench, *, rows: int = 100_000, days: int = 365, columns: int = 25, rounds: int = 5
) -> Result:
    """Measure comparisons of stored profiles: one pair, and a year with three references."""
    reference = bench.reference(rows, columns)
    prepared = bench.prepared(reference, correlations=True)
    stored = run(own_job("store", "store_days", prepared, days, bench.rows(rows), columns)).found
    own = [
        own_job(YEAR, "year", prepared, 3),
        own_job("one pair", "pair", prepared, 100),
    ]
    runs, _ = in_turn(own, [], rounds=bench.rounds(rounds), peer_rounds=0)
    middle = sorted(runs["one pair"], key=lambda one: one.found["median"])[len(runs[YEAR]) // 2]
    return Result(
        rows=bench.rows(rows),
        reference_rows=bench.rows(rows),
        columns=columns,
        windows=days,
        figures={YEAR: figure_of(runs[YEAR])},
        facts={
            **stored,
            "comparisons": runs[YEAR][0].found["comparisons"],
            "pair_ms": middle.found["median"] * 1e3,
            "first_pair_ms": middle.found["first"] * 1e3,
            "pair_with_reading_ms": middle.found["with_reading"] * 1e3,
        },
        **bench.about(),
    )


def measure_categories(bench: Bench, *, rows: int = 1_000_000, rounds: int = 5) -> Result:
    """Measure one categorical column of few and of many categories."""
    own = []
    for categories in (FEW_CATEGORIES, MANY_CATEGORIES):
        wanted = Rows(rows=bench.rows(rows), columns=1, seed=1, categories=categories)
        window = bench.written(replace(wanted, seed=2))
        prepared = bench.prepared(bench.written(wanted), correlations=False)
        own += [
            own_job(named(DECODE, categories), "decode", window),
            own_job(named(PROFILE, categories), "profile", prepared, window),
            own_job(named(EXACT, categories), "exact", prepared, window),
        ]
    runs, _ = in_turn(own, [], rounds=bench.rounds(rounds), peer_rounds=0)
    return Result(
        rows=bench.rows(rows),
        reference_rows=bench.rows(rows),
        columns=1,
        figures={name: figure_of(several) for name, several in runs.items()},
        **bench.about(),
    )


def named(path: str, categories: int) -> str:
    """Return the name of the figure of a path with so many categories."""
    return f"{path}, {categories} categories"
