"""The types of panels that are used, in the form of Grafana 9.4, which later versions read too.

A panel has no id and no place yet; `layout` gives it both.
"""

from collections.abc import Iterable
from typing import Any

from monitoring_assets.dashboards.looks import (
    BLUE,
    COUNT,
    GREY,
    RED,
    Json,
    column,
    field,
    level_signs,
    level_steps,
    level_words,
    steps,
    text_stays_text,
)

POSTGRES: Json = {"type": "postgres", "uid": "mlmon-postgres"}
# Grafana runs the migrations of all later versions on what this one wrote.
PLUGIN_VERSION = "9.4.7"


def target(sql: str, form: str, ref: str = "A") -> Json:
    """Return a query for Postgres; the form is `table` or `time_series`."""
    return {
        "refId": ref,
        "datasource": POSTGRES,
        "editorMode": "code",
        "format": form,
        "rawQuery": True,
        "rawSql": sql,
    }


def stat(
    title: str, says: str, sql: str, *, defaults: Json, names: bool = False, text: bool = False
) -> Json:
    """Return one value, large, on the colour of its threshold.

    Args:
        title: What it is.
        says: What to do about it.
        sql: A query of one row.
        defaults: Its unit, thresholds and words.
        names: Whether the row holds several values, each shown with its column's name.
        text: Whether the value is text.
    """
    options = {
        "colorMode": "background",
        "graphMode": "none",
        "justifyMode": "center",
        "orientation": "auto",
        "textMode": "value_and_name" if names else "value",
        "reduceOptions": _reduced(fields="/.*/" if text else ""),
    }
    fields = _fields(defaults, [text_stays_text()] if text else [])
    return _panel("stat", title, says, target(sql, "table"), fields, options)


def stat_per_row(title: str, says: str, sql: str, *, defaults: Json) -> Json:
    """Return a tile per row: the first column names it, the second is the value."""
    panel = stat(title, says, sql, defaults=defaults, names=True)
    return panel | {"options": panel["options"] | {"reduceOptions": _reduced(values=True)}}


def bars(title: str, says: str, sql: str, *, defaults: Json) -> Json:
    """Return horizontal bars, one per row: its first column names it, its second is the value."""
    options = {
        "displayMode": "basic",
        "minVizHeight": 14,
        "minVizWidth": 0,
        "orientation": "horizontal",
        "showUnfilled": True,
        "reduceOptions": _reduced(values=True),
    }
    fields = _fields(defaults, [text_stays_text()])
    return _panel("bargauge", title, says, target(sql, "table"), fields, options)


def table(
    title: str,
    says: str,
    sql: str,
    *,
    overrides: Iterable[Json] = (),
    defaults: Json | None = None,
) -> Json:
    """Return a table."""
    options = {"showHeader": True, "cellHeight": "sm"}
    custom = {"align": "auto", "displayMode": "auto", "filterable": False}
    looks = [text_stays_text(), *overrides]
    fields = _fields(defaults or field(), looks, custom)
    return _panel("table", title, says, target(sql, "table"), fields, options)


def lines(
    title: str,
    says: str,
    sql: str,
    *,
    unit: str = COUNT,
    overrides: Iterable[Json] = (),
    bars: bool = False,
    stacked: bool = False,
    low: float | None = None,
    high: float | None = None,
    threshold: float | None = None,
) -> Json:
    """Return values over time: lines, or bars.

    Args:
        title: What is shown.
        says: What to do about it.
        sql: A query with `time` and either numeric columns, or `metric` and one of them.
        unit: Grafana's name of the unit.
        overrides: What is different about single lines.
        bars: Whether bars are drawn.
        stacked: Whether they stand on each other.
        low: Where the axis begins at most.
        high: Where it ends at least.
        threshold: Where a red line is drawn.
    """
    custom = _drawn(bars=bars, stacked=stacked)
    # A soft limit does not cut off what lies beyond.
    custom |= {k: v for k, v in {"axisSoftMin": low, "axisSoftMax": high}.items() if v is not None}
    limits = None if threshold is None else steps((threshold, RED))
    custom["thresholdsStyle"] = {"mode": "line" if limits else "off"}
    defaults = field(unit, color="palette-classic", custom=custom, limits=limits)
    options = {"legend": _legend(), "tooltip": {"mode": "multi", "sort": "desc"}}
    return _panel(
        "timeseries",
        title,
        says,
        target(sql, "time_series"),
        _fields(defaults, overrides),
        options,
    )


def grid(title: str, says: str, sql: str) -> Json:
    """Return status cells over time, one row per series; the values are numbers of statuses."""
    defaults = field(
        texts=level_signs(),
        limits=level_steps(),
        custom={"fillOpacity": 75, "lineWidth": 1},
    )
    options = {
        "colWidth": 0.92,
        "rowHeight": 0.88,
        "showValue": "auto",
        "legend": _legend(),
        "tooltip": {"mode": "single", "sort": "none"},
    }
    panel = _panel(
        "status-history", title, says, target(sql, "time_series"), _fields(defaults), options
    )
    # A cell needs some pixels: with more points Grafana shows a message and nothing else.
    return panel | {"maxDataPoints": 150, "interval": "1h"}


