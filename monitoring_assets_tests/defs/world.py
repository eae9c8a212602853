"""A small monitored model: a reference, a prediction log and labels in files, and its YAML."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from monitoring_assets.config.loader import load_models

YAML = """\
type: monitoring_assets.MonitoredModel
attributes:
  name: {name}
  task: binary
  owner: team:risk
  cadence:
    {{every: {every}, start: {start}, timezone: {timezone}, look_back: {look_back},
      deadline: {deadline}}}
  predictions: {{path: ../data/{name}/predictions}}
  labels: {{path: ../data/{name}/labels, prediction_id: id, label: late, known_at: known_at}}
  reference: {{active: v1, versions: {{v1: {{path: ../data/{name}/reference.parquet}}}}}}
  columns: {{timestamp: at, prediction_id: id, prediction: predicted, score: score}}
  features:
    distance: {{type: numeric, min: 0}}
    load: numeric
    region: categorical
  segments: [region]
  performance: {{complete_after: 1d}}
  drift: {{threshold: 0.3}}  # days of 200 rows
  alerts: {{max_age: {max_age}}}
"""
MICROSECONDS = pa.timestamp("us", "UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The files of one model below a folder; windows of the past, so that all are complete."""

    folder: Path
    name: str = "churn"
    every: str = "day"
    start: str = "2026-01-01"
    timezone: str = "UTC"
    look_back: str = "45d"
    deadline: str = "6h"
    max_age: str = "2d"
    rows: int = 200
    environ: dict = field(default_factory=dict)

    @property
    def models(self):
        return self.folder / "models"

    @property
    def data(self):
        return self.folder / "data" / self.name

    @property
    def model_file(self):
        return self.models / f"{self.name}.yaml"

    @property
    def home(self):
        return self.folder / "home"

    @property
    def settings(self):
        return {
            **self.environ,
            "MLMON_HOME": str(self.home),
            "MLMON_MODELS": str(self.models),
        }

    def create(self):
        """Write the model's file and its reference."""
        for folder in (self.models, self.data / "predictions", self.data / "labels"):
            folder.mkdir(parents=True, exist_ok=True)
        self.model_file.write_text(self.yaml())
        first = datetime(2025, 11, 1, tzinfo=UTC)
        reference = _rows(first, first + timedelta(days=30), 3_000)
        pq.write_table(reference, self.data / "reference.parquet")
        return self

    @property
    def model(self):
        return load_models([self.model_file])[0]

    def windows(self, n, *, skip=0):
        """Return the first windows, or those after the first `skip`."""
        cadence = self.model.config.cadence.windows
        windows = [cadence.first()]
        while len(windows) < skip + n:
            windows.append(cadence.containing(windows[-1].end))
        return windows[skip:]

    def definitions(self):
        from monitoring_assets.definitions import build_definitions

        return build_definitions(self.settings)

    def yaml(self):
        return YAML.format(**{name: getattr(self, name) for name in self.__slots__})

    def land(self, windows, *, shift=0.0, rows=None):
        """Write the predictions of windows, a file each; written again, they are other ones."""
        for window in windows:
            table = _rows(window.start, window.end, rows or self.rows, shift=shift)
            pq.write_table(table.drop(["late"]), self._file("predictions", window))

    def label(self, windows, *, after=timedelta(days=1), share=1.0):
        """Write the labels of windows, a file each."""
        for window in windows:
            table = _rows(window.start, window.end, self.rows).select(["id", "late"])
            table = table.slice(0, round(share * table.num_rows))
            known = pa.array([window.end + after] * table.num_rows, MICROSECONDS)
            table = table.append_column("known_at", known)
            pq.write_table(table, self._file("labels", window))

    def remove(self, window):
        self._file("predictions", window).unlink()

    def _file(self, kind, window):
        return self.data / kind / f"{window.key.replace(':', '')}.parquet"


def _rows(start, end, n, *, shift=0.0):
    rng = np.random.default_rng(int(start.timestamp()))
    seconds = np.sort(rng.uniform(0, (end - start).total_seconds(), n))
    distance = rng.gamma(2.0, 10.0, n) + shift
    load = rng.normal(0, 1, n)
    score = 1 / (1 + np.exp(-(0.03 * distance + load - 1)))
    return pa.table(
        {
            "at": pa.array([start + timedelta(seconds=s) for s in seconds], MICROSECONDS),
            "id": [f"{start:%Y%m%d%H}-{i}" for i in range(n)],
            "distance": distance,
            "load": load,
            "region": rng.choice(["north", "south", "east"], n),
            "score": score,
            "predicted": (score > 0.5).astype(int),
            "late": (rng.uniform(size=n) < score).astype(int),
        }
    )
