"""From panels to a dashboard: ids, places, variables, annotations and links.

Every variable is written `${name:sqlstring}` in SQL: quoted by Grafana, whether it holds one value
or many, and compared with `= ANY(ARRAY[…]::text[])`, which an empty choice does not break.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from monitoring_assets.dashboards.looks import Json
from monitoring_assets.dashboards.panels import POSTGRES, target

TAG = "mlmon"
SCHEMA_VERSION = 37  # of Grafana 9.4; later ones migrate it, none reads a later one
FULL_WIDTH = 24
_ALL = {"selected": True, "text": ["All"], "value": ["$__all"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels side by side, as wide as each other unless widths are given.

    Attributes:
        panels: From left to right.
        height: In Grafana's units of 30 pixels and a gap.
        widths: In 24ths of the page.
        title: With a title the row has a headline, and can be collapsed.
        collapsed: Whether it is; its queries are sent when somebody opens it.
    """

    panels: Sequence[Json]
    height: int = 8
    widths: Sequence[int] = ()
    title: str = ""
    collapsed: bool = False


def dashboard(
    uid: str,
    title: str,
    says: str,
    rows: Iterable[Row],
    *,
    variables: Sequence[Json] = (),
    annotations: Sequence[Json] = (),
    since: str = "now-90d",
) -> Json:
    """Return a dashboard in the form of Grafana's file provisioning.

    Args:
        uid: Its stable name in addresses.
        title: What it is called in the list.
        says: The question that it answers.
        rows: From top to bottom.
        variables: Choices at the top of the page.
        annotations: Events that are drawn into charts over time.
        since: Where the range of time begins.
    """
    return {
        "uid": uid,
        "title": f"ML / {title}",
        "description": says,
        "tags": [TAG],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,  # one cross-hair in all charts
        "fiscalYearStartMonth": 0,
        "liveNow": False,
        "refresh": "",
        "style": "dark",
        "time": {"from": since, "to": "now"},
        "timepicker": {},
        "timezone": "utc",
        "weekStart": "monday",
        "links": [_links_to_others()],
        "templating": {"list": list(variables)},
        "annotations": {"list": list(annotations)},
        "panels": list(_placed(rows)),
    }


def variable(
    name: str, label: str, sql: str, *, many: bool = False, by_time: bool = False
) -> Json:
    """Return a choice that a query offers.

    Args:
        name: How queries and addresses call it.
        label: How the page calls it.
        sql: A query with one column, or `__text` and `__value`.
        many: Whether several, and all, can be chosen.
        by_time: Whether the choice depends on the range of time.
    """
    chosen = {"current": _ALL} if many else {}
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": POSTGRES,
        "definition": sql,
        "query": sql,
        "refresh": 2 if by_time else 1,
        "regex": "",
        "sort": 0,
        "multi": many,
        "includeAll": many,
        "hide": 0,
        "skipUrlSync": False,
        "options": [],
        **chosen,
    }


def hidden(name: str, sql: str) -> Json:
    """Return a value that links need and nobody chooses."""
    return variable(name, "", sql) | {"hide": 2, "skipUrlSync": True}


def annotation(name: str, color: str, sql: str, *, shown: bool = True) -> Json:
    """Return events: a query with `time`, `timeend`, `text` and `tags`; it can be switched off."""
    return {
        "name": name,
        "datasource": POSTGRES,
        "enable": shown,
        "hide": False,
        "iconColor": color,
        "rawQuery": sql,  # Grafana before its common SQL editor reads this and not the target
        "target": target(sql, "table", "Anno"),
    }


def _links_to_others() -> Json:
    return {
        "type": "dashboards",
        "title": "",
        "tags": [TAG],
        "asDropdown": False,
        "icon": "external link",
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
        "tooltip": "",
        "url": "",
    }


def _placed(rows: Iterable[Row]) -> Iterator[Json]:
    """Yield the panels with ids and places; those of a collapsed row stand inside it."""
    ids = iter(range(1, 1_000))
    y = 0
    for row in rows:
        if row.title:
            header = _headline(row, next(ids), y)
            y += 1
            yield header
        placed = list(_side_by_side(row, ids, y))
        y += row.height
        if row.collapsed:
            header["panels"] = placed
        else:
            yield from placed


def _headline(row: Row, number: int, y: int) -> Json:
    return {
        "id": number,
        "type": "row",
        "title": row.title,
        "collapsed": row.collapsed,
        "panels": [],
        "gridPos": {"x": 0, "y": y, "w": FULL_WIDTH, "h": 1},
    }


def _side_by_side(row: Row, ids: Iterator[int], y: int) -> Iterator[Json]:
    widths = row.widths or [FULL_WIDTH // len(row.panels)] * len(row.panels)
    x = 0
    for panel, width in zip(row.panels, widths, strict=True):
        place: dict[str, Any] = {"x": x, "y": y, "w": width, "h": row.height}
        yield {**panel, "id": next(ids), "gridPos": place}
        x += width