def periods(title: str, says: str, sql: str) -> Json:
    """Return states that last, one row per series; equal ones in a row become one bar."""
    defaults = field(
        texts=level_words(),
        limits=level_steps(),
        custom={"fillOpacity": 75, "lineWidth": 0},
    )
    options = {
        "alignValue": "left",
        "mergeValues": True,
        "rowHeight": 0.88,
        "showValue": "auto",
        "legend": _legend(),
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return _panel(
        "state-timeline", title, says, target(sql, "time_series"), _fields(defaults), options
    )


def heatmap(title: str, says: str, sql: str, *, unit: str = "percentunit") -> Json:
    """Return colours over time, one row per series; the values are shares."""
    options = {
        "calculate": False,
        "calculation": {},
        "cellGap": 1,
        "cellValues": {"unit": unit},
        "color": {
            "mode": "scheme",
            "scheme": "Blues",
            "steps": 64,
            "exponent": 0.5,
            "fill": "dark-blue",
            "scale": "exponential",
            "reverse": True,  # on a dark page much is light
        },
        "exemplars": {"color": BLUE},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        "tooltip": {"show": True, "mode": "single", "yHistogram": False},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": "short"},
    }
    fields = {"defaults": {"custom": {"scaleDistribution": {"type": "linear"}}}, "overrides": []}
    return _panel("heatmap", title, says, target(sql, "time_series"), fields, options)


def bar_chart(
    title: str, says: str, sql: str, *, unit: str = COUNT, overrides: Iterable[Json] = ()
) -> Json:
    """Return bars side by side, a group per row; the first column names the group."""
    custom = {"axisPlacement": "auto", "axisSoftMin": 0, "fillOpacity": 80, "lineWidth": 0}
    options = {
        "barRadius": 0,
        "barWidth": 0.9,
        "groupWidth": 0.75,
        "legend": _legend(),
        "orientation": "auto",
        "showValue": "never",
        "stacking": "none",
        "tooltip": {"mode": "multi", "sort": "none"},
        "xTickLabelRotation": -45,
        "xTickLabelMaxLength": 16,
        "xTickLabelSpacing": 0,
    }
    looks = [text_stays_text(), *overrides]
    fields = _fields(field(unit, color="palette-classic", custom=custom), looks)
    return _panel("barchart", title, says, target(sql, "table"), fields, options)


def limit(name: str = "limit", color: str = RED) -> Json:
    """Return the looks of a line that is a limit: dashed, and without points."""
    return column(
        name,
        custom__lineStyle={"fill": "dash", "dash": [8, 6]},
        custom__lineWidth=1,
        custom__fillOpacity=0,
        custom__showPoints="never",
        color={"mode": "fixed", "fixedColor": color},
    )


def band(lower: str, upper: str, color: str = BLUE) -> list[Json]:
    """Return the looks of two lines between which the area is filled."""
    edge: dict[str, Any] = {
        "custom__lineWidth": 0,
        "custom__showPoints": "never",
        "color": {"mode": "fixed", "fixedColor": color},
        "custom__hideFrom": {"legend": True, "tooltip": False, "viz": False},
    }
    filled = {"custom__fillBelowTo": lower, "custom__fillOpacity": 15}
    return [column(lower, **edge, custom__fillOpacity=0), column(upper, **edge, **filled)]


# Of a query with `realised`, `lower`, `upper`, `limit` and `reference`.
PERFORMANCE_LOOKS = [
    *band("lower", "upper"),
    column("realised", color={"mode": "fixed", "fixedColor": BLUE}),
    limit(),
    limit("reference", GREY),
]


def _panel(kind: str, title: str, says: str, query: Json, fields: Json, options: Json) -> Json:
    return {
        "type": kind,
        "title": title,
        "description": says,
        "datasource": query["datasource"],
        "pluginVersion": PLUGIN_VERSION,
        "targets": [query],
        "fieldConfig": fields,
        "options": options,
    }


def _fields(defaults: Json, overrides: Iterable[Json] = (), custom: Json | None = None) -> Json:
    merged = defaults | {"custom": {**(custom or {}), **defaults["custom"]}}
    return {"defaults": merged, "overrides": list(overrides)}


def _reduced(*, fields: str = "", values: bool = False) -> Json:
    return {"calcs": ["lastNotNull"], "fields": fields, "values": values}


def _legend() -> Json:
    return {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True}


def _drawn(*, bars: bool, stacked: bool) -> Json:
    return {
        "axisLabel": "",
        "axisPlacement": "auto",
        "barAlignment": 0,
        "drawStyle": "bars" if bars else "line",
        "fillOpacity": 60 if bars else 0,
        "gradientMode": "none",
        "hideFrom": {"legend": False, "tooltip": False, "viz": False},
        "lineInterpolation": "linear",
        "lineWidth": 0 if bars else 2,
        "pointSize": 4,
        "scaleDistribution": {"type": "linear"},
        "showPoints": "never" if bars else "auto",
        "spanNulls": False,
        "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
    }
