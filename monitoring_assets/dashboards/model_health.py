"""Model health: is this model all right, and if not, what is wrong since when?"""

from monitoring_assets.dashboards import links
from monitoring_assets.dashboards.choices import (
    ADDRESSES,
    IN_RANGE,
    METRIC,
    MODEL,
    ONE_MODEL,
    events,
)
from monitoring_assets.dashboards.layout import Row, dashboard
from monitoring_assets.dashboards.looks import (
    BLUE,
    RED,
    SHARE,
    Json,
    column,
    field,
    hidden_columns,
    level_column,
    level_steps,
    level_words,
    steps,
    text,
)
from monitoring_assets.dashboards.panels import (
    PERFORMANCE_LOOKS,
    heatmap,
    lines,
    periods,
    stat,
    table,
)
from monitoring_assets.dashboards.volume import rows_by_window
from monitoring_assets.dashboards.worst import worst_lines

_HERE = f"{ONE_MODEL} AND {IN_RANGE}"
_UNTIL = f"{ONE_MODEL} AND window_start <= $__timeTo()"


def model_health() -> Json:
    """Return the dashboard of one model."""
    return dashboard(
        "mlmon-model",
        "Model health",
        "Is this model all right, and if not, what is wrong since when?",
        [
            Row(panels=[_areas_now(), _incidents(), _newest()], height=4, widths=[16, 4, 4]),
            Row(panels=[_areas(), _performance()], height=8),
            Row(panels=[_drift(), _volume()], height=8),
            Row(panels=[_failing_checks()], height=9),
            Row(panels=[_scores(), _versions()], height=8),
        ],
        variables=[MODEL, METRIC, *ADDRESSES],
        annotations=events(),
    )


def _areas_now() -> Json:
    sql = f"""
SELECT log_level AS log, quality_level AS quality, volume_level AS volume, drift_level AS drift,
  label_level AS labels,
  (SELECT performance_level FROM dash.model_day
   WHERE {_UNTIL} AND performance_level <> 1 ORDER BY window_start DESC LIMIT 1) AS performance
FROM dash.model_day WHERE {_UNTIL} ORDER BY window_start DESC LIMIT 1"""
    return stat(
        "Newest window (performance: the newest one that could be judged)",
        "The worst check of each area. Bad log, quality or volume: ask who produces the data. Bad "
        "drift alone: see whether performance follows. Unjudged labels: they are not old enough.",
        sql,
        defaults=field(texts=level_words(), limits=level_steps(), nothing="–"),
        names=True,
    )


def _incidents() -> Json:
    sql = f"SELECT count(*) AS open FROM dash.incident WHERE {ONE_MODEL} AND is_open"
    return stat(
        "Open incidents",
        "Incidents of all severities. Their list, and who has taken them: Alerts and incidents.",
        f"{sql} AND severity <> 'info'",
        defaults=field(limits=steps((1, RED))),
    )


def _newest() -> Json:
    sql = f"""
SELECT extract(epoch FROM max(window_end))::float8 * 1000 AS newest
FROM dash.model_day WHERE {_UNTIL}"""
    return stat(
        "Newest window ended",
        "Much longer ago than a window is long: look at Pipeline health.",
        sql,
        defaults=field("dateTimeFromNow", limits=steps(first=BLUE), nothing="never"),
    )


def _areas() -> Json:
    sql = f"""
SELECT window_start AS time, area AS metric, area_level AS value
FROM dash.model_day CROSS JOIN LATERAL (VALUES
  ('log', log_level), ('quality', quality_level), ('volume', volume_level),
  ('drift', drift_level), ('labels', label_level), ('performance', performance_level)
) AS a(area, area_level)
WHERE {_HERE} ORDER BY 1, 2"""
    return periods(
        "Status of each area",
        "What began first is usually the cause of what follows. A gap: nothing was judged.",
        sql,
    )


def _performance() -> Json:
    sql = f"""
SELECT window_start AS time, value AS "realised", lower, upper, threshold AS "limit",
  baseline AS "reference"
FROM dash.performance
WHERE {_HERE} AND metric = ${{metric:sqlstring}} AND segment = '' AND model_version = ''
ORDER BY 1"""
    return lines(
        "Performance: ${metric} (area: 95 % interval, dashed: limit)",
        "Beyond the limit with the whole interval: compare segments in Performance and labels, "
        "then roll back or retrain. The newest windows lack labels and move until they have them.",
        sql,
        overrides=PERFORMANCE_LOOKS,
    )


def _drift() -> Json:
    sql = f"""
SELECT window_start AS time, drifted_share AS "drifted columns"
FROM dash.model_day WHERE {_HERE} ORDER BY 1"""
    return lines(
        "Share of columns that drift",
        "A step: look for a release or a new source on that day. A slow rise: plan a retraining.",
        sql,
        unit=SHARE,
        low=0,
        overrides=[column("drifted columns", custom__fillOpacity=15)],
    )


def _volume() -> Json:
    return rows_by_window(
        "Predictions per window (dashed: expected)",
        "Far fewer: predictions or their log are missing. Far more: duplicates, or a campaign.",
    )


def _failing_checks() -> Json:
    sql = f"""
SELECT window_key, level, check_name, failing_columns, reason, n, 'report' AS report,
  left(run_id, 8) AS run, run_id, asset
FROM dash.check_result WHERE {_HERE} AND level >= 2
ORDER BY window_start DESC, level DESC, check_name LIMIT 100"""
    return table(
        "Failing checks, newest first (100 at most)",
        "Why a check failed. Click the window for the numbers in Dagster, the run for its log, "
        "the report for Evidently's plots.",
        sql,
        overrides=[
            text("window_key", "Window", width=140, links=[links.ASSET_OF_ROW]),
            level_column("level", "Status"),
            text("check_name", "Check", width=170),
            text("failing_columns", "Columns", width=200),
            text("reason", "Reason"),
            column("n", displayName="Rows", custom__width=80),
            text("report", "Report", width=80, links=[links.REPORT]),
            text("run", "Run", width=90, links=[links.RUN]),
            hidden_columns("run_id", "asset"),
        ],
    )


def _scores() -> Json:
    sql = f"""
SELECT window_start AS time, lpad(bar::text, 2, '0') || ': ' || label AS metric,
  current_share AS value
FROM dash.histogram
WHERE {_HERE} AND column_name = (
  SELECT column_name FROM dash.drift_now WHERE {ONE_MODEL} AND is_prediction
  ORDER BY column_name LIMIT 1)
ORDER BY 1, 2"""
    return heatmap(
        "Distribution of the score",
        "One row per bar, named by where it begins. A light band that moves is a change of what "
        "is predicted: compare with the reference in Feature drift.",
        sql,
    )


def _versions() -> Json:
    sql = worst_lines("model_version", "rows::float8", f"dash.traffic WHERE {_HERE}")
    return lines(
        "Predictions by model version",
        "A change of version on the day on which something began is the first suspect.",
        sql,
        bars=True,
        stacked=True,
    )
