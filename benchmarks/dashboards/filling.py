"""A database as 200 models leave it after 300 days, made by Postgres itself, day by day.

The rows of one window lie together, those of one model do not: as if they had come one by one.
"""

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa

from monitoring_assets.stores.engine import transaction

SEGMENTS = tuple(f"region={name}" for name in ("north", "east", "south", "west", "other"))
VERSIONS = ("v1", "v2")
PERFORMANCE = ("accuracy", "precision", "recall", "f1", "roc_auc", "log_loss", "brier")
PER_FEATURE = (
    ("missing_share", "missing_values"),
    ("out_of_range_share", "value_ranges"),
    ("infinite_share", "value_ranges"),
    ("outlier_share", "outliers"),
    ("is_constant", "constant_columns"),
)
HISTOGRAM_DAYS, STEP_DAYS = 180, 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much there is."""

    models: int
    days: int
    features: int

    @property
    def first_day(self) -> date:
        """Return the first day, so that the last one ended last midnight."""
        return datetime.now(UTC).date() - timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Number:
    """One number of every window."""

    asset: str
    metric: str
    kind: str
    check_name: str
    column_name: str = ""
    segment: str = ""
    model_version: str = ""
    method: str = ""
    threshold: float | None = None
    low: float = 0.0
    high: float = 1.0


def numbers(size: Size) -> Iterator[Number]:
    """Yield what a window of a binary classifier has: 361 numbers with 40 features."""
    features = [f"feature_{i:02}" for i in range(size.features)]
    drift, quality = "drift_report", "quality_results"
    for f in features:
        limits = {"method": "wasserstein", "threshold": 0.1, "low": 0.0, "high": 0.105}
        yield Number(drift, "drift", "feature_drift", "feature_drift", f, **limits)
        yield Number(drift, "drift", "feature_drift", "", f, SEGMENTS[0], method="wasserstein")
        for metric, check in PER_FEATURE:
            yield Number(quality, metric, "quality", check, f, threshold=0.05, high=0.0502)
    limits = {"method": "psi", "threshold": 0.1, "high": 0.102}
    yield Number(drift, "drift", "prediction_drift", "prediction_drift", "score", **limits)
    yield Number(drift, "drifted_share", "feature_drift", "")
    yield Number(quality, "volume_ratio", "quality", "volume", threshold=0.5, low=0.2, high=0.499)
    yield Number("labels", "label_coverage", "no_data", "label_coverage", low=0.9)
    log = "prediction_log"
    yield Number(log, "row_count", "no_data", "has_rows", low=4_000, high=6_000)
    for version in VERSIONS:
        yield Number(log, "row_count", "no_data", "", model_version=version, high=3_000)
    for metric, kind, check in (
        ("missing_columns", "schema", "schema"),
        ("wrong_types", "schema", "schema"),
        ("invalid_share", "schema", "row_contract"),
        ("duplicate_share", "quality", "duplicates"),
    ):
        yield Number(log, metric, kind, check, threshold=0.01, high=0.01)
    for metric in PERFORMANCE:
        limit = {"threshold": 0.95} if metric == "roc_auc" else {}
        yield Number(
            "performance_metrics", metric, "performance", "performance", high=0.951, **limit
        )
        for segment in SEGMENTS:
            yield Number("performance_metrics", metric, "performance", "", segment=segment)
        for version in VERSIONS:
            yield Number("performance_metrics", metric, "performance", "", model_version=version)


_TEMPORARY = """
CREATE UNLOGGED TABLE public.number (asset text, metric text, kind text, check_name text,
  column_name text, segment text, model_version text, method text, threshold float8, low float8,
  high float8)
"""
_MODELS = """
INSERT INTO monitoring.model
SELECT 'model_' || lpad(i::text, 3, '0'),
  'team:' || (ARRAY['risk', 'growth', 'logistics'])[i % 3 + 1], 'binary', '', 'day', 'UTC',
  i % 3 + 1, CAST(:first AS date), NULL, 21600, 3888000, 'v1', now()
