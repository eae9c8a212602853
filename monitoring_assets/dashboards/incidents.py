"""Alerts and incidents: what is open, who has it, and are the alerts worth their noise?"""

from monitoring_assets.dashboards import links
from monitoring_assets.dashboards.choices import (
    ADDRESSES,
    MODELS,
    SEVERITY,
    TEAM,
    TEAM_OF_MODEL,
    among,
)
from monitoring_assets.dashboards.layout import Row, dashboard
from monitoring_assets.dashboards.looks import (
    GREEN,
    GREY,
    ORANGE,
    RED,
    SECONDS,
    SEVERITY_COLORS,
    SIGNS,
    Json,
    colored,
    column,
    field,
    hidden_columns,
    painted,
    severity_column,
    steps,
    text,
)
from monitoring_assets.dashboards.panels import bar_chart, grid, lines, stat, table
from monitoring_assets.dashboards.worst import worst_cells

_MODELS = f"{among('model', 'model')} AND {TEAM_OF_MODEL}"
_CHOSEN = f"{_MODELS} AND {among('severity', 'severity')}"
_OPENED = f"{_CHOSEN} AND $__timeFilter(first_window_start)"
_DAY = "date_trunc('day', first_window_start, 'UTC')"
_STATES = {
    "open": ("· open, not told", GREY),
    "notified": ("✖ nobody has it", RED),
    "escalated": ("‼ escalated", RED),
    "acknowledged": ("✓ taken", GREEN),
    "snoozed": ("z snoozed", ORANGE),
    "resolved": ("✓ over", GREEN),
}


def incidents() -> Json:
    """Return the dashboard of alerts."""
    return dashboard(
        "mlmon-incidents",
        "Alerts and incidents",
        "What is open, who has it, and are the alerts worth their noise?",
        [
            Row(panels=_stats(), height=4),
            Row(panels=[_open()], height=9),
            Row(panels=[_per_day(), _checks()], height=8, widths=[14, 10]),
            Row(panels=[_by_model()], height=8),
            Row(panels=[_over()], height=9),
            Row(panels=[_what_happened(), _decisions()], height=9),
        ],
        variables=[TEAM, MODELS, SEVERITY, *ADDRESSES],
    )


def _stats() -> list[Json]:
    is_open = f"FROM dash.incident WHERE {_MODELS} AND is_open"
    return [
        stat(
            "Open pages",
            "Somebody should work on these now.",
            f"SELECT count(*) AS pages {is_open} AND severity = 'page'",
            defaults=field(limits=steps((1, RED))),
        ),
        stat(
            "Open tickets",
            "For the next working day.",
            f"SELECT count(*) AS tickets {is_open} AND severity = 'ticket'",
            defaults=field(limits=steps((1, ORANGE))),
        ),
        stat(
            "Nobody has it",
            "Told and not taken: `mlmon ack`, or the button below the message.",
            f"SELECT count(*) AS untaken {is_open} AND severity <> 'info'"
            " AND state IN ('notified', 'escalated')",
            defaults=field(limits=steps((1, RED))),
        ),
        stat(
            "Oldest message that waits",
            "Minutes: a channel is away. See `mlmon dispatch` and Pipeline health.",
            "SELECT oldest_waiting_seconds FROM dash.delivery",
            defaults=field(SECONDS, decimals=0, limits=steps((120, ORANGE), (900, RED))),
        ),
        stat(
            "Messages given up",
            "Nobody was told through that channel. The outbox says why (`last_error`).",
            "SELECT dead FROM dash.delivery",
            defaults=field(limits=steps((1, RED))),
        ),
        stat(
            "Median time to the end",
            "Of the incidents that began in this range. Longer each month: alerts are no longer "
            "read, or the same cause comes back.",
            "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY"
            " extract(epoch FROM resolved_window_start - first_window_start)) AS median"
            f" FROM dash.incident WHERE {_OPENED} AND NOT is_open",
            defaults=field(SECONDS, decimals=0, limits=steps(first="blue"), nothing="–"),
        ),
    ]


def _open() -> Json:
    sql = f"""
SELECT short_id, severity, model, subject, state, reason, acked_by, bad_windows, first_window,
  extract(epoch FROM now() - first_window_start)::float8 AS since_seconds, note,
  last_window AS window_key
FROM dash.incident WHERE {_CHOSEN} AND is_open
ORDER BY severity_rank DESC, first_window_start DESC LIMIT 100"""
    return table(
        "Open incidents, what is most serious first",
        "Take one: `mlmon ack ID`. Why it opened and why somebody was told or not: "
        "`mlmon explain ID`.",
        sql,
        overrides=[
            text("short_id", "ID", width=90),
            severity_column(),
            text("model", "Model", width=150, links=[links.MODEL]),
            text("subject", "What", width=230),
            column("state", displayName="State", custom__width=150, **colored(_STATES)),
            text("reason", "Reason"),
            text("acked_by", "Taken by", width=110),
            column("bad_windows", displayName="Bad windows", custom__width=100),
            text("first_window", "First window", width=120),
            column("since_seconds", displayName="Since", unit=SECONDS, custom__width=100),
            text("note", "Told"),
            text(
                "window_key",
                "Last window",
                width=120,
                links=[links.DECISION_OF_MODEL, links.REPORT_OF_MODEL],
            ),
        ],
    )


