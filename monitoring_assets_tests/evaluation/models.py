"""Configurations, references and windows for the tests of evaluations."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa

from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.window import Window
from monitoring_assets.evaluation.contract import check_rows, reference_contract
from monitoring_assets.evaluation.profiles import (
    WindowProfile,
    from_table,
    profile_window,
    to_table,
)
from monitoring_assets.evaluation.reference import Reference

START = date(2026, 3, 2)  # a Monday
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def model(**changes: object) -> ModelConfig:
    """Return a binary model with features x, y (numeric) and c; `columns` adds roles."""
    columns = {"timestamp": "at", "prediction": "p", "score": "s", "label": "truth"}
    usual = {
        "name": "m",
        "task": "binary",
        "owner": "team:tests",
        "cadence": {"start": START},
        "predictions": {"path": "log"},
        "reference": {"active": "v1", "versions": {"v1": {"path": "reference.parquet"}}},
        "columns": columns,
        "features": {"x": "numeric", "y": "numeric", "c": "categorical"},
    }
    return ModelConfig.model_validate(usual | changes)


def day(config: ModelConfig, offset: int = 0) -> Window:
    return config.cadence.windows.containing(NOON + timedelta(days=offset))


def table(n: int = 1000, seed: int = 0, **changed: object) -> pa.Table:
    """Return rows at noon of the first day, in the form that a contract leaves behind."""
    rng = np.random.default_rng(seed)
    usual = {
        "at": pa.array([NOON] * n, pa.timestamp("us", "UTC")),
        "p": pa.array(rng.choice(["0", "1"], n)),
        "s": rng.random(n),
        "truth": pa.array(rng.choice(["0", "1"], n)),
        "x": rng.normal(size=n),
        "y": rng.normal(size=n),
        "c": pa.array(rng.choice(["a", "b"], n)),
    }
    return pa.table(usual | changed)


def reference(config: ModelConfig, rows: pa.Table | None = None) -> Reference:
    rows = table(2000, seed=1) if rows is None else rows
    valid = check_rows(rows, reference_contract(config)).valid
    read = lambda columns: valid if columns is None else valid.select(columns)  # noqa: E731
    return Reference(config, "v1", read, frozenset(rows.column_names))


def profile(
    rows: pa.Table, known: Reference | None = None, window: Window | None = None
) -> WindowProfile:
    """Return what is kept of rows, as it is after it was stored."""
    known = known or reference(model())
    found = profile_window(rows, known, window or day(known.config))
    return from_table(to_table(found))
