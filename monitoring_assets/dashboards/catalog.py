"""All dashboards, and every query that they send."""

from collections.abc import Iterator
from dataclasses import dataclass

from monitoring_assets.dashboards.data_quality import data_quality
from monitoring_assets.dashboards.feature_drift import feature_drift
from monitoring_assets.dashboards.fleet import fleet
from monitoring_assets.dashboards.incidents import incidents
from monitoring_assets.dashboards.looks import Json
from monitoring_assets.dashboards.model_health import model_health
from monitoring_assets.dashboards.performance import performance
from monitoring_assets.dashboards.pipeline import pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One query of one dashboard, as Grafana stores it: with variables and macros.

    Attributes:
        dashboard: The dashboard's uid.
        panel: The panel's title; `variable …` or `annotation …` for what is not one.
        form: `time_series` or `table`.
        sql: The text.
    """

    dashboard: str
    panel: str
    form: str
    sql: str


def dashboards() -> list[Json]:
    """Return all dashboards, from the whole to the parts."""
    return [
        fleet(),
        model_health(),
        feature_drift(),
        data_quality(),
        performance(),
        incidents(),
        pipeline(),
    ]


def queries() -> Iterator[Query]:
    """Yield every query: of panels (also collapsed ones), variables and annotations."""
    for one in dashboards():
        yield from _queries_of(one)


def panels(dashboard: Json) -> Iterator[Json]:
    """Yield the panels of a dashboard, also those inside collapsed rows."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def _queries_of(dashboard: Json) -> Iterator[Query]:
    uid = dashboard["uid"]
    for choice in dashboard["templating"]["list"]:
        name = f"variable {choice['name']}"
        yield Query(dashboard=uid, panel=name, form="table", sql=choice["query"])
    for event in dashboard["annotations"]["list"]:
        name = f"annotation {event['name']}"
        yield Query(dashboard=uid, panel=name, form="table", sql=event["target"]["rawSql"])
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            form, sql = target["format"], target["rawSql"]
            yield Query(dashboard=uid, panel=panel["title"], form=form, sql=sql)