def _per_day() -> Json:
    counts = ", ".join(
        f"count(*) FILTER (WHERE severity = '{severity}') AS {severity}"
        for severity in SEVERITY_COLORS
    )
    sql = f"""
SELECT {_DAY} AS time, {counts}
FROM dash.incident WHERE {_OPENED} GROUP BY 1 ORDER BY 1"""
    return lines(
        "Incidents by the day on which they began",
        "More than a few pages a week and people stop reading: raise limits, or give the kind a "
        "lower severity in the model's YAML.",
        sql,
        bars=True,
        stacked=True,
        low=0,
        overrides=painted(SEVERITY_COLORS),
    )


def _checks() -> Json:
    sql = f"""
SELECT check_name,
  count(*) FILTER (WHERE resolution IS DISTINCT FROM 'verdict_revised') AS real,
  count(*) FILTER (WHERE resolution = 'verdict_revised') AS revised
FROM dash.incident WHERE {_OPENED}
GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 10"""
    return bar_chart(
        "Noisiest checks",
        "Incidents per check. Revised: late data or labels took the verdict back, so it never was "
        "one. Many of those: judge later (`deadline`, `performance.min_coverage`).",
        sql,
        overrides=painted({"real": RED, "revised": GREY}),
    )


def _by_model() -> Json:
    source = f"dash.decision WHERE {_MODELS} AND $__timeFilter(window_start)"
    sql = worst_cells("model", source, most=20)
    return grid(
        f"What was decided, model × window:  {SIGNS}",
        "The status on which each decision rests, of the twenty models with most failures.",
        sql,
    )


def _over() -> Json:
    sql = f"""
SELECT severity, model, subject, resolution, reason, bad_windows, first_window,
  resolved_window, extract(epoch FROM resolved_window_start - first_window_start)::float8
    AS lasted_seconds, acked_by, short_id, last_window AS window_key
FROM dash.incident WHERE {_OPENED} AND NOT is_open
ORDER BY first_window_start DESC, severity_rank DESC LIMIT 100"""
    endings = {
        "recovered": ("✓ recovered", GREEN),
        "verdict_revised": ("· revised: it never was one", GREY),
        "baseline_changed": ("· another reference", GREY),
        "manual": ("✓ by hand", GREEN),
    }
    return table(
        "Incidents that are over, newest first (100 at most)",
        "What they were and how they ended.",
        sql,
        overrides=[
            severity_column(),
            text("model", "Model", width=150, links=[links.MODEL]),
            text("subject", "What", width=230),
            column("resolution", displayName="End", custom__width=190, **colored(endings)),
            text("reason", "Reason"),
            column("bad_windows", displayName="Bad windows", custom__width=100),
            text("first_window", "First window", width=120),
            text("resolved_window", "Resolved in", width=120),
            column("lasted_seconds", displayName="Lasted", unit=SECONDS, custom__width=100),
            text("acked_by", "Taken by", width=110),
            text("short_id", "ID", width=90),
            text(
                "window_key",
                "Last window",
                width=120,
                links=[links.DECISION_OF_MODEL, links.REPORT_OF_MODEL],
            ),
        ],
    )


def _what_happened() -> Json:
    sql = f"""
SELECT window_key, severity, model, what, line, was_told
FROM dash.incident_event
WHERE {_CHOSEN} AND $__timeFilter(at) ORDER BY at DESC, id DESC LIMIT 100"""
    told = {"true": ("✓ told", GREEN), "false": ("· not told", GREY)}
    return table(
        "What happened to incidents, newest first (100 at most)",
        "In the order in which it was decided. Not told: silenced, hidden behind another "
        "incident, of severity info, or of a backfill.",
        sql,
        overrides=[
            text("window_key", "Window", width=110),
            severity_column(),
            text("model", "Model", width=130, links=[links.MODEL]),
            text("what", "What", width=90),
            text("line", "Line"),
            column("was_told", displayName="Told", custom__width=95, **colored(told)),
        ],
    )


def _decisions() -> Json:
    sql = f"""
SELECT window_key, model, status, reason, failing, told
FROM dash.decision
WHERE {_MODELS} AND $__timeFilter(window_start) AND failing > 0
ORDER BY window_start DESC, model LIMIT 100"""
    return table(
        "Decisions on windows with failures, newest first (100 at most)",
        "Why somebody was told, or nobody.",
        sql,
        overrides=[
            text("window_key", "Window", width=110, links=[links.DECISION_OF_MODEL]),
            text("model", "Model", width=130, links=[links.MODEL]),
            text("status", "Status", width=80),
            text("reason", "Reason"),
            column("failing", displayName="Failing", custom__width=75),
            column("told", displayName="Told", custom__width=65),
            hidden_columns("run_id"),
        ],
    )
