"""What can be chosen at the top of a page, and the conditions in SQL that follow from it."""

from monitoring_assets.dashboards.layout import annotation, hidden, variable
from monitoring_assets.dashboards.looks import BLUE, GREY, PURPLE, RED, Json

_TEAM = "coalesce(nullif(team, ''), 'nobody')"
TEAM = variable("team", "Team", f"SELECT DISTINCT {_TEAM} FROM dash.model ORDER BY 1", many=True)
TIER = variable("tier", "Tier", "SELECT DISTINCT tier::text FROM dash.model ORDER BY 1", many=True)
MODEL = variable("model", "Model", "SELECT model FROM dash.model ORDER BY 1")
MODELS = variable("model", "Model", "SELECT model FROM dash.model ORDER BY 1", many=True)
METRIC = variable(
    "metric",
    "Metric",
    """
SELECT metric FROM dash.performance
WHERE model = ${model:sqlstring} AND $__timeFilter(window_start) AND segment = ''
GROUP BY metric ORDER BY bool_or(is_judged) DESC, metric""",
    by_time=True,
)
FEATURE = variable(
    "feature",
    "Columns",
    "SELECT column_name FROM dash.drift_now WHERE model = ${model:sqlstring} ORDER BY 1",
    many=True,
)
COLUMN = variable(
    "column",
    "Distribution of",
    """
SELECT column_name FROM dash.drift_now WHERE model = ${model:sqlstring}
ORDER BY ratio DESC NULLS LAST, column_name""",
)
SEGMENT = variable(
    "segment",
    "Segments",
    """
SELECT DISTINCT segment FROM dash.performance
WHERE model = ${model:sqlstring} AND $__timeFilter(window_start) AND segment <> '' ORDER BY 1""",
    many=True,
    by_time=True,
)
SEVERITY = variable(
    "severity",
    "Severity",
    "SELECT severity FROM (VALUES ('page'), ('ticket'), ('info')) AS s(severity)",
    many=True,
)
# Addresses of the UI and of reports: JSON cannot read an environment, and a view can.
UI = hidden("ui", "SELECT ui_url FROM dash.address")
REPORTS = hidden("reports", "SELECT reports_url FROM dash.address")
ADDRESSES = (UI, REPORTS)


def among(expression: str, name: str) -> str:
    """Return the condition that a value is one of those chosen; nothing chosen is no error."""
    return f"{expression} = ANY(ARRAY[${{{name}:sqlstring}}]::text[])"


TEAM_AND_TIER = f"{among(_TEAM, 'team')} AND {among('tier::text', 'tier')}"
TEAM_OF_MODEL = f"model IN (SELECT model FROM dash.model WHERE {among(_TEAM, 'team')})"
ONE_MODEL = "model = ${model:sqlstring}"
IN_RANGE = "$__timeFilter(window_start)"


def events(*, of_many: bool = False) -> list[Json]:
    """Return what happened to the model: drawn into every chart over time."""
    where = among("model", "model") if of_many else ONE_MODEL
    return [
        annotation("Incidents", RED, _events("incident", f"{where} AND severity <> 'info'")),
        annotation("Model versions", BLUE, _events("deployment", where)),
        annotation("References", PURPLE, _events("reference", where)),
        annotation("Backfills", GREY, _events("backfill", where), shown=False),
        annotation("Silences", GREY, _events("silence", f"({where} OR model = '')"), shown=False),
    ]


def _events(kind: str, where: str) -> str:
    return f"""
SELECT starts_at AS time, ends_at AS timeend, text, kind AS tags
FROM dash.event
WHERE kind = '{kind}' AND {where}
  AND starts_at <= $__timeTo() AND coalesce(ends_at, starts_at) >= $__timeFrom()
ORDER BY 1"""
