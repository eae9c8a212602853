"""A folder with one small model, and the command `mlmon` as a function."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring_assets.cli.main import main

# From the fourth day on, `distance` is twice as long and the model is wrong as often as right.
DAYS, BROKEN_FROM, ROWS = 6, 3, 400
MODEL = """\
type: monitoring_assets.MonitoredModel
attributes:
  name: churn
  task: binary
  owner: team:growth
  cadence:
    every: day
    start: 2026-01-01
    end: 2026-01-06
  predictions:
    path: ../logs/*.parquet
  reference:
    active: v1
    versions:
      v1:
        path: ../reference.parquet
  columns:
    timestamp: predicted_at
    prediction_id: id
    prediction: churns
    label: churned
  features:
    distance: numeric
    plan: categorical
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command answered."""

    code: int
    out: str
    err: str


def rows(day, *, is_broken=False):
    rng = np.random.default_rng(100 + day)
    truth = rng.integers(0, 2, ROWS)
    is_right = rng.random(ROWS) < (0.5 if is_broken else 0.9)
    begin = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
    return pa.table(
        {
            "id": [f"{day}-{row}" for row in range(ROWS)],
            "predicted_at": [begin + timedelta(minutes=row) for row in range(ROWS)],
            "distance": rng.gamma(2, 20 if is_broken else 10, ROWS),
            "plan": rng.choice(["free", "plus"], ROWS),
            "churns": np.where(is_right, truth, 1 - truth),
            "churned": truth,
        }
    )


def write_model_folder(folder: Path):
    """Write six days of logs, a reference and a model file."""
    for name in ("logs", "models"):
        (folder / name).mkdir()
    for day in range(DAYS):
        pq.write_table(rows(day, is_broken=day >= BROKEN_FROM), folder / f"logs/{day}.parquet")
    pq.write_table(pa.concat_tables(map(rows, range(-10, 0))), folder / "reference.parquet")
    (folder / "models" / "churn.yaml").write_text(MODEL, encoding="utf-8")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Yield a folder with `models/churn.yaml`, in which commands are run."""
    write_model_folder(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("MLMON_MODELS", "MLMON_HOME", "MLMON_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def mlmon(capsys):
    """Return a function that runs a command in this process."""

    def run(*words):
        capsys.readouterr()
        with patch.dict(os.environ):  # commands prepare their process for Dagster
            try:
                code = main([str(word) for word in words])
            except SystemExit as ended:
                code = ended.code
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return run
