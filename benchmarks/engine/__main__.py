"""Measure the engine: `python -m benchmarks.engine --rows 1_000_000 --columns 25`.

Each figure is the median over fresh processes. Values of the exact path are compared with
Evidently's (1e-9) and with the bounds of the profile path. `--stream` measures a file that need
not fit in memory, `--windows` a backfill.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.engine.processes import Cost, Run, median_of, run, run_together

_PACKAGES = ("monitoring-assets", "evidently", "numpy", "pandas", "pyarrow", "scipy")


def options_of(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the window")
    parser.add_argument("--reference-rows", type=int, help="as many as the window's by default")
    parser.add_argument("--columns", type=int, default=25, help="one of five is categorical")
    parser.add_argument("--runs", type=int, default=3, help="of each job; Evidently runs once")
    parser.add_argument("--windows", type=int, default=0, help="of a backfill in one process")
    parser.add_argument("--stream", action="store_true", help="measure the profile path only")
    parser.add_argument("--no-correlations", action="store_true")
    parser.add_argument("--no-evidently", action="store_true", help="skip what takes minutes")
    parser.add_argument("--folder", type=Path, help="where the inputs are kept for the next time")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    return parser.parse_args(arguments)


def measured_window(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Measure one window by every path and compare what they found."""
    reference, window, cache = inputs(options, folder)
    jobs: dict[str, tuple[object, ...]] = {
        "decode": ("decode", window),
        "profile": ("profile", cache, window),
        "exact": ("exact", cache, window),
    }
    runs = {name: [run(*job) for _ in range(options.runs)] for name, job in jobs.items()}
    if not options.no_evidently:
        runs["evidently"] = [run("evidently", reference, window)]
    return {"costs": costs_of(runs), "checks": checks_of(runs)}


def inputs(options: argparse.Namespace, folder: Path) -> tuple[Path, Path, Path]:
    """Return a reference, a window and the prepared reference, made where they are not there."""
    window = folder / f"window-{options.rows}-{options.columns}.parquet"
    run("write", window, options.rows, options.columns, 2, "window")
    reference, cache = prepared(options, folder, options.reference_rows or options.rows)
    return reference, window, cache


def prepared(options: argparse.Namespace, folder: Path, rows: int) -> tuple[Path, Path]:
    """Return a reference and the folder in which it is prepared."""
    reference = folder / f"reference-{rows}-{options.columns}.parquet"
    run("write", reference, rows, options.columns, 1, "reference")
    parts = "numbers" if options.no_correlations else "all"
    cache = folder / f"prepared-{rows}-{options.columns}-{parts}"
    print(f"reference prepared: {shown(run('prepare', reference, cache, parts).cost)}")
    return reference, cache


def costs_of(runs: dict[str, list[Run]]) -> dict[str, Cost]:
    return {name: median_of(several) for name, several in runs.items()}


def checks_of(runs: dict[str, list[Run]]) -> dict[str, float | bool]:
    """Return how far values are from Evidently's, and whether bounds hold them."""
    values = runs["exact"][0].found["values"]
    bounds = runs["profile"][0].found["bounds"]
    checks: dict[str, float | bool] = {
        "bounds_hold": all(
            low - 1e-9 <= values[name] <= high + 1e-9 for name, (low, _, high) in bounds.items()
        ),
        "widest_bounds": max(high - low for low, _, high in bounds.values()),
        "largest_profile_error": max(abs(b[1] - values[name]) for name, b in bounds.items()),
    }
    if "evidently" in runs:
        theirs = runs["evidently"][0].found["values"]
        checks["largest_relative_difference_from_evidently"] = max(
            abs(values[name] - value) / max(abs(value), 1e-12) for name, value in theirs.items()
        )
        checks["columns_compared_with_evidently"] = len(theirs)
    return checks


def measured_backfill(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Measure many windows in one process; Evidently's cost is that of its one window."""
    _, window, cache = inputs(options, folder)
    windows = [window] * options.windows
    runs = {
        "decode": [run("decode", *windows)],
        "profile": [run("profile", cache, *windows)],
        "exact": [run("exact", cache, *windows)],
    }
    return {"windows": options.windows, "costs": costs_of(runs), "checks": checks_of(runs)}


def measured_stream(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Measure a large file by two processes on alternate row groups, and by one."""
    size = options.reference_rows or min(options.rows, 1_000_000)
    _, cache = prepared(options, folder, size)
    window = folder / f"stream-{options.rows}-{options.columns}.parquet"
    run("write", window, options.rows, options.columns, 2, "stream")
    whole, *halves = (folder / f"stream-{name}.parquet" for name in ("whole", "even", "odd"))
    one = run("stream", cache, window, 0, 1, 1, whole)
    two = list(
        run_together(
            [("stream", cache, window, part, 2, 1, out) for part, out in enumerate(halves)]
        )
    )
    slowest = Cost(
        wall=max(half.cost.wall for half in two),
        cpu=sum(half.cost.cpu for half in two),
        peak=max(half.cost.peak for half in two),
    )
    costs = {"decode": run("decode", window).cost, "one process": one.cost, "two": slowest}
    rates = {f"million rows/s, {name}": options.rows / c.wall / 1e6 for name, c in costs.items()}
    return {"costs": costs, "checks": {**merged_checks(whole, halves), **rates}}


def merged_checks(whole: Path, halves: list[Path]) -> dict[str, float | bool]:
    """Return whether two halves merged are the whole."""
    import numpy as np
    import pyarrow.parquet as pq

    from monitoring_assets.profiles.profile import merge
    from monitoring_assets.profiles.storage import profile_from_table

    one, even, odd = (profile_from_table(pq.read_table(path)) for path in (whole, *halves))
    both = merge(even, odd)
    pairs = [(one.numeric[name], both.numeric[name]) for name in one.numeric]
    errors = [
        np.abs(a.sums - b.sums).max() / max(1.0, float(np.abs(a.sums).max())) for a, b in pairs
    ]
    return {
        "counts_equal": all(bool((a.counts == b.counts).all()) for a, b in pairs),
        "largest_relative_error_of_sums": float(max(errors)),
    }


def shown(cost: Cost) -> str:
    return f"{cost.wall:9.2f} s {cost.cpu:9.2f} s CPU {cost.peak:8.0f} MiB"


def report(found: dict[str, Any]) -> None:
    slowest = found["costs"].get("evidently")
    for name, cost in found["costs"].items():
        ratio = f"  {slowest.wall / cost.wall:6.1f} × faster than Evidently" if slowest else ""
        print(f"{name:12} {shown(cost)}{ratio}")
    for name, value in found["checks"].items():
        print(f"{name}: {value if isinstance(value, bool) else f'{value:.3g}'}")


def main() -> None:
    """Measure and report."""
    options = options_of(sys.argv[1:])
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        measure = measured_window
        if options.stream:
            measure = measured_stream
        elif options.windows:
            measure = measured_backfill
        found = measure(options, folder)
    report(found)
    figures = {
        "rows": options.rows,
        "columns": options.columns,
        "costs": {
            name: {"wall_s": cost.wall, "cpu_s": cost.cpu, "peak_mib": cost.peak}
            for name, cost in found["costs"].items()
        },
        "checks": found["checks"],
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "versions": {name: version(name) for name in _PACKAGES},
    }
    text = json.dumps(figures, default=str)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
