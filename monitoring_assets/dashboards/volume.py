"""The chart of how many rows each window has, which two dashboards show."""

from monitoring_assets.dashboards.choices import ONE_MODEL
from monitoring_assets.dashboards.looks import GREY, Json, column
from monitoring_assets.dashboards.panels import limit, lines


def rows_by_window(title: str, advice: str) -> Json:
    """Return the chart of the rows of each window beside those that were expected."""
    sql = f"""
SELECT d.window_start AS time, d.rows AS "rows", d.rows / nullif(q.value, 0) AS "expected"
FROM dash.model_day AS d
LEFT JOIN dash.quality AS q ON q.model = d.model AND q.window_start = d.window_start
  AND q.metric = 'volume_ratio'
WHERE d.{ONE_MODEL} AND $__timeFilter(d.window_start) ORDER BY 1"""
    return lines(
        title,
        advice,
        sql,
        bars=True,
        low=0,
        overrides=[limit("expected", GREY), column("expected", custom__drawStyle="line")],
    )
