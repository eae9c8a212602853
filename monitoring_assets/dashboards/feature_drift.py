"""Feature drift: which columns no longer look like the reference, and since when?"""

from monitoring_assets.dashboards import links
from monitoring_assets.dashboards.choices import (
    ADDRESSES,
    COLUMN,
    FEATURE,
    IN_RANGE,
    MODEL,
    ONE_MODEL,
    among,
    events,
)
from monitoring_assets.dashboards.layout import Row, dashboard
from monitoring_assets.dashboards.looks import (
    BLUE,
    GREY,
    ORANGE,
    RED,
    SHARE,
    SIGNS,
    Json,
    column,
    field,
    hidden_columns,
    level_column,
    level_steps,
    level_words,
    painted,
    steps,
    text,
)
from monitoring_assets.dashboards.panels import (
    bar_chart,
    bars,
    grid,
    heatmap,
    lines,
    stat,
    table,
)
from monitoring_assets.dashboards.worst import worst_cells, worst_lines

_CHOSEN = among("column_name", "feature")
_WHOLE = f"{ONE_MODEL} AND segment = '' AND {_CHOSEN}"
_HERE = f"{_WHOLE} AND {IN_RANGE}"
_NEWEST_WINDOW = f"""window_start = (
  SELECT max(window_start) FROM dash.model_day
  WHERE {ONE_MODEL} AND window_start <= $__timeTo() AND drift_level IS NOT NULL)"""
_NOW = f"{_WHOLE} AND {_NEWEST_WINDOW}"
_COLUMN = "column_name = ${column:sqlstring}"
_RATIO = {"unit": "short", "decimals": 2}
_SCORE = "Drift as a multiple of its limit: above 1 it is drift, whatever the method."


def feature_drift() -> Json:
    """Return the dashboard of drift."""
    return dashboard(
        "mlmon-drift",
        "Feature drift",
        "Which columns no longer look like the reference, and since when?",
        [
            Row(panels=_stats(), height=4),
            Row(panels=[_worst(), _over_time()], height=9, widths=[8, 16]),
            Row(panels=[_grid()], height=11),
            Row(panels=[_bars_now(), _bars_over_time()], height=9, widths=[10, 14]),
            Row(panels=[_columns()], height=11),
            Row(panels=[_segments()], height=9, title="By segment", collapsed=True),
        ],
        variables=[MODEL, FEATURE, COLUMN, *ADDRESSES],
        annotations=events(),
    )


def _stats() -> list[Json]:
    drifted = "count(*) FILTER (WHERE level >= 2)"
    return [
        stat(
            "Drifted columns",
            "Of the newest window. One column: look at its distribution below. Many at once: look "
            "for one cause upstream.",
            f"SELECT {drifted} AS drifted FROM dash.drift WHERE {_NOW}",
            defaults=field(limits=steps((1, ORANGE), (5, RED))),
        ),
        stat(
            "Share of columns",
            "Drifted columns of those that were judged.",
            f"SELECT {drifted}::float8 / nullif(count(*) FILTER (WHERE level <> 1), 0) AS share"
            f" FROM dash.drift WHERE {_NOW}",
            defaults=field(
                SHARE, decimals=0, limits=steps((0.1, ORANGE), (0.3, RED)), nothing="–"
            ),
        ),
        stat(
            "Worst column",
            "The one farthest beyond its limit, or nearest to it.",
            f"SELECT column_name FROM dash.drift WHERE {_NOW} AND ratio IS NOT NULL"
            " ORDER BY ratio DESC LIMIT 1",
            defaults=field(limits=steps(first=BLUE), nothing="–"),
            text=True,
        ),
        stat(
            "Its drift",
            _SCORE,
            f"SELECT max(ratio) AS ratio FROM dash.drift WHERE {_NOW}",
            defaults=field(decimals=2, limits=steps((0.8, ORANGE), (1, RED)), nothing="–"),
        ),
        stat(
            "Prediction",
            "Whether what is predicted drifts. Inputs and prediction at once: the world or its "
            "measurement changed. The prediction alone: look at the model's version.",
            f"SELECT max(level) AS level FROM dash.drift WHERE {ONE_MODEL} AND segment = ''"
            f" AND is_prediction AND {_NEWEST_WINDOW}",
            defaults=field(texts=level_words(), limits=level_steps(), nothing="–"),
        ),
        stat(
            "Not judged",
            "Columns that could not be judged: too few rows, or none with a value.",
            f"SELECT count(*) FILTER (WHERE level = 1) AS unjudged FROM dash.drift WHERE {_NOW}",
            defaults=field(limits=steps((1, GREY))),
        ),
    ]


