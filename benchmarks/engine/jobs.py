"""What is measured: each job is a process of its own and prints what it found as JSON.

A job imports only what it needs, so that the time of a whole process is the time of its work.
"""

import json
import sys
from pathlib import Path
from typing import Any

Found = dict[str, Any]


def write(path: Path, rows: int, columns: int, seed: int, kind: str) -> Found:
    """Write the rows of a reference, a window or a stream, unless they are there."""
    from benchmarks.engine.inputs import write_rows

    decimals = 2 if kind == "stream" else None
    write_rows(path, rows, columns, seed, is_shifted=kind != "reference", decimals=decimals)
    return {}


def decode(windows: list[Path]) -> Found:
    """Read the columns and drop them."""
    import pyarrow.parquet as pq

    rows = 0
    for path in windows:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            columns = file.schema_arrow.names
            texts = [name for name in columns if name.startswith("c")]
        with pq.ParquetFile(path, read_dictionary=texts, pre_buffer=False) as file:
            rows += sum(batch.num_rows for batch in file.iter_batches(131_072, use_threads=False))
    return {"rows": rows}


def prepare(reference: Path, folder: Path, parts: str = "all") -> Found:
    """Make a reference ready: layout, profile and sorted columns."""
    import pyarrow.parquet as pq

    from monitoring_assets.profiles.cache import save_reference
    from monitoring_assets.profiles.exact import prepare as prepared
    from monitoring_assets.profiles.files import read_table

    names = pq.read_schema(reference).names
    numeric = [name for name in names if name.startswith("x")]
    categorical = [name for name in names if name.startswith("c")]
    correlated = numeric if parts == "all" else []
    rows = read_table(reference, names)
    save_reference(prepared(rows, numeric, categorical, correlated=correlated), folder)
    return {}


def exact(folder: Path, windows: list[Path]) -> Found:
    """Measure windows exactly: drift, quality and correlations."""
    from monitoring_assets.profiles.cache import open_reference
    from monitoring_assets.profiles.exact import measure
    from monitoring_assets.profiles.files import read_table

    reference = open_reference(folder)
    found: Found = {}
    for path in windows:
        measured = measure(read_table(path, reference.layout.columns), reference)
        found = {name: one.value for name, one in measured.drift.items()}
        _quality(reference.layout, measured.profile)
    return {"values": found}


def profile(folder: Path, windows: list[Path], threads: int = 2) -> Found:
    """Profile windows and compare the profiles: drift with bounds, quality, correlations."""
    from monitoring_assets.profiles.building import profile_batches
    from monitoring_assets.profiles.cache import open_profile
    from monitoring_assets.profiles.comparison import compare
    from monitoring_assets.profiles.files import read_batches

    layout, reference = open_profile(folder)
    found: Found = {}
    for path in windows:
        current = profile_batches(read_batches(path, layout.columns), layout, threads=threads)
        compared = {name: compare(layout, reference, current, name) for name in layout.columns}
        _quality(layout, current)
        found = {
            name: None if one.found is None else [one.found.low, one.found.value, one.found.high]
            for name, one in compared.items()
        }
    return {"bounds": found}


def _quality(layout: Any, found: Any) -> None:
    from monitoring_assets.profiles.quality import correlations, numeric_quality, unseen

    for name, one in found.numeric.items():
        numeric_quality(layout.grids[name], one)
    for name, one in found.categorical.items():
        unseen(layout.categories[name], one)
    correlations(found.comoments)


def evidently(reference: Path, window: Path) -> Found:
    """Run Evidently's drift preset, without HTML."""
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    frames = [pd.read_parquet(path) for path in (reference, window)]
    definition = DataDefinition(
        numerical_columns=[name for name in map(str, frames[0]) if name.startswith("x")],
        categorical_columns=[name for name in map(str, frames[0]) if name.startswith("c")],
    )
    before, now = (Dataset.from_pandas(frame, data_definition=definition) for frame in frames)
    metrics = Report([DataDriftPreset()]).run(now, before).dict()["metrics"]
    values = {
        metric["config"]["column"]: float(metric["value"])
        for metric in metrics
        if "ValueDrift" in metric["metric_name"]
    }
    return {"values": values}


def stream(folder: Path, window: Path, part: int, parts: int, threads: int, out: Path) -> Found:
    """Profile every `parts`-th row group of a file from `part` on, and store the profile."""
    import pyarrow.parquet as pq

    from monitoring_assets.profiles.building import profile_batches
    from monitoring_assets.profiles.cache import open_profile
    from monitoring_assets.profiles.files import read_batches
    from monitoring_assets.profiles.storage import profile_to_table

    layout, _ = open_profile(folder)
    groups = list(range(part, pq.ParquetFile(window).num_row_groups, parts))
    batches = read_batches(window, layout.columns, row_groups=groups)
    found = profile_batches(batches, layout, threads=threads)
    pq.write_table(profile_to_table(found), out, compression="zstd")
    return {"rows": found.rows}


def main() -> None:
    """Run the job that the arguments name."""
    job, *texts = sys.argv[1:]
    match job, [Path(text) for text in texts]:
        case "write", [path, *_]:
            rows, columns, seed = map(int, texts[1:4])
            found = write(path, rows, columns, seed, kind=texts[4])
        case "decode", windows:
            found = decode(windows)
        case "prepare", [reference, folder, *rest]:
            found = prepare(reference, folder, str(rest[0]) if rest else "all")
        case "exact", [folder, *windows]:
            found = exact(folder, windows)
        case "profile", [folder, *windows]:
            found = profile(folder, windows)
        case "evidently", [reference, window]:
            found = evidently(reference, window)
        case "stream", [folder, window, _, _, _, out]:
            part, parts, threads = map(int, texts[2:5])
            found = stream(folder, window, part, parts, threads, out)
        case _:
            sys.exit(f"no such job: {sys.argv[1:]}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
