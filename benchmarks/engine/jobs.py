"""What is measured of ours: each job is a process of its own and tells what it found.

A job imports only what it needs, so that the time of a whole process is the time of its work.
"""

import shutil
import sys
from pathlib import Path
from typing import Any

from benchmarks.engine.stopwatch import Stopwatch

Found = dict[str, Any]


def write(watch: Stopwatch, path: str, *wanted: str) -> Found:
    """Write rows, unless they are there; `wanted` are the fields of `Rows` as `name=number`."""
    with watch.part("imports"):
        from benchmarks.engine.inputs import write_rows
        from benchmarks.engine.rows import Rows
    fields: dict[str, Any] = {
        name: int(value) for name, value in (one.split("=") for one in wanted)
    }
    with watch.part("write"):
        write_rows(Path(path), Rows(**fields))
    return {}


def prepare(watch: Stopwatch, reference: str, folder: str, parts: str) -> Found:
    """Make a reference ready: layout, profile and sorted columns."""
    shutil.rmtree(folder, ignore_errors=True)
    with watch.part("imports"):
        import pyarrow.parquet as pq

        from monitoring_assets.profiles.cache import save_reference
        from monitoring_assets.profiles.exact import prepare as prepared
        from monitoring_assets.profiles.files import read_table
    with watch.part("reference"):
        names = pq.read_schema(reference).names
        numeric = [name for name in names if name.startswith("x")]
        categorical = [name for name in names if name.startswith("c")]
        correlated = numeric if parts == "all" else []
        rows = read_table(Path(reference), names)
        save_reference(prepared(rows, numeric, categorical, correlated=correlated), Path(folder))
    return {}


def decode(watch: Stopwatch, *windows: str) -> Found:
    """Read the columns and drop them."""
    with watch.part("imports"):
        import pyarrow.parquet as pq
    rows = 0
    for window in windows:
        with watch.part("window"):
            texts = [name for name in pq.read_schema(window).names if name.startswith("c")]
            with pq.ParquetFile(window, read_dictionary=texts, pre_buffer=False) as file:
                batches = file.iter_batches(131_072, use_threads=False)
                rows += sum(batch.num_rows for batch in batches)
    return {"rows": rows}


def exact(watch: Stopwatch, folder: str, *windows: str) -> Found:
    """Measure windows exactly: drift, quality and correlations."""
    with watch.part("imports"):
        from monitoring_assets.profiles import quality  # noqa: F401
        from monitoring_assets.profiles.cache import open_reference
        from monitoring_assets.profiles.exact import measure
        from monitoring_assets.profiles.files import read_table
    with watch.part("reference"):
        reference = open_reference(Path(folder))
    found = []
    for window in windows:
        with watch.part("window"):
            measured = measure(read_table(Path(window), reference.layout.columns), reference)
            _answer_quality(reference.layout, measured.profile)
            found.append({name: one.value for name, one in measured.drift.items()})
    return {"windows": found}


def profile(watch: Stopwatch, folder: str, *windows: str) -> Found:
    """Profile windows and compare the profiles: drift with bounds, quality, correlations."""
    with watch.part("imports"):
        from monitoring_assets.profiles import quality  # noqa: F401
        from monitoring_assets.profiles.cache import open_profile
        from monitoring_assets.profiles.comparison import compare
        from monitoring_assets.profiles.files import profile_file
    with watch.part("reference"):
        layout, reference = open_profile(Path(folder))
    found = []
    for window in windows:
        with watch.part("window"):
            current = profile_file(Path(window), layout)
            compared = {name: compare(layout, reference, current, name) for name in layout.columns}
            _answer_quality(layout, current)
            bounds = {name: one.found for name, one in compared.items()}
            found.append(
                {n: None if b is None else [b.low, b.value, b.high] for n, b in bounds.items()}
            )
    return {"windows": found}


def _answer_quality(layout: Any, found: Any) -> None:
    from monitoring_assets.profiles.quality import correlations, numeric_quality, unseen

    for name, one in found.numeric.items():
        numeric_quality(layout.grids[name], one)
    for name, one in found.categorical.items():
        unseen(layout.categories[name], one)
    correlations(layout, found.comoments)


def stream(
    watch: Stopwatch, folder: str, window: str, part: str, parts: str, threads: str, out: str
) -> Found:
    """Profile every `parts`-th row group of a file from `part` on, and store the profile."""
    with watch.part("imports"):
        import pyarrow.parquet as pq

        from monitoring_assets.profiles.cache import open_profile
        from monitoring_assets.profiles.files import profile_file
        from monitoring_assets.profiles.storage import profile_to_table
    with watch.part("reference"):
        layout, _ = open_profile(Path(folder))
    with watch.part("window"):
        groups = list(range(int(part), pq.ParquetFile(window).num_row_groups, int(parts)))
        found = profile_file(Path(window), layout, groups, threads=int(threads))
        pq.write_table(profile_to_table(found), out, compression="zstd")
    return {"rows": found.rows}


