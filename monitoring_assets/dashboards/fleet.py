"""Fleet overview: is any model in trouble, and which one first?"""

from monitoring_assets.dashboards import links
from monitoring_assets.dashboards.choices import (
    ADDRESSES,
    IN_RANGE,
    TEAM,
    TEAM_AND_TIER,
    TIER,
)
from monitoring_assets.dashboards.layout import Row, dashboard
from monitoring_assets.dashboards.looks import (
    BLUE,
    GREY,
    ORANGE,
    RED,
    SHARE,
    SIGNS,
    STATUS_COLORS,
    Json,
    colored,
    column,
    field,
    level_column,
    painted,
    steps,
    text,
)
from monitoring_assets.dashboards.panels import grid, lines, stat, table
from monitoring_assets.dashboards.worst import worst_cells

_FLEET = f"FROM dash.fleet WHERE {TEAM_AND_TIER}"
_CHOSEN = f"{IN_RANGE} AND model IN (SELECT model FROM dash.model WHERE {TEAM_AND_TIER})"
_AREAS = ("log", "quality", "volume", "drift", "label", "performance")


def fleet() -> Json:
    """Return the dashboard of all models."""
    return dashboard(
        "mlmon-fleet",
        "Fleet overview",
        "Is any model in trouble, and which one first?",
        [
            Row(panels=_stats(), height=4),
            Row(panels=[_models()], height=10),
            Row(panels=[_models_by_window()], height=9),
            Row(panels=[_models_per_day(), _areas_per_day()], height=8),
        ],
        variables=[TEAM, TIER, *ADDRESSES],
    )


def _stats() -> list[Json]:
    return [
        stat(
            "Models",
            "Models that are monitored. None: run `mlmon backfill`, or choose other teams above.",
            f"SELECT count(*) AS models {_FLEET}",
            defaults=field(limits=steps((1, BLUE), first=GREY)),
        ),
        stat(
            "Bad",
            "Models whose newest window fails a check. Begin with the first row of the table.",
            f"SELECT count(*) AS bad {_FLEET} AND level >= 3",
            defaults=field(limits=steps((1, RED))),
        ),
        stat(
            "Warnings",
            "Models whose newest window is worth a look. Nobody was told; look within days.",
            f"SELECT count(*) AS warnings {_FLEET} AND level = 2",
            defaults=field(limits=steps((1, ORANGE))),
        ),
        stat(
            "Without a verdict",
            "Models with no window for two windows and the deadline, or whose newest one could "
            "not be judged (too few rows, damaged files). Look at Pipeline health.",
            f"SELECT count(*) AS unknown {_FLEET} AND (is_stale OR coalesce(level, 1) = 1)",
            defaults=field(limits=steps((1, GREY))),
        ),
        stat(
            "Columns that drift",
            "Share of drifted columns, the mean of all models' newest windows. Where it rises in "
            "many models at once, look for one cause upstream.",
            f"SELECT avg(drifted_share) AS drifted {_FLEET}",
            defaults=field(
                SHARE, decimals=1, limits=steps((0.1, ORANGE), (0.3, RED)), nothing="–"
            ),
        ),
        stat(
            "Open incidents",
            "Pages and tickets that are open. See who works on them in Alerts and incidents.",
            f"SELECT coalesce(sum(open_pages + open_tickets), 0)::float8 AS open {_FLEET}",
            defaults=field(limits=steps((1, RED))),
        ),
    ]


def _models() -> Json:
    sql = f"""
SELECT model, level, CASE WHEN is_stale THEN 'stale' ELSE 'fresh' END AS fresh,
  open_pages + open_tickets AS open, failing_checks, drifted_share, worst_column,
  performance_metric, performance, performance_baseline, label_coverage_share, owner, tier,
  window_key, age_seconds
{_FLEET}
ORDER BY is_stale DESC, level DESC NULLS LAST, open DESC, tier, model"""
    freshness = {"fresh": ("· fresh", "green"), "stale": ("✖ stale", RED)}
    share = {"unit": SHARE, "decimals": 0}
    return table(
        "Models, what is worst first",
        "One row per model, as of its newest window. Click the model for its health, a column for "
        "its drift, a number for its performance.",
        sql,
        overrides=[
            text("model", "Model", width=170, links=[links.MODEL]),
            level_column("level", "Status", [links.MODEL]),
            column("fresh", displayName="Fresh", custom__width=85, **colored(freshness)),
            column("open", displayName="Open", custom__width=65, links=[links.INCIDENTS]),
            column("failing_checks", displayName="Failing checks", custom__width=115),
            column(
                "drifted_share",
                displayName="Drifted columns",
                custom__displayMode="lcd-gauge",
                custom__width=190,
                min=0,
                max=1,
                thresholds=steps((0.1, ORANGE), (0.3, RED)),
                **share,
            ),
            text("worst_column", "Drifts most", links=[links.WORST_COLUMN]),
            text("performance_metric", "Metric", width=100),
            column(
                "performance",
                displayName="Performance",
                decimals=3,
                custom__width=110,
                links=[links.PERFORMANCE],
            ),
            column("performance_baseline", displayName="Reference", decimals=3, custom__width=95),
            column("label_coverage_share", displayName="Labelled", custom__width=85, **share),
            text("owner", "Owner"),
            text("tier", "Tier", width=55),
            text(
                "window_key",
                "Newest window",
                links=[links.DECISION_OF_MODEL, links.REPORT_OF_MODEL],
            ),
            column("age_seconds", displayName="Age", unit="s", decimals=0, custom__width=95),
        ],
    )


def _models_by_window() -> Json:
    sql = worst_cells("model", f"dash.model_day WHERE {_CHOSEN}", most=20)
    return grid(
        f"Model × window:  {SIGNS}",
        "The worst status of each window, of the twenty models with most trouble in this range. "
        "A column of trouble is one cause for many models; a row is one model's own.",
        sql,
    )


def _models_per_day() -> Json:
    trouble = ("unjudged", "warn", "bad", "error")
    counts = ", ".join(
        f"count(*) FILTER (WHERE level = {level}) AS {status}"
        for level, status in enumerate(trouble, start=1)
    )
    sql = f"""
SELECT day AS time, {counts}
FROM (
  SELECT date_trunc('day', window_start, 'UTC') AS day, model, max(level) AS level
  FROM dash.model_day WHERE {_CHOSEN} GROUP BY 1, 2) AS worst
GROUP BY 1 ORDER BY 1"""
    return lines(
        "Models with trouble, per day",
        "Models by their worst status of the day. A step that stays is a change; a spike that is "
        "gone the next day is usually late or damaged data.",
        sql,
        bars=True,
        stacked=True,
        overrides=painted({status: STATUS_COLORS[status] for status in trouble}),
    )


def _areas_per_day() -> Json:
    counts = ", ".join(
        f"count(DISTINCT model) FILTER (WHERE {area}_level >= 2) AS {area}" for area in _AREAS
    )
    sql = f"""
SELECT date_trunc('day', window_start, 'UTC') AS time, {counts}
FROM dash.model_day WHERE {_CHOSEN}
GROUP BY 1 ORDER BY 1"""
    return lines(
        "Where the trouble is, per day",
        "Models with a failing check, by area. Log, quality and volume point to who produces the "
        "data; drift without worse performance can wait.",
        sql,
        bars=True,
        stacked=True,
    )
