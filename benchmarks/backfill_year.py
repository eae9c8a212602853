"""How long a year of daily windows of 100,000 rows takes to backfill through Dagster.

Generates the log (8 numeric and 4 categorical features, a score, a decision and the truth), runs
`mlmon backfill` in a fresh home with an embedded Postgres, and prints one line of JSON.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

NUMERIC = [f"x{i}" for i in range(8)]
CATEGORICAL = [f"c{i}" for i in range(4)]
FIRST_DAY = date(2025, 1, 1)
MODEL = """\
type: monitoring_assets.MonitoredModel
attributes:
  name: year
  task: binary
  owner: team:benchmarks
  cadence: {{every: day, start: {first}, end: {last}}}
  predictions: {{path: ../log}}
  reference: {{active: v1, versions: {{v1: {{path: ../reference.parquet}}}}}}
  columns:
    timestamp: ts
    prediction_id: id
    prediction: decision
    score: score
    label: truth
  features:
{features}
"""


def day_of_rows(day: date, rows: int, seed: int) -> pa.Table:
    """Return one day of the log; values are rounded, as logged values are."""
    rng = np.random.default_rng([seed, day.toordinal()])
    seconds = np.sort(rng.integers(0, 86_400, rows))
    start = datetime.combine(day, datetime.min.time(), UTC)
    columns: dict[str, object] = {
        "ts": pa.array(
            (int(start.timestamp()) + seconds) * 1_000_000, pa.timestamp("us", tz="UTC")
        ),
        "id": [f"{day:%Y%m%d}-{i}" for i in range(rows)],
    }
    total = np.zeros(rows)
    for name in NUMERIC:
        values = np.round(rng.normal(size=rows), 2)
        columns[name] = values
        total += values
    for name in CATEGORICAL:
        columns[name] = pa.array(rng.choice(list("abcdefgh"), rows)).dictionary_encode()
    score = np.round(1 / (1 + np.exp(-total / 4)), 3)
    columns |= {"score": score, "decision": (score > 0.5).astype(int)}  # noqa: PLR2004
    columns["truth"] = (rng.uniform(size=rows) < score).astype(int)
    return pa.table(columns)


def write_inputs(folder: Path, days: int, rows: int, seed: int) -> None:
    """Write the log, the reference and the model file."""
    (folder / "log").mkdir(parents=True)
    (folder / "models").mkdir()
    for n in range(days):
        day = FIRST_DAY + timedelta(days=n)
        pq.write_table(day_of_rows(day, rows, seed), folder / "log" / f"{day}.parquet")
    reference = day_of_rows(FIRST_DAY - timedelta(days=1), rows, seed)
    pq.write_table(reference, folder / "reference.parquet")
    kinds = {**dict.fromkeys(NUMERIC, "numeric"), **dict.fromkeys(CATEGORICAL, "categorical")}
    text = MODEL.format(
        first=FIRST_DAY,
        last=FIRST_DAY + timedelta(days=days - 1),
        features="\n".join(f"    {name}: {kind}" for name, kind in kinds.items()),
    )
    (folder / "models" / "year.yaml").write_text(text)


def main() -> None:
    """Generate, backfill, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--rows", type=int, default=100_000, help="a day")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    # As root the database runs under another account, which must reach its folder.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)
        began = time.perf_counter()
        write_inputs(folder, options.days, options.rows, options.seed)
        print(f"generated in {time.perf_counter() - began:.0f} s", file=sys.stderr)
        environ = os.environ | {
            "MLMON_HOME": str(folder / "home"),
            "MLMON_MODELS": str(folder / "models"),
        }
        began = time.perf_counter()
        command = [sys.executable, "-m", "monitoring_assets.cli.main", "backfill", "year"]
        subprocess.run(command, env=environ, check=True)
        seconds = time.perf_counter() - began
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = {
            "days": options.days,
            "rows_per_day": options.rows,
            "features": len(NUMERIC) + len(CATEGORICAL),
            "minutes": round(seconds / 60, 2),
            "seconds_per_window": round(seconds / options.days, 3),
            "cpu_minutes": round((children.ru_utime + children.ru_stime) / 60, 2),
            "peak_mib": round(children.ru_maxrss / 1024),
        }
        print(json.dumps(result))


if __name__ == "__main__":
    main()
