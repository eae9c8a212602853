"""Performance and labels: is the model still right, and how much of the truth is known?"""

from monitoring_assets.dashboards import links
from monitoring_assets.dashboards.choices import (
    ADDRESSES,
    IN_RANGE,
    METRIC,
    MODEL,
    ONE_MODEL,
    SEGMENT,
    among,
    events,
)
from monitoring_assets.dashboards.layout import Row, dashboard
from monitoring_assets.dashboards.looks import (
    BLUE,
    GREY,
    ORANGE,
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
    bar_chart,
    lines,
    stat,
    table,
)
from monitoring_assets.dashboards.worst import worst_lines

_METRIC = "metric = ${metric:sqlstring}"
_WHOLE = f"{ONE_MODEL} AND segment = '' AND model_version = ''"
_JUDGED = f"""window_start = (
  SELECT max(window_start) FROM dash.model_day
  WHERE {ONE_MODEL} AND window_start <= $__timeTo() AND performance_level <> 1)"""
_NEWEST = f"FROM dash.performance WHERE {_WHOLE} AND {_JUDGED} AND {_METRIC}"


def performance() -> Json:
    """Return the dashboard of performance."""
    return dashboard(
        "mlmon-performance",
        "Performance and labels",
        "Is the model still right, and how much of the truth is known?",
        [
            Row(panels=_stats(), height=4),
            Row(panels=[_over_time()], height=10),
            Row(panels=[_segments_over_time(), _segments_now()], height=10),
            Row(panels=[_metrics(), _versions()], height=9),
            Row(panels=[_coverage(), _maturity()], height=8),
        ],
        variables=[MODEL, METRIC, SEGMENT, *ADDRESSES],
        annotations=events(),
    )


def _stats() -> list[Json]:
    return [
        stat(
            "${metric}",
            "Of the newest window that could be judged.",
            f"SELECT value {_NEWEST}",
            defaults=field(limits=steps(first=BLUE), nothing="–", decimals=3),
        ),
        stat(
            "Status",
            "Bad: worse than the limit, and its whole 95 % interval is worse than the reference. "
            "Look at segments, then roll back or retrain.",
            f"SELECT level {_NEWEST}",
            defaults=field(texts=level_words(), limits=level_steps(), nothing="–"),
        ),
        stat(
            "Reference",
            "The same on the reference: what was promised.",
            f"SELECT baseline {_NEWEST}",
            defaults=field(limits=steps(first=BLUE), nothing="–", decimals=3),
        ),
        stat(
            "Limit",
            "From `performance.max_drop` or `max_rise` of the model's YAML.",
            f"SELECT threshold {_NEWEST}",
            defaults=field(limits=steps(first=BLUE), nothing="–", decimals=3),
        ),
        stat(
            "Labelled then",
            "Share of that window's predictions whose truth was known.",
            f"SELECT label_coverage_share FROM dash.model_day WHERE {ONE_MODEL} AND {_JUDGED}",
            defaults=field(SHARE, decimals=1, limits=steps(first=BLUE), nothing="–"),
        ),
        stat(
            "Windows that wait for labels",
            "Windows of this range that were not judged. More than labels usually take: the feed "
            "of labels is late.",
            f"SELECT count(*) AS waiting FROM dash.model_day WHERE {ONE_MODEL} AND {IN_RANGE}"
            " AND performance_level = 1",
            defaults=field(limits=steps((14, ORANGE), first=BLUE)),
        ),
    ]


def _over_time() -> Json:
    sql = f"""
SELECT window_start AS time, value AS "realised", lower, upper, threshold AS "limit",
  baseline AS "reference"
FROM dash.performance
WHERE {_WHOLE} AND {IN_RANGE} AND {_METRIC}
ORDER BY 1"""
    return lines(
        "${metric} (area: 95 % interval, dashed: limit and reference)",
        "Windows on the right move until their labels are there. Worse than the limit with the "
        "whole area: an incident. A slow slope: retrain before it gets there.",
        sql,
        overrides=PERFORMANCE_LOOKS,
    )


