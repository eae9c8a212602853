"""A small binary classifier whose files a test writes, monitored with stores in memory."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from monitoring_assets.alerting.verdicts import checks_of
from monitoring_assets.application.monitor import ModelMonitor
from monitoring_assets.application.ports import RunInfo
from monitoring_assets.composition import Workspace
from monitoring_assets.config.model import LoadedModel, ModelConfig
from monitoring_assets.domain.evaluation import CheckResult, Evaluation
from monitoring_assets.domain.measurement import Measurement
from monitoring_assets.domain.window import Window

FIRST_DAY = date(2026, 3, 2)  # a Monday
REFERENCE_DAYS = 21
ROWS = 120
STEPS = ("prediction_log", "labels", "quality_results", "drift_report", "performance_metrics")

Column = list | np.ndarray | pa.Array


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def rows_of(day: date, n: int = ROWS, **changed: Column) -> pa.Table:
    """Return the rows of a quiet day; `changed` columns take the place of the usual ones."""
    rng = np.random.default_rng(day.toordinal())
    score = rng.beta(2, 2, n)
    seconds = np.linspace(0, 86_399, n).astype(int)
    usual = {
        "at": [midnight(day) + timedelta(seconds=int(s)) for s in seconds],
        "id": [f"{day}-{i}" for i in range(n)],
        "score": score,
        "predicted": (score > 0.5).astype(int),
        "amount": rng.normal(100, 20, n),
        "age": rng.integers(18, 80, n),
        "plan": rng.choice(["basic", "plus", "pro"], n),
        "churned": (rng.random(n) < score).astype(int),
    }
    return pa.table(usual | changed)


def without(table: pa.Table, column: str) -> pa.Table:
    return table.drop([column])


def replaced(values: Column, positions: list[int], value: object) -> list:
    changed = pa.array(values).to_pylist()
    for position in positions:
        changed[position] = value
    return changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Everything that was found in one window."""

    window: Window
    evaluations: dict[str, Evaluation]
    valid: pa.Table
    quarantined: pa.Table | None

    @property
    def checks(self) -> dict[str, CheckResult]:
        return {check.check: check for check in checks_of(self.evaluations.values())}

    @property
    def measurements(self) -> list[Measurement]:
        return [m for e in self.evaluations.values() for m in e.measurements]

    @property
    def failing(self) -> set[str]:
        return {name for name, check in self.checks.items() if check.status.is_failing}

    def find(self, metric: str, column: str = "") -> Measurement:
        found = [
            m
            for m in self.measurements
            if (m.metric, m.column, m.segment, m.version) == (metric, column, "", "")
        ]
        assert len(found) == 1, (metric, column, found)
        return found[0]

    @property
    def rows(self) -> int:
        """Return how many rows are accounted for."""
        return self.valid.num_rows + (self.quarantined.num_rows if self.quarantined else 0)


@dataclass
class Scenario:
    """A folder with a reference and a log.

    Attributes:
        labels: Where the truth is: `column` of the log, `files` of their own, or `none`.
        changes: What differs from the usual configuration, by top-level key.
    """

    folder: Path
    labels: str = "column"
    changes: dict = field(default_factory=dict)

    def __post_init__(self):
        days = [FIRST_DAY - timedelta(days=i) for i in range(REFERENCE_DAYS, 0, -1)]
        pq.write_table(pa.concat_tables(map(rows_of, days)), self.folder / "reference.parquet")
        for name in ("log", "labels"):
            (self.folder / name).mkdir()

    @cached_property
    def config(self) -> ModelConfig:
        columns = {
            "timestamp": "at",
            "prediction_id": "id",
            "prediction": "predicted",
            "score": "score",
        }
        usual = {
            "name": "churn",
            "task": "binary",
            "owner": "team:growth",
            "cadence": {"start": FIRST_DAY},
            "predictions": {"path": "log"},
            "reference": {"active": "v1", "versions": {"v1": {"path": "reference.parquet"}}},
            "columns": columns,
            "features": {
                "amount": {"type": "numeric", "min": 0, "max": 1000},
                "age": "numeric",
                "plan": "categorical",
            },
            # Distances of 120 rows are far from 0 by chance alone.
            "drift": {"threshold": 0.5},
        }
        if self.labels == "column":
            usual["columns"] = columns | {"label": "churned"}
        if self.labels == "files":
            usual["labels"] = {
                "path": "labels",
                "prediction_id": "id",
                "label": "churned",
                "known_at": "known_at",
            }
        return ModelConfig.model_validate(usual | self.changes)

    @cached_property
    def monitor(self) -> ModelMonitor:
        monitor = self.new_monitor()
        monitor.take_reference("v1")
        return monitor

    def new_monitor(self) -> ModelMonitor:
        model = LoadedModel(config=self.config, file=self.folder / "churn.yaml")
        return Workspace({}).replaying_monitor(model)

    def window(self, day: date = FIRST_DAY) -> Window:
        return self.config.cadence.windows.window(str(day))

    def write(
        self, rows: pa.Table | None = None, day: date = FIRST_DAY, part: str = "part-0"
    ) -> Path:
        """Write a file of the log, by default the usual rows of a day; return where it is."""
        file = self.folder / "log" / f"date={day}" / f"{part}.parquet"
        rows = rows_of(day) if rows is None else rows
        if self.labels != "column" and "churned" in rows.column_names:
            rows = without(rows, "churned")
        _write(file, rows)
        return file

    def write_labels(self, rows: pa.Table, part: str = "part-0") -> Path:
        file = self.folder / "labels" / f"{part}.parquet"
        _write(file, rows)
        return file

    def judge(self, day: date = FIRST_DAY, *, after: timedelta = timedelta(hours=1)) -> Judged:
        """Run all steps over a window, `after` its end."""
        monitor, window = self.monitor, self.window(day)
        run = RunInfo(run_id="test", computed_at=window.end + after)
        monitor.take_log(window, run)
        monitor.take_labels(window, run)
        monitor.take_profile(window)
        monitor.measure_quality(window, run)
        monitor.measure_drift(window, run)
        monitor.measure_performance(window, run)
        stored = monitor.ports.measurements.of_window("churn", window.key)
        return Judged(
            window=window,
            evaluations={e.asset: e for e in stored},
            valid=monitor.stored_log(window),
            quarantined=monitor.ports.artifacts.read_table(
                f"churn/quarantine/{window.key}.parquet"
            ),
        )


def known(day: date, labels: dict[str, int], hour: int = 12) -> pa.Table:
    """Return labels by id, all known at one hour of a day."""
    n = len(labels)
    return pa.table(
        {
            "id": pa.array(list(labels), pa.string()),
            "churned": pa.array(list(labels.values()), pa.int64()),
            "known_at": pa.array(
                [midnight(day) + timedelta(hours=hour)] * n, pa.timestamp("us", "UTC")
            ),
        }
    )


def _write(file: Path, rows: pa.Table) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, file, write_page_checksum=True)
