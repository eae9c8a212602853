"""Pipeline health: does monitoring itself work, and is anything late?"""

from monitoring_assets.dashboards import links
from monitoring_assets.dashboards.choices import MODELS, UI, among
from monitoring_assets.dashboards.layout import Row, dashboard
from monitoring_assets.dashboards.looks import (
    BYTES,
    GREEN,
    GREY,
    ORANGE,
    RED,
    SECONDS,
    Json,
    colored,
    column,
    field,
    hidden_columns,
    painted,
    steps,
    text,
)
from monitoring_assets.dashboards.panels import bars, lines, stat, table

_CHOSEN = among("model", "model")
_STARTED = f"{_CHOSEN} AND $__timeFilter(started_at)"


def pipeline() -> Json:
    """Return the dashboard of the pipeline."""
    return dashboard(
        "mlmon-pipeline",
        "Pipeline health",
        "Does monitoring itself work, and is anything late?",
        [
            Row(panels=_stats(), height=4),
            Row(panels=[_runs(), _durations()], height=8),
            Row(panels=[_missing(), _freshness()], height=9),
            Row(panels=[_slowest(), _failed()], height=9, widths=[9, 15]),
            Row(panels=[_sizes()], height=8),
        ],
        variables=[MODELS, UI],
        since="now-7d",
    )


def _stats() -> list[Json]:
    return [
        stat(
            "Failed runs, 24 h",
            "Open the newest one from the table below; the message says what to do.",
            "SELECT count(*) AS failed FROM dash.pipeline_run"
            f" WHERE {_CHOSEN} AND status = 'failed' AND started_at > now() - interval '1 day'",
            defaults=field(limits=steps((1, RED))),
        ),
        stat(
            "Windows that are missing",
            "Ended, past their deadline, and never decided. Is the daemon running? Is its sensor "
            "switched on? Then `mlmon backfill`.",
            f"SELECT count(*) AS missing FROM dash.missing_window WHERE {_CHOSEN}",
            defaults=field(limits=steps((1, RED))),
        ),
        stat(
            "Stale models",
            "No window for two windows and the deadline.",
            f"SELECT count(*) AS stale FROM dash.fleet WHERE {_CHOSEN} AND is_stale",
            defaults=field(limits=steps((1, RED))),
        ),
        stat(
            "Last decision",
            "Far longer ago than a window is long: nothing is monitored, whatever else is green.",
            "SELECT extract(epoch FROM max(decided_at))::float8 * 1000 AS decided"
            f" FROM dash.fleet WHERE {_CHOSEN}",
            defaults=field("dateTimeFromNow", limits=steps(first="blue"), nothing="never"),
        ),
        stat(
            "Oldest message that waits",
            "Minutes: a channel is away, or nothing delivers. See Alerts and incidents.",
            "SELECT oldest_waiting_seconds FROM dash.delivery",
            defaults=field(SECONDS, decimals=0, limits=steps((120, ORANGE), (900, RED))),
        ),
        stat(
            "Size of the tables",
            "About 200 bytes per number. `mlmon db prune` removes old ones.",
            "SELECT sum(total_bytes)::float8 AS bytes FROM dash.table_size",
            defaults=field(BYTES, limits=steps((50e9, ORANGE), first="blue")),
        ),
    ]


def _runs() -> Json:
    sql = f"""
SELECT $__timeGroup(started_at, $__interval) AS time, status AS metric, count(*)::float8 AS value
FROM dash.pipeline_run WHERE {_STARTED}
GROUP BY 1, 2 ORDER BY 1, 2"""
    return lines(
        "Runs",
        "By how they ended. Failures that repeat have one cause: read the newest. Started and "
        "never ended: the process was killed.",
        sql,
        bars=True,
        stacked=True,
        overrides=painted({"succeeded": GREEN, "failed": RED, "started": GREY}),
    ) | {"interval": "10m"}