def merged(watch: Stopwatch, whole: str, *halves: str) -> Found:
    """Compare a whole with its halves merged: counts, and the relative error of sums."""
    with watch.part("imports"):
        from functools import reduce

        import numpy as np

        from monitoring_assets.profiles.profile import merge
    one = _stored(whole)
    both = reduce(merge, map(_stored, halves))
    pairs = [(one.numeric[name], both.numeric[name]) for name in one.numeric]
    categories = [(one.categorical[name], both.categorical[name]) for name in one.categorical]
    errors = [
        np.abs(a.sums - b.sums).max() / max(1.0, float(np.abs(a.sums).max())) for a, b in pairs
    ]
    return {
        "counts_equal": one.rows == both.rows
        and all((a.counts == b.counts).all() for a, b in pairs)
        and all((a.known == b.known).all() and a.missing == b.missing for a, b in categories),
        "largest_error": max(map(float, errors), default=0.0),
    }


def _stored(path: str | Path) -> Any:
    import pyarrow.parquet as pq

    from monitoring_assets.profiles.storage import profile_from_table

    with pq.ParquetFile(path) as file:
        return profile_from_table(file.read(use_threads=False))


def store_days(watch: Stopwatch, folder: str, days: str, rows: str, columns: str) -> Found:
    """Draw, profile and store many small windows on the layout of a reference."""
    with watch.part("imports"):
        import numpy as np
        import pyarrow.parquet as pq

        from benchmarks.engine.inputs import drawn
        from benchmarks.engine.rows import Rows
        from monitoring_assets.profiles.building import profile_of
        from monitoring_assets.profiles.cache import open_profile
        from monitoring_assets.profiles.storage import profile_to_table
    layout, _ = open_profile(Path(folder))
    with watch.part("store"):
        for day in range(int(days)):
            wanted = Rows(rows=int(rows), columns=int(columns), seed=day, is_shifted=day % 2 == 0)
            found = profile_of(drawn(np.random.default_rng(day), int(rows), wanted), layout)
            path = Path(folder) / f"day-{day:03}.parquet"
            pq.write_table(profile_to_table(found), path, compression="zstd")
    sizes = [path.stat().st_size for path in Path(folder).glob("day-*.parquet")]
    return {"kilobytes_per_window": sum(sizes) / len(sizes) / 1000}


def pair(watch: Stopwatch, folder: str, times: str) -> Found:
    """Compare two stored profiles again and again, without and with reading them."""
    with watch.part("imports"):
        import statistics
        import time

        from monitoring_assets.profiles.cache import open_profile
        from monitoring_assets.profiles.comparison import compare
    layout, reference = open_profile(Path(folder))
    compared, together = [], []
    for _ in range(int(times)):
        began = time.perf_counter()
        day = _stored(Path(folder) / "day-000.parquet")
        read = time.perf_counter()
        for name in layout.columns:
            compare(layout, reference, day, name)
        ended = time.perf_counter()
        compared.append(ended - read)
        together.append(ended - began)
    return {
        "first": compared[0],
        "median": statistics.median(compared),
        "with_reading": statistics.median(together),
    }


def year(watch: Stopwatch, folder: str, references: str) -> Found:
    """Compare all stored windows with several references."""
    with watch.part("imports"):
        from monitoring_assets.profiles.cache import open_profile
        from monitoring_assets.profiles.comparison import compare
    with watch.part("reference"):
        layout, first = open_profile(Path(folder))
        days = sorted(Path(folder).glob("day-*.parquet"))
        others = [_stored(path) for path in days[: int(references) - 1]]
    n = 0
    with watch.part("window"):
        for path in days:
            day = _stored(path)
            for reference in [first, *others]:
                n += len([compare(layout, reference, day, name) for name in layout.columns])
    return {"comparisons": n, "windows": len(days)}


JOBS = {
    job.__name__: job
    for job in (write, prepare, decode, exact, profile, stream, merged, store_days, pair, year)
}


def main() -> None:
    """Run the job that the arguments name."""
    name, *arguments = sys.argv[1:]
    watch = Stopwatch()
    watch.tell(JOBS[name](watch, *arguments))


if __name__ == "__main__":
    main()
