"""Parts with windows that fit in memory: one window, many columns, a backfill."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.engine.bench import Bench, Runs, in_turn
from benchmarks.engine.environments import known_peers
from benchmarks.engine.processes import Job, Run, Spent, own_job
from benchmarks.engine.results import Figure, Result, figure_of

DECODE, PREPARE, EVIDENTLY = "decode", "prepare", "evidently"
EXACT, PROFILE = "exact", "profile"
EXACT_PLAIN, PROFILE_PLAIN = "exact, no correlations", "profile, no correlations"
PROFILE_THIRD = "profile, a third of the windows"


def measure_window(
    bench: Bench, *, rows: int, rounds: int, peer_rounds: int, columns: int = 25
) -> Result:
    """Measure one window by both paths, with and without correlations, and by all peers."""
    reference, [window] = bench.reference(rows, columns), bench.windows(rows, columns, 1)
    anew = own_job(PREPARE, "prepare", reference, bench.folder / "prepared-anew", "all")
    jobs = [anew, *_own(bench, reference, [window]), *_plain(bench, reference, window)]
    peers = bench.peer_jobs(list(known_peers()), reference, window)
    runs, failures = in_turn(
        jobs, peers, rounds=bench.rounds(rounds), peer_rounds=bench.rounds(peer_rounds)
    )
    return _result(bench, runs, rows, rows, columns, failures={**bench.failures, **failures})


def measure_columns(bench: Bench, *, columns: int, rows: int = 100_000, rounds: int = 5) -> Result:
    """Measure a wide window without correlations, Evidently once."""
    reference, [window] = bench.reference(rows, columns), bench.windows(rows, columns, 1)
    jobs = [own_job(DECODE, "decode", window), *_plain(bench, reference, window)]
    peers = bench.peer_jobs([EVIDENTLY], reference, window)
    runs, failures = in_turn(jobs, peers, rounds=bench.rounds(rounds), peer_rounds=1)
    return _result(bench, runs, rows, rows, columns, failures=failures)


def measure_backfill(
    bench: Bench,
    *,
    rows: int,
    reference_rows: int,
    evidently_windows: int,
    windows: int = 30,
    columns: int = 25,
    rounds: int = 3,
) -> Result:
    """Measure many windows in one process; Evidently on some of them, scaled to all."""
    reference = bench.reference(reference_rows, columns)
    files = bench.windows(rows, columns, windows)
    prepared = bench.prepared(reference, correlations=True)
    third = own_job(PROFILE_THIRD, "profile", prepared, *files[: windows // 3])
    jobs = [*_own(bench, reference, files), third]
    peers = bench.peer_jobs([EVIDENTLY], reference, *files[:evidently_windows])
    runs, failures = in_turn(jobs, peers, rounds=bench.rounds(rounds), peer_rounds=1)
    found = _result(bench, runs, rows, reference_rows, columns, windows=windows, failures=failures)
    if EVIDENTLY not in runs or evidently_windows == windows:
        return found
    scaled = [_scaled(one, evidently_windows, windows) for one in runs[EVIDENTLY]]
    figure = figure_of(scaled, scaled_from=evidently_windows)
    return replace(found, figures={**found.figures, EVIDENTLY: figure})


def _own(bench: Bench, reference: Path, windows: Sequence[Path]) -> list[Job]:
    prepared = bench.prepared(reference, correlations=True)
    return [
        own_job(DECODE, "decode", *windows),
        own_job(PROFILE, "profile", prepared, *windows),
        own_job(EXACT, "exact", prepared, *windows),
    ]


def _plain(bench: Bench, reference: Path, window: Path) -> list[Job]:
    prepared = bench.prepared(reference, correlations=False)
    return [
        own_job(PROFILE_PLAIN, "profile", prepared, window),
        own_job(EXACT_PLAIN, "exact", prepared, window),
    ]


def _scaled(done: Run, measured: int, windows: int) -> Run:
    """Return what all windows would take: the same beginning, more windows."""
    spent = done.parts["window"]
    more = Spent(
        wall=spent.wall * (windows - measured) / measured,
        cpu=spent.cpu * (windows - measured) / measured,
    )
    parts = {**done.parts, "window": _sum(spent, more)}
    return replace(done, whole=_sum(done.whole, more), parts=parts)


def _sum(a: Spent, b: Spent) -> Spent:
    return Spent(wall=a.wall + b.wall, cpu=a.cpu + b.cpu)


def _result(
    bench: Bench,
    runs: Runs,
    rows: int,
    reference_rows: int,
    columns: int,
    *,
    windows: int = 1,
    failures: Mapping[str, str],
) -> Result:
    figures: dict[str, Figure] = {name: figure_of(several) for name, several in runs.items()}
    return Result(
        rows=bench.rows(rows),
        reference_rows=bench.rows(reference_rows),
        columns=columns,
        windows=windows,
        figures=figures,
        facts=facts_of(runs),
        drifted=_drifted(runs),
        failures=failures,
        **bench.about(),
    )


def _drifted(runs: Runs) -> dict[str, int]:
    return {
        name: len(several[0].found["drifted"])
        for name, several in runs.items()
        if "drifted" in several[0].found
    }


def facts_of(runs: Runs) -> dict[str, float | bool]:
    """Return how far values are from Evidently's, whether bounds hold them, and what is light."""
    exact = runs[EXACT if EXACT in runs else EXACT_PLAIN][0]
    profile = runs[PROFILE if PROFILE in runs else PROFILE_PLAIN][0]
    values = [
        (window[name], bounds)
        for window, bounded in zip(exact.found["windows"], profile.found["windows"], strict=True)
        for name, bounds in bounded.items()
    ]
    told = [(value, bounds) for value, bounds in values if bounds is not None]
    facts: dict[str, float | bool] = {
        "values": len(values),
        "values_without_bounds": len(values) - len(told),
        "bounds_hold": all(low - 1e-9 <= value <= high + 1e-9 for value, (low, _, high) in told),
        "widest_bounds": max(high - low for _, (low, _, high) in told),
        "largest_error_of_profiles": max(abs(found - value) for value, (_, found, _) in told),
        "heavy_imports": len({*exact.heavy_imports, *profile.heavy_imports}),
    }
    return facts | _beside_evidently(exact, runs.get(EVIDENTLY))


def _beside_evidently(exact: Run, evidently: Sequence[Run] | None) -> dict[str, float | bool]:
    if not evidently:
        return {}
    differences = [
        abs(ours[name] - value) / max(abs(value), 1e-12)
        for ours, theirs in zip(
            exact.found["windows"], evidently[0].found["windows"], strict=False
        )
        for name, value in theirs.items()
    ]
    return {
        "values_compared_with_evidently": len(differences),
        "largest_difference_from_evidently": max(differences),
    }
