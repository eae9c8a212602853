"""Data quality: does the log hold what it should, and what is wrong with it?"""

from monitoring_assets.dashboards import links
from monitoring_assets.dashboards.choices import (
    ADDRESSES,
    FEATURE,
    IN_RANGE,
    MODEL,
    ONE_MODEL,
    among,
    events,
)
from monitoring_assets.dashboards.layout import Row, dashboard
from monitoring_assets.dashboards.looks import (
    SHARE,
    SIGNS,
    Json,
    column,
    field,
    hidden_columns,
    level_column,
    level_steps,
    level_words,
    text,
)
from monitoring_assets.dashboards.panels import grid, lines, stat_per_row, table
from monitoring_assets.dashboards.volume import rows_by_window
from monitoring_assets.dashboards.worst import worst_cells, worst_lines

_HERE = f"{ONE_MODEL} AND {IN_RANGE}"
_ASSETS = "asset IN ('prediction_log', 'quality_results')"
_CHOSEN = among("column_name", "feature")


def data_quality() -> Json:
    """Return the dashboard of the log's quality."""
    return dashboard(
        "mlmon-quality",
        "Data quality",
        "Does the log hold what it should, and what is wrong with it?",
        [
            Row(panels=[_checks_now()], height=4),
            Row(panels=[_volume(), _rows_set_aside(), _freshness()], height=8),
            Row(panels=[_checks_by_window()], height=9),
            Row(
                panels=[
                    _share("missing_share", "Missing values", _MISSING),
                    _share("out_of_range_share", "Out of the reference's range", _RANGE),
                    _share("unseen_category_share", "Unseen categories", _UNSEEN),
                ],
                height=9,
            ),
            Row(panels=[_columns_by_window()], height=10),
            Row(panels=[_failing_numbers()], height=10),
        ],
        variables=[MODEL, FEATURE, *ADDRESSES],
        annotations=events(),
    )


_MISSING = (
    "Rows without a value, the eight columns with most. A step: a join or a field that was lost. "
    "Ask who produces the column."
)
_RANGE = (
    "Numbers outside of what the reference holds, the eight columns with most. All at once near "
    "one: a unit changed. Few: the model extrapolates there."
)
_UNSEEN = (
    "Values of categories that the reference does not hold, the eight columns with most. The "
    "model has never seen them: add them to a new reference and retrain."
)


def _checks_now() -> Json:
    sql = f"""
SELECT check_name, level FROM dash.check_result
WHERE {ONE_MODEL} AND {_ASSETS} AND window_start = (
  SELECT max(window_start) FROM dash.model_day
  WHERE {ONE_MODEL} AND window_start <= $__timeTo())
ORDER BY level DESC, check_name LIMIT 9"""
    return stat_per_row(
        "Checks of the newest window, what is worst first",
        "Anything bad: the table at the bottom says which column and why.",
        sql,
        defaults=field(texts=level_words(), limits=level_steps(), nothing="–"),
    )


def _volume() -> Json:
    return rows_by_window(
        "Rows per window (dashed: expected)",
        "None: the service or the shipping of its log is down. Half: one of two shippers is. Far "
        "more: duplicates, see the chart beside.",
    )


def _rows_set_aside() -> Json:
    sql = f"""
SELECT window_start AS time,
  CASE metric WHEN 'invalid_share' THEN 'break the contract' ELSE 'repeated' END AS metric,
  max(value) AS value
FROM dash.quality
WHERE {_HERE} AND metric IN ('invalid_share', 'duplicate_share') AND column_name = ''
  AND value IS NOT NULL
GROUP BY 1, 2 ORDER BY 1, 2"""
    return lines(
        "Rows set aside",
        "They are in the quarantine file of the window, each with its reason; Dagster's metadata "
        "of prediction_log says where.",
        sql,
        unit=SHARE,
        low=0,
    )


def _freshness() -> Json:
    sql = f"""
SELECT window_start AS time, delay_seconds AS "computed after"
FROM dash.model_day WHERE {_HERE} ORDER BY 1"""
    return lines(
        "From a window's end to its newest numbers",
        "Old windows are computed again when rows or labels come late, so they stand higher. The "
        "newest ones rising: data arrive later, or runs wait (Pipeline health).",
        sql,
        unit="s",
        low=0,
    )


def _checks_by_window() -> Json:
    sql = worst_cells("check_name", f"dash.check_result WHERE {_HERE} AND {_ASSETS}", most=20)
    return grid(
        f"Check × window:  {SIGNS}",
        "Read it from the left: what fails first is nearest to the cause. A column of trouble "
        "that is gone the next day was one damaged delivery.",
        sql,
    )


def _share(metric: str, title: str, says: str) -> Json:
    source = f"dash.quality WHERE {_HERE} AND metric = '{metric}' AND {_CHOSEN}"
    sql = worst_lines("column_name", "value", source)
    return lines(title, says, sql, unit=SHARE, low=0)


def _columns_by_window() -> Json:
    source = f"dash.quality WHERE {_HERE} AND asset = 'quality_results' AND {_CHOSEN}"
    sql = worst_cells("column_name", source, most=40)
    return grid(
        f"Column × window:  {SIGNS}",
        "The worst of a column's checks in each window, forty columns at most. Trouble in one "
        "column is its producer's; in all of them it is the delivery's.",
        sql,
    )


def _failing_numbers() -> Json:
    sql = f"""
SELECT window_key, level, check_name, column_name, metric, value, threshold, n, reason,
  'report' AS report, left(run_id, 8) AS run, asset, run_id
FROM dash.quality WHERE {_HERE} AND level >= 2
ORDER BY window_start DESC, level DESC, check_name, column_name LIMIT 100"""
    return table(
        "What fails, newest first (100 at most)",
        "Missing columns, wrong types and everything else, with the number and its limit. Click "
        "the window for the rows and examples in Dagster.",
        sql,
        overrides=[
            text("window_key", "Window", width=140, links=[links.ASSET_OF_ROW]),
            level_column("level", "Status"),
            text("check_name", "Check", width=150),
            text("column_name", "Column", width=150, links=[links.DRIFT_OF_COLUMN]),
            text("metric", "Metric", width=165),
            column("value", displayName="Value", decimals=3, custom__width=90),
            column("threshold", displayName="Limit", decimals=3, custom__width=90),
            column("n", displayName="Rows", custom__width=80),
            text("reason", "Reason"),
            text("report", "Report", width=80, links=[links.REPORT]),
            text("run", "Run", width=90, links=[links.RUN]),
            hidden_columns("asset", "run_id"),
        ],
    )