def _durations() -> Json:
    sql = f"""
SELECT $__timeGroup(started_at, $__interval) AS time,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_seconds / windows) AS "median",
  percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_seconds / windows) AS "95 %"
FROM dash.pipeline_step
WHERE {_STARTED} AND status = 'succeeded' AND duration_seconds IS NOT NULL
GROUP BY 1 ORDER BY 1"""
    return lines(
        "Duration of a step, per window",
        "Rising: more rows, or a slower store. The table of the slowest says which asset.",
        sql,
        unit=SECONDS,
        low=0,
    ) | {"interval": "10m"}


def _missing() -> Json:
    sql = f"""
SELECT model, window_key, late_seconds, owner, 'alert_decision' AS asset
FROM dash.missing_window WHERE {_CHOSEN}
ORDER BY late_seconds DESC LIMIT 100"""
    return table(
        "Windows that are missing (100 at most)",
        "Nothing here is good. Otherwise open the window in Dagster and materialize it, or run "
        "`mlmon backfill`.",
        sql,
        overrides=[
            text("model", "Model", links=[links.MODEL]),
            text("window_key", "Window", links=[links.ASSET_OF_MODEL]),
            column("late_seconds", displayName="Late by", unit=SECONDS),
            text("owner", "Owner"),
            hidden_columns("asset"),
        ],
    )


def _freshness() -> Json:
    sql = f"""
SELECT model, asset, window_age_seconds, run_age_seconds
FROM dash.freshness WHERE {_CHOSEN}
ORDER BY window_age_seconds DESC, model, asset LIMIT 200"""
    return table(
        "Freshness of each asset, oldest first",
        "One asset older than the others of its model: its step fails or waits.",
        sql,
        overrides=[
            text("model", "Model", links=[links.MODEL]),
            text("asset", "Asset"),
            column("window_age_seconds", displayName="Newest window ended before", unit=SECONDS),
            column("run_age_seconds", displayName="Last success before", unit=SECONDS),
        ],
    )


def _slowest() -> Json:
    sql = f"""
SELECT asset, percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_seconds / windows) AS seconds
FROM dash.pipeline_step
WHERE {_STARTED} AND status = 'succeeded' AND duration_seconds IS NOT NULL
GROUP BY 1 ORDER BY 2 DESC LIMIT 8"""
    return bars(
        "Slowest assets: 95 % of windows take less",
        "Where a faster store or fewer segments would help.",
        sql,
        defaults=field(SECONDS, decimals=2, low=0, limits=steps((60, ORANGE), first="blue")),
    )


def _failed() -> Json:
    sql = f"""
SELECT started_at, status, model, first_window, last_window, windows, error,
  left(run_id, 8) AS run, run_id
FROM dash.pipeline_run WHERE {_STARTED}
ORDER BY status = 'failed' DESC, started_at DESC LIMIT 50"""
    endings = {
        "succeeded": ("✓ succeeded", GREEN),
        "failed": ("✖ failed", RED),
        "started": ("· started", GREY),
    }
    return table(
        "Runs, failed ones first (50 at most)",
        "Click the run for its log in Dagster.",
        sql,
        overrides=[
            column("started_at", displayName="Started", unit="dateTimeAsIso", custom__width=160),
            column("status", displayName="Status", custom__width=115, **colored(endings)),
            text("model", "Model", width=140, links=[links.MODEL]),
            text("first_window", "From", width=105),
            text("last_window", "To", width=105),
            column("windows", displayName="Windows", custom__width=85),
            text("error", "Error"),
            text("run", "Run", width=90, links=[links.RUN]),
            hidden_columns("run_id"),
        ],
    )


def _sizes() -> Json:
    sql = """
SELECT table_name, total_bytes::float8 AS total_bytes, index_bytes::float8 AS index_bytes,
  estimated_rows
FROM dash.table_size ORDER BY 2 DESC"""
    return table(
        "Tables",
        "Numbers of windows that nobody looks at any more: `mlmon db prune`.",
        sql,
        overrides=[
            text("table_name", "Table"),
            column("total_bytes", displayName="Size", unit=BYTES),
            column("index_bytes", displayName="of which indexes", unit=BYTES),
            column("estimated_rows", displayName="Rows, about"),
        ],
    )