FROM generate_series(1, :models) i
"""
_MEASUREMENTS = """
INSERT INTO monitoring.measurement (model, window_start, window_end, window_key, asset,
  reference_version, metric, column_name, segment, model_version, method, kind, check_name, value,
  lower, upper, threshold, n, status, reason, run_id, computed_at)
SELECT model, :start, :end, :key, asset, 'v1', metric, column_name, segment, model_version, method,
  kind, check_name, value, value - 0.01, value + 0.01, threshold, 5000,
  CASE WHEN threshold IS NULL THEN 'info' WHEN value > threshold THEN 'bad' ELSE 'ok' END,
  CASE WHEN value > threshold THEN column_name || ': ' || metric || ' is above its limit'
    ELSE '' END,
  md5(model || :key), :computed
FROM (
  SELECT m.model, n.*, n.low + (n.high - n.low) * random() AS value
  FROM monitoring.model m CROSS JOIN public.number n) made
ORDER BY model
"""
_DAYS = """
INSERT INTO monitoring.model_day
SELECT model, window_start, max(window_end), max(window_key), 'v1',
  monitoring.status(max(monitoring.level(status))), 'ok',
  coalesce(monitoring.status(max(monitoring.level(status))
    FILTER (WHERE asset = 'quality_results')), 'ok'),
  'ok',
  monitoring.status(max(monitoring.level(status)) FILTER (WHERE asset = 'drift_report')), 'ok',
  monitoring.status(max(monitoring.level(status)) FILTER (WHERE asset = 'performance_metrics')),
  count(DISTINCT check_name) FILTER (WHERE status <> 'info'),
  count(DISTINCT check_name) FILTER (WHERE status = 'bad'), count(*) FILTER (WHERE status = 'bad'),
  5000, 4800, 0.96, random(), 'feature_00', 2 * random(), 'roc_auc', 0.9 + 0.05 * random(), 0.88,
  0.97, 0.95, max(run_id), max(computed_at)
FROM monitoring.measurement WHERE window_start = :start GROUP BY model, window_start
"""
_DECISIONS = """
INSERT INTO monitoring.decision
SELECT model, window_start, window_end, window_key, status, 'nothing fails', '[]', run_id,
  computed_at
FROM monitoring.model_day WHERE window_start = :start
"""
_VERDICTS = """
INSERT INTO monitoring.verdict
SELECT model, check_name, column_name, segment, window_start, window_end, window_key, 0, kind,
  metric, status, value, threshold, threshold * 0.9, 0.05, lower, upper, n, reason, 'v1', run_id,
  computed_at, computed_at
FROM monitoring.measurement
WHERE window_start = :start AND status <> 'info'
  AND (check_name IN ('feature_drift', 'prediction_drift')
    OR metric IN ('roc_auc', 'volume_ratio'))
"""
_HISTOGRAMS = """
INSERT INTO monitoring.histogram
SELECT model, :start, column_name, :key, 'drift_report',
  ARRAY(SELECT to_char(i * 1.25, 'FM990.00') FROM generate_series(1, 20) i),
  array_fill(0.05::real, ARRAY[20]), array_fill(random()::real, ARRAY[20])
FROM monitoring.model CROSS JOIN public.number
WHERE metric = 'drift' AND segment = ''
"""
_STEPS = """
INSERT INTO monitoring.pipeline_step
SELECT run_id, model, asset, window_key, window_key, window_start, window_end, 1, random() < 0.1,
  CASE WHEN random() < 0.01 THEN 'failed' ELSE 'succeeded' END,
  computed_at, computed_at, computed_at + random() * interval '20 s', ''
FROM monitoring.model_day CROSS JOIN unnest(ARRAY['prediction_log', 'labels', 'quality_results',
  'drift_report', 'performance_metrics', 'alert_decision']) AS a (asset)
