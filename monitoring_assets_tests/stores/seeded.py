"""A database in which one model is bad, one is fine, one was never monitored, and one is stale."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from monitoring_assets.application.ports import RunInfo
from monitoring_assets.config.loader import load_models
from monitoring_assets.domain.evaluation import Evaluation, Histogram
from monitoring_assets.domain.measurement import Kind, Measurement, Status
from monitoring_assets.stores.catalog import put_addresses, put_model
from monitoring_assets.stores.measurements import PostgresMeasurements
from monitoring_assets.stores.pipeline import Step, recorded

WINDOWS = 5
HOSTILE = "am\x1b[31mount"
YAML = """\
type: monitoring_assets.MonitoredModel
attributes:
  name: {name}
  task: binary
  owner: team:risk
  tier: 1
  cadence: {{every: day, start: {start}}}
  predictions: {{path: logs}}
  reference: {{active: v1, versions: {{v1: {{path: reference.parquet}}}}}}
  columns: {{timestamp: at, prediction: p, label: y}}
  features: {{amount: numeric}}
"""


def seed(engine, folder: Path, now=None):
    """Write the models `bad`, `fine`, `never` and `stale`; return the keys of their windows."""
    now = now or datetime.now(UTC)
    put_addresses(engine, {"ui": "http://ui", "reports": "http://reports"})
    today = now.date()
    keys = {}
    for name, days_ago in (("bad", 0), ("fine", 0), ("never", 0), ("stale", 20)):
        config = _config(folder, name, today - timedelta(days=60))
        put_model(engine, config, now)
        if name != "never":
            keys[name] = _monitor(engine, config, today - timedelta(days=days_ago), name == "bad")
    return keys


def _config(folder, name, start: date):
    file = folder / f"{name}.yaml"
    file.write_text(YAML.format(name=name, start=start))
    return load_models([file])[0].config


def _monitor(engine, config, after: date, is_bad):
    store, cadence = PostgresMeasurements(engine), config.cadence.windows
    windows = [cadence.window(f"{after - timedelta(days=d)}") for d in range(WINDOWS, 0, -1)]
    for i, window in enumerate(windows):
        at = window.end + timedelta(hours=1)
        run = RunInfo(run_id=f"{config.name}-{i}", computed_at=at, started_at=datetime.now(UTC))
        step = Step(
            model=config.name, asset="alert_decision", windows=[window], is_backfill=i == 0
        )
        with recorded(engine, step, run):
            for evaluation in _evaluations(config, window, is_bad and i == WINDOWS - 1, i):
                store.replace(evaluation, run)
    return [w.key for w in windows]


def _evaluations(config, window, is_bad, i):
    status = Status.BAD if is_bad else Status.OK
    common = Evaluation(
        model=config.name, asset="", window=window, reference_version="v1", measurements=()
    )
    drift = Measurement(
        metric="drift",
        kind=Kind.FEATURE_DRIFT,
        check="feature_drift",
        column=HOSTILE if config.name == "bad" else "amount",
        method="wasserstein",
        n=100,
        value=0.25 if is_bad else 0.05 + 0.01 * i,
        threshold=0.1,
        status=status,
    )
    share = Measurement(
        metric="drifted_share", kind=Kind.FEATURE_DRIFT, n=100, value=1.0 if is_bad else 0.0
    )
    bars = Histogram(
        column=drift.column, labels=("a", "b"), reference=(0.5, 0.5), current=(0.4, 0.6)
    )
    rows = Measurement(
        metric="row_count", kind=Kind.NO_DATA, check="has_rows", n=100, value=100.0 + i
    )
    performance = Measurement(
        metric="accuracy",
        kind=Kind.PERFORMANCE,
        check="performance",
        n=90,
        value=0.9,
        threshold=0.8,
        status=Status.OK,
    )
    yield replace(common, asset="drift_report", measurements=(drift, share), histograms=(bars,))
    yield replace(common, asset="prediction_log", measurements=(rows,))
    yield replace(common, asset="performance_metrics", measurements=(performance,))
