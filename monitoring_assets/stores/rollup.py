"""What is kept of a window beside its numbers, for dashboards: one row, distributions, events.

All of it is written in the transaction that writes the numbers, so no reader sees one without the
other.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from monitoring_assets.domain.evaluation import Evaluation
from monitoring_assets.domain.window import Window
from monitoring_assets.stores.text import storable, storable_key

# The metric that stands for a model's performance: the first of these that is judged.
HEADLINES = ("roc_auc", "log_loss", "brier", "f1", "macro_f1", "accuracy", "mae", "rmse", "r2")

# A window that moved with its time zone kept its key, and moved by 26 hours at most.
_WHERE = """
  model = :model AND (window_start = :window_start OR window_key = :window_key)
  AND window_start > :window_start - interval '2 days'
  AND window_start < :window_start + interval '2 days'
"""
_FORGET_DAY = sa.text(f"DELETE FROM monitoring.model_day WHERE {_WHERE}")  # noqa: S608
_FORGET_HISTOGRAMS = sa.text(
    f"DELETE FROM monitoring.histogram WHERE asset = :asset AND {_WHERE}"  # noqa: S608
)

_DAY = sa.text("""
WITH number AS (
  SELECT *, CASE WHEN check_name <> '' THEN monitoring.level(status) END AS level,
    CASE WHEN metric = 'drift' AND segment = '' AND model_version = ''
      THEN monitoring.drift_ratio(method, value, threshold) END AS ratio
  FROM monitoring.measurement WHERE model = :model AND window_start = :window_start),
headline AS (
  SELECT metric, value, lower, upper, threshold FROM number
  WHERE asset = 'performance_metrics' AND segment = '' AND model_version = ''
  ORDER BY status = 'info', array_position(CAST(:headlines AS text[]), metric::text), metric
  LIMIT 1),
day AS (
  SELECT model, window_start, max(window_end), max(window_key), max(reference_version),
    coalesce(monitoring.status(max(level)), 'unjudged'),
    monitoring.status(max(level) FILTER (WHERE asset = 'prediction_log')),
    monitoring.status(max(level) FILTER (
      WHERE asset = 'quality_results' AND check_name <> 'volume')),
    monitoring.status(max(level) FILTER (WHERE check_name IN ('has_rows', 'volume'))),
    monitoring.status(max(level) FILTER (WHERE asset = 'drift_report')),
    monitoring.status(max(level) FILTER (WHERE asset = 'labels')),
    monitoring.status(max(level) FILTER (WHERE asset = 'performance_metrics')),
    count(DISTINCT check_name) FILTER (WHERE level <> 1),
    count(DISTINCT check_name) FILTER (WHERE level > 1),
    count(*) FILTER (WHERE level > 1),
    max(value) FILTER (WHERE metric = 'row_count' AND model_version = '')::bigint,
    round(max(value * n) FILTER (WHERE metric = 'label_coverage'))::bigint,
    max(value) FILTER (WHERE metric = 'label_coverage'),
    max(value) FILTER (WHERE metric = 'drifted_share'),
    (array_agg(column_name ORDER BY ratio DESC, column_name) FILTER (WHERE ratio IS NOT NULL))[1],
    max(ratio),
    (SELECT metric FROM headline), (SELECT value FROM headline), (SELECT lower FROM headline),
    (SELECT upper FROM headline), (SELECT threshold FROM headline),
    (array_agg(run_id ORDER BY computed_at DESC))[1], max(computed_at)
  FROM number GROUP BY model, window_start)
INSERT INTO monitoring.model_day (
  model, window_start, window_end, window_key, reference_version, status, log_status,
  quality_status, volume_status, drift_status, label_status, performance_status, judged_checks,
  failing_checks, failing, rows, labelled, label_coverage, drifted_share, worst_column,
  worst_ratio, performance_metric, performance, performance_lower, performance_upper,
  performance_threshold, run_id, computed_at)
SELECT * FROM day
""")

# Windows are monitored in any order: the earliest that shows a version is when it came.
_SEEN = sa.text("""
INSERT INTO monitoring.event AS known (model, kind, subject, starts_at)
SELECT :model, kind, subject, :window_start
FROM unnest(CAST(:kinds AS text[]), CAST(:subjects AS text[])) AS seen (kind, subject)
ORDER BY kind, subject
ON CONFLICT (model, kind, subject) DO UPDATE SET starts_at = excluded.starts_at
WHERE known.starts_at > excluded.starts_at
""")
DEPLOYMENT, REFERENCE = "deployment", "reference"

_COPY_HISTOGRAMS = """
COPY monitoring.histogram
  (model, window_start, window_key, asset, column_name, labels, reference, current) FROM STDIN
"""


def roll_up(connection: sa.Connection, model: str, window: Window) -> None:
    """Replace a window's row in `model_day` by what its numbers come to now."""
    where = {"model": model, "window_start": window.start, "window_key": window.key}
    connection.execute(_FORGET_DAY, where)
    connection.execute(_DAY, where | {"headlines": list(HEADLINES)})


def note_versions(connection: sa.Connection, evaluation: Evaluation) -> None:
    """Record when a version of the model, or of the reference, was first seen."""
    versions = dict.fromkeys(storable_key(m.version) for m in evaluation.measurements if m.version)
    seen = [(DEPLOYMENT, version) for version in versions]
    if evaluation.reference_version:
        seen.append((REFERENCE, storable_key(evaluation.reference_version)))
    connection.execute(
        _SEEN,
        {
            "model": evaluation.model,
            "window_start": evaluation.window.start,
            "kinds": [kind for kind, _ in seen],
            "subjects": [subject for _, subject in seen],
        },
    )


def replace_histograms(connection: sa.Connection, evaluation: Evaluation) -> None:
    """Replace the distributions that an asset found in a window."""
    model, window = evaluation.model, evaluation.window
    where = {"model": model, "window_start": window.start, "window_key": window.key}
    connection.execute(_FORGET_HISTOGRAMS, where | {"asset": evaluation.asset})
    if not evaluation.histograms:
        return
    psycopg: Any = connection.connection.driver_connection
    with psycopg.cursor() as cursor, cursor.copy(_COPY_HISTOGRAMS) as copy:
        for row in _bars(evaluation):
            copy.write_row(row)


def _bars(evaluation: Evaluation) -> Iterator[tuple[object, ...]]:
    window = evaluation.window
    for h in evaluation.histograms:
        labels = [storable(label) for label in h.labels]
        about = (evaluation.model, window.start, window.key, evaluation.asset)
        yield (*about, storable_key(h.column), labels, _array(h.reference), _array(h.current))


def _array(numbers: Sequence[float]) -> str:
    """Return numbers as Postgres reads them, in a third of the driver's time."""
    return f"{{{','.join(f'{number:.7g}' for number in numbers)}}}"