def _worst() -> Json:
    sql = f"""
SELECT column_name, ratio FROM dash.drift WHERE {_NOW} AND ratio IS NOT NULL
ORDER BY ratio DESC LIMIT 8"""
    return bars(
        "Newest window, the eight worst",
        f"{_SCORE} Click a bar for the column's distribution.",
        sql,
        defaults=field(
            decimals=2,
            low=0,
            limits=steps((0.8, ORANGE), (1, RED)),
            links=[links.DRIFT_OF_COLUMN],
        ),
    )


def _over_time() -> Json:
    sql = worst_lines("column_name", "ratio", f"dash.drift WHERE {_HERE}")
    return lines(
        "Drift over time, the eight worst of this range (line: limit)",
        f"{_SCORE} A step: a release, a new source, a broken unit. A slow rise: plan a "
        "retraining. A wave every week: compare with the same weekday (`reference.match`).",
        sql,
        low=0,
        threshold=1,
    )


def _grid() -> Json:
    sql = worst_cells("column_name", f"dash.drift WHERE {_HERE}", most=40)
    return grid(
        f"Column × window:  {SIGNS}",
        "Forty columns at most, those with most drift. A row that changes for good needs another "
        "reference or a retraining; a single column of the grid was one bad window.",
        sql,
    )


def _bars_now() -> Json:
    sql = f"""
SELECT label, reference_share AS reference, current_share AS "newest window"
FROM dash.histogram
WHERE {ONE_MODEL} AND {_COLUMN} AND window_start = (
  SELECT max(window_start) FROM dash.histogram
  WHERE {ONE_MODEL} AND {_COLUMN} AND window_start <= $__timeTo())
ORDER BY bar"""
    return bar_chart(
        "${column}: the newest window beside the reference",
        "Where the bars differ is what changed: a bar that is new, one that is gone, or all "
        "moved to one side (a unit, a default value).",
        sql,
        unit=SHARE,
        overrides=painted({"reference": GREY, "newest window": BLUE}),
    )


def _bars_over_time() -> Json:
    sql = f"""
SELECT window_start AS time, lpad(bar::text, 2, '0') || ': ' || label AS metric,
  current_share AS value
FROM dash.histogram WHERE {ONE_MODEL} AND {_COLUMN} AND {IN_RANGE}
ORDER BY 1, 2"""
    return heatmap(
        "${column}: distribution over time",
        "One row per bar, named by its category or by where it begins; light is much. A jump of "
        "the light band is the day of the change.",
        sql,
    )


def _columns() -> Json:
    sql = f"""
SELECT column_name, level, ratio, value, threshold, method, reason, n, reference_version,
  'drift_report' AS asset, 'report' AS report, window_key
FROM dash.drift WHERE {_NOW} ORDER BY level DESC NULLS LAST, ratio DESC NULLS LAST"""
    gauge = {"custom__displayMode": "lcd-gauge", "custom__width": 200, "min": 0, "max": 3}
    return table(
        "All columns of the newest window",
        "Click a column for its distribution, the window for its numbers in Dagster.",
        sql,
        overrides=[
            text("column_name", "Column", links=[links.DRIFT_OF_COLUMN]),
            level_column("level", "Status"),
            column(
                "ratio",
                displayName="Drift / limit",
                thresholds=steps((0.8, ORANGE), (1, RED)),
                **gauge,
                **_RATIO,
            ),
            column("value", displayName="Value", decimals=3, custom__width=90),
            column("threshold", displayName="Limit", decimals=3, custom__width=90),
            text("method", "Method", width=120),
            text("reason", "Reason"),
            column("n", displayName="Rows", custom__width=80),
            text("reference_version", "Reference", width=95),
            text("window_key", "Window", links=[links.ASSET_OF_ROW]),
            text("report", "Report", width=80, links=[links.REPORT]),
            hidden_columns("asset"),
        ],
    )


def _segments() -> Json:
    sql = f"""
SELECT segment, column_name, ratio, value, threshold, method, n
FROM dash.drift
WHERE {ONE_MODEL} AND segment <> '' AND {_CHOSEN} AND {_NEWEST_WINDOW} AND value IS NOT NULL
ORDER BY ratio DESC NULLS LAST, value DESC, segment, column_name LIMIT 50"""
    return table(
        "Columns within segments, the fifty worst of the newest window",
        "Shown, not judged: fixed limits on small groups alarm on noise. One segment alone names "
        "the shop, region or app where it began.",
        sql,
        overrides=[
            text("segment", "Segment"),
            text("column_name", "Column", links=[links.DRIFT_OF_COLUMN]),
            column("ratio", displayName="Drift / limit", **_RATIO),
            column("value", displayName="Value", decimals=3),
            column("threshold", displayName="Limit", decimals=3),
            text("method", "Method"),
            column("n", displayName="Rows"),
        ],
    )