def _segments_over_time() -> Json:
    here = f"{ONE_MODEL} AND {IN_RANGE} AND {_METRIC} AND {among('segment', 'segment')}"
    source = f"dash.performance WHERE {here} AND model_version = ''"
    sql = worst_lines("segment", "value", source, weight="n")
    return lines(
        "${metric} by segment, the eight largest of those chosen",
        "One line that leaves the others names where it began. All together: look at the model's "
        "version or at the labels.",
        sql,
    )


def _segments_now() -> Json:
    sql = f"""
SELECT segment, value, lower, upper, n,
  abs(value - (SELECT value {_NEWEST})) AS distance
FROM dash.performance
WHERE {ONE_MODEL} AND {_METRIC} AND {_JUDGED} AND segment <> '' AND model_version = ''
  AND {among("segment", "segment")}
ORDER BY distance DESC NULLS LAST, segment LIMIT 50"""
    return table(
        "${metric} by segment, newest judged window, farthest from the whole first",
        "Wide intervals are small groups: act on those that do not reach the whole's value.",
        sql,
        overrides=[
            text("segment", "Segment"),
            column("value", displayName="Value", decimals=3),
            column("lower", displayName="95 % from", decimals=3),
            column("upper", displayName="to", decimals=3),
            column("n", displayName="Rows"),
            column("distance", displayName="From the whole", decimals=3),
        ],
    )


def _metrics() -> Json:
    sql = f"""
SELECT metric, level, value, lower, upper, threshold, baseline, n, reason, window_key,
  'performance_metrics' AS asset, 'report' AS report
FROM dash.performance WHERE {_WHOLE} AND {_JUDGED}
ORDER BY is_judged DESC, metric"""
    return table(
        "All metrics of the newest judged window",
        "Those with a limit are judged; the others help to say what kind of mistake it is.",
        sql,
        overrides=[
            text("metric", "Metric"),
            level_column("level", "Status"),
            column("value", displayName="Value", decimals=3),
            column("lower", displayName="95 % from", decimals=3),
            column("upper", displayName="to", decimals=3),
            column("threshold", displayName="Limit", decimals=3),
            column("baseline", displayName="Reference", decimals=3),
            column("n", displayName="Rows"),
            text("reason", "Reason"),
            text("window_key", "Window", links=[links.ASSET_OF_ROW]),
            text("report", "Report", links=[links.REPORT]),
            hidden_columns("asset"),
        ],
    )


def _versions() -> Json:
    here = f"{ONE_MODEL} AND {IN_RANGE} AND {_METRIC} AND segment = '' AND model_version <> ''"
    source = f"dash.performance WHERE {here}"
    sql = worst_lines("model_version", "value", source, weight="window_start")
    return lines(
        "${metric} by model version",
        "Two versions side by side: the newer one should not be worse where both answer.",
        sql,
    )


def _coverage() -> Json:
    sql = f"""
SELECT window_start AS time, label_coverage_share AS "labelled"
FROM dash.label WHERE {ONE_MODEL} AND {IN_RANGE} ORDER BY 1"""
    return lines(
        "Labelled predictions of each window",
        "Low on the right is normal: labels take time. A dip that stays: labels were lost, ask "
        "who delivers them.",
        sql,
        unit=SHARE,
        low=0,
        high=1,
        overrides=[
            column(
                "labelled",
                custom__fillOpacity=15,
                color={"mode": "fixed", "fixedColor": BLUE},
            )
        ],
    )


def _maturity() -> Json:
    sql = f"""
SELECT floor(age_seconds / 86400)::int || ' d' AS age,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY label_coverage_share) AS median,
  min(label_coverage_share) AS least
FROM dash.label WHERE {ONE_MODEL} AND {IN_RANGE}
GROUP BY floor(age_seconds / 86400) ORDER BY floor(age_seconds / 86400) LIMIT 30"""
    return bar_chart(
        "Labelled predictions by the age of the window",
        "How long the truth takes: where the bars reach `performance.min_coverage` is when a "
        "window is judged. A bar that is far lower than its neighbours lost labels.",
        sql,
        unit=SHARE,
        overrides=[
            column("median", color={"mode": "fixed", "fixedColor": BLUE}),
            column("least", color={"mode": "fixed", "fixedColor": GREY}),
        ],
    )
