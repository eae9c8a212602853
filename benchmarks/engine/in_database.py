"""Measure profiles made where the rows are: `python -m benchmarks.engine.in_database`.

A window, half of a log, is profiled by Arrow and NumPy, by DuckDB and by Spark from one Parquet
file, and the profiles are compared. The first run of an engine is told by itself: it starts the
engine and uploads the lookups of the bins, as the first window of a process does. CPU seconds are
those of this process, in which DuckDB runs and Spark does not. `--json` writes the figures.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.engine.inputs import write_rows
from benchmarks.engine.rows import Rows, column_names
from monitoring_assets.application.ports import ProfileEngine
from monitoring_assets.config.engine import EngineSettings
from monitoring_assets.config.model import SourceSettings
from monitoring_assets.domain.window import Window
from monitoring_assets.engines.registry import EngineRequest, open_engine
from monitoring_assets.profiles.layout import Layout, layout_of
from monitoring_assets.profiles.profile import Profile

START = datetime(2026, 1, 1, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(days=1), "2026-01-01")
TIMESTAMP = "ts"
_PACKAGES = {"duckdb": "duckdb", "spark": "pyspark"}


def options_of() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the window")
    parser.add_argument("--columns", type=int, default=25, help="one of five is categorical")
    parser.add_argument("--engines", nargs="+", default=["arrow", "duckdb", "spark"])
    parser.add_argument("--segments", nargs="*", default=[], help="columns, such as c0")
    parser.add_argument("--runs", type=int, default=3, help="of each engine after the first")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    return parser.parse_args()


def timed_rows(path: Path, rows: pa.Table) -> Path:
    """Write rows with event times spread over two days, of which the window is the first."""
    micros = np.linspace(0, 2 * 86_400e6, rows.num_rows, endpoint=False).astype(np.int64)
    times = pa.array(micros + int(START.timestamp() * 1e6)).cast(pa.timestamp("us", tz="UTC"))
    pq.write_table(rows.append_column(TIMESTAMP, times), path)
    return path


def engine_of(name: str, path: Path) -> ProfileEngine:
    request = EngineRequest(
        settings=EngineSettings.model_validate({"name": name}),
        predictions=SourceSettings(path=str(path)),
        timestamp=TIMESTAMP,
        timestamp_zone=None,
        most_segment_values=12,
    )
    return open_engine(request, os.environ)


def measured(
    engine: ProfileEngine, layout: Layout, segments: list[str], runs: int
) -> tuple[dict[str, float], Profile]:
    """Return the seconds of the first run and the medians of the others, and the profile."""
    walls, cpus = [], []
    for _ in range(runs + 1):
        began, cpu = time.perf_counter(), time.process_time()
        found = engine.profile(WINDOW, layout, segments)
        walls.append(time.perf_counter() - began)
        cpus.append(time.process_time() - cpu)
    seconds = {
        "first_s": walls[0],
        "median_s": float(np.median(walls[1:])),
        "median_cpu_s": float(np.median(cpus[1:])),
    }
    return seconds, found.whole


def compared(found: Profile, expected: Profile) -> dict[str, Any]:
    """Return whether counts are equal, and how far sums are apart, in sizes of the largest."""
    pairs = [(found.numeric[name], one) for name, one in expected.numeric.items()]
    errors = [np.abs(a.sums - b.sums).max() / np.abs(b.sums).max() for a, b in pairs]
    a, b = found.comoments, expected.comoments
    errors.append(np.abs(a.products - b.products).max() / np.abs(b.products).max())
    errors += [abs(x.squares / y.squares - 1) for x, y in pairs]
    categories = expected.categorical.items()
    return {
        "counts_equal": found.rows == expected.rows
        and all(bool((x.counts == y.counts).all()) for x, y in pairs)
        and all(bool((found.categorical[n].known == c.known).all()) for n, c in categories),
        "largest_relative_error": float(max(errors)),
    }


def main() -> None:
    """Measure, compare and report."""
    options = options_of()
    numeric, categorical = column_names(options.columns)
    figures: dict[str, Any] = {"rows": options.rows, "columns": options.columns, "engines": {}}
    with tempfile.TemporaryDirectory() as temporary:
        drawn = Path(temporary) / "drawn.parquet"
        reference = Path(temporary) / "reference.parquet"
        size = {"rows": options.rows, "columns": options.columns}
        write_rows(reference, Rows(**size, seed=1))
        layout = layout_of(pq.read_table(reference), numeric, categorical)
        twice = {**size, "rows": 2 * options.rows}
        write_rows(drawn, Rows(**twice, seed=2, is_shifted=True))
        path = timed_rows(Path(temporary) / "log.parquet", pq.read_table(drawn))
        expected = engine_of("arrow", path).profile(WINDOW, layout).whole
        for name in options.engines:
            engine = engine_of(name, path)
            seconds, found = measured(engine, layout, options.segments, options.runs)
            figures["engines"][name] = {**seconds, **compared(found, expected)}
            print(name, figures["engines"][name], flush=True)
    figures |= {"python": platform.python_version(), "cores": os.cpu_count()}
    packages = ["pyarrow", *(_PACKAGES[name] for name in options.engines if name in _PACKAGES)]
    figures["versions"] = {name: version(name) for name in packages}
    print(json.dumps(figures))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