WHERE window_start = :start
"""
_INCIDENTS = """
INSERT INTO monitoring.incident
SELECT md5(model || i), model, 'feature_drift', 'feature_' || lpad((i % 40)::text, 2, '0'), '',
  'feature_drift', CASE WHEN i = 1 THEN 'notified' ELSE 'resolved' END,
  (ARRAY['page', 'ticket', 'info'])[i % 3 + 1], w.key, w.key, w.key,
  CASE WHEN i > 1 THEN w.key END, CASE WHEN i > 1 THEN 'recovered' END, 'told',
  md5(model || i || 'group'), '',
  jsonb_build_object('first', w.range, 'last', w.range, 'resolved',
    CASE WHEN i > 1 THEN w.range END, 'bad', 2, 'score', 0.2, 'threshold', 0.1, 'worst', 1.0,
    'metric', 'drift', 'reason', 'the distance is above its limit'),
  '{}', w.start, NULL, CASE WHEN i % 2 = 0 THEN w.start + interval '1 hour' END, NULL,
  CASE WHEN i > 1 THEN w.start + interval '2 days' END
FROM monitoring.model CROSS JOIN generate_series(1, 20) i
CROSS JOIN LATERAL (
  SELECT d AS start, to_char(d, 'YYYY-MM-DD') AS key,
    jsonb_build_object('start', d, 'end', d + interval '1 day') AS range
  FROM (
    SELECT date_trunc('day', now(), 'UTC') - i * make_interval(days => :days / 20) AS d) x) w
"""
_EVENTS = """
INSERT INTO monitoring.alert_event (id, at, model, window_key, incident_id, what, line, severity,
  group_id, seq, digest, destination)
SELECT row_number() OVER (), opened_at + e * interval '1 hour', model, opened_window, id,
  (ARRAY['opened', 'worse', 'resolved'])[e], 'a line for people', severity, group_id, e, '', ''
FROM monitoring.incident CROSS JOIN generate_series(1, 3) e
"""
_OUTBOX = """
INSERT INTO monitoring.outbox (id, delivery_id, group_id, destination, seq, act, state, created_at,
  sent_at)
SELECT id, gen_random_uuid(), group_id, 'slack', seq,
  (ARRAY['open', 'reply', 'resolve'])[seq], 'sent', at, at + random() * interval '1 s'
FROM monitoring.alert_event
"""
_GROUPS = """
INSERT INTO monitoring.alert_group (id, model, severity, destinations, last_seq, opened_at,
  resolved_at)
SELECT group_id, model, severity, '[]', 3, opened_at, resolved_at FROM monitoring.incident
"""
_VERSIONS = """
INSERT INTO monitoring.event
SELECT model, 'deployment', version, CAST(:first AS date) + i * interval '30 days'
FROM monitoring.model CROSS JOIN unnest(ARRAY['v1', 'v2']) WITH ORDINALITY AS v (version, i)
"""


def fill(engine: sa.Engine, size: Size, progress: Callable[[str], None]) -> None:
    """Fill a database that has its tables, and let Postgres learn what is in them."""
    first = {"first": size.first_day, "models": size.models, "days": size.days}
    with transaction(engine) as connection:
        connection.execute(sa.text(_TEMPORARY))
        connection.exec_driver_sql(
            f"INSERT INTO public.number VALUES ({', '.join(['%s'] * 11)})",  # noqa: S608
            [astuple(number) for number in numbers(size)],
        )
        connection.execute(sa.text(_MODELS), first)
    for n in range(size.days):
        _fill_day(engine, size, n)
        if (n + 1) % 30 == 0:
            progress(f"{n + 1} of {size.days} days")
    with transaction(engine) as connection:
        for statement in (_INCIDENTS, _EVENTS, _OUTBOX, _GROUPS, _VERSIONS):
            connection.execute(sa.text(statement), first)
        connection.execute(sa.text("DROP TABLE public.number"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE"))


def _fill_day(engine: sa.Engine, size: Size, n: int) -> None:
    start = datetime.combine(size.first_day + timedelta(days=n), time(), UTC)
    end = start + timedelta(days=1)
    values = {
        "start": start,
        "end": end,
        "key": f"{start:%Y-%m-%d}",
        "computed": end + timedelta(hours=1),
    }
    days_ago = size.days - n
    with transaction(engine) as connection:
        for statement in (
            _MEASUREMENTS,
            _DAYS,
            _DECISIONS,
            _VERDICTS,
            *([_HISTOGRAMS] if days_ago <= HISTOGRAM_DAYS else []),
            *([_STEPS] if days_ago <= STEP_DAYS else []),
        ):
            connection.execute(sa.text(statement), values)
