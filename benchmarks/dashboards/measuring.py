"""How long queries, writes and scrapes take on a filled database."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from statistics import median

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, generate_latest

from benchmarks.dashboards.filling import Size, numbers
from monitoring_assets.application.ports import RunInfo
from monitoring_assets.dashboards.catalog import dashboards, queries
from monitoring_assets.domain.evaluation import Evaluation, Histogram
from monitoring_assets.domain.measurement import Kind, Measurement, Status
from monitoring_assets.domain.window import Window
from monitoring_assets.reports.prometheus import WORST_COLUMNS, OverviewCollector
from monitoring_assets.stores.measurements import PostgresMeasurements
from monitoring_assets.stores.overview import PostgresOverview
from monitoring_assets_tests.dashboards.answers import ask
from monitoring_assets_tests.dashboards.grafana import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long one thing took, in milliseconds."""

    where: str
    what: str
    median: float
    worst: float
    rows: int = 0


def _timed(repeats: int, act: Callable[[], int]) -> tuple[float, float, int]:
    rows = act()  # the first time reads from disk
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        rows = act()
        times.append((time.perf_counter() - began) * 1000)
    return median(times), max(times), rows


def panels(engine: sa.Engine, repeats: int) -> Iterator[Timing]:
    """Yield how long every query takes as its dashboard opens: its range, the first model."""
    until = datetime.now(UTC)
    views = {one["uid"]: _opened(one, engine, until) for one in dashboards()}
    for query in queries():
        sql = views[query.dashboard].sql(query.sql)
        middle, worst, rows = _timed(repeats, lambda sql=sql: len(ask(engine, sql).rows))
        yield Timing(
            where=query.dashboard, what=query.panel, median=middle, worst=worst, rows=rows
        )


def _opened(dashboard: dict, engine: sa.Engine, until: datetime) -> View:
    days = int(re.fullmatch(r"now-(\d+)d", dashboard["time"]["from"])[1])
    since = until - timedelta(days=days)
    chosen, many = {}, frozenset()
    for variable in dashboard["templating"]["list"]:
        at_first = View(since, until, dict(chosen), many)
        offered = [row[-1] for row in ask(engine, at_first.sql(variable["query"])).rows]
        name = variable["name"]
        chosen[name] = offered if variable["multi"] else offered[0]
        many |= {name} if variable["includeAll"] else frozenset()
    return View(since, until, chosen, many)


def writing(engine: sa.Engine, size: Size, repeats: int) -> Iterator[Timing]:
    """Yield how long all numbers and distributions of a window take, new and once more."""
    store, written = PostgresMeasurements(engine), _window(size)
    run = RunInfo(run_id="benchmark", computed_at=written.window.end)
    models = [f"model_{i:03}" for i in range(1, repeats + 2)]

    def write(evaluation: Evaluation) -> int:
        store.replace(evaluation, run)
        return len(evaluation.measurements)

    fresh = (replace(written, model=model) for model in models)
    for what, act in (
        ("a window that is new", lambda: write(next(fresh))),
        ("the same window again", lambda: write(written)),
    ):
        middle, worst, rows = _timed(repeats, act)
        yield Timing(where="writing", what=what, median=middle, worst=worst, rows=rows)
    for model in models:  # nothing stays for those who measure again
        write(replace(written, model=model, measurements=(), histograms=()))


def _window(size: Size) -> Evaluation:
    start = datetime(2100, 1, 1, tzinfo=UTC)
    bars = tuple(
        Histogram(
            column=f"feature_{i:02}",
            labels=tuple(f"{b / 4:.4g}" for b in range(20)),
            reference=(0.05,) * 20,
            current=(0.05,) * 20,
        )
        for i in range(size.features)
    )
    return Evaluation(
        model="model_001",
        asset="drift_report",
        window=Window(start, start + timedelta(days=1), "2100-01-01"),
        reference_version="v1",
        histograms=bars,
        measurements=tuple(
            Measurement(
                metric=f"{n.asset}.{n.metric}",
                kind=Kind(n.kind),
                check=n.check_name,
                column=n.column_name,
                segment=n.segment,
                version=n.model_version,
                n=5_000,
                value=n.low,
                threshold=n.threshold,
                status=Status.OK if n.threshold else Status.INFO,
            )
            for n in numbers(size)
        ),
    )


def scraping(engine: sa.Engine, repeats: int) -> Iterator[Timing]:
    """Yield how long a scrape takes that finds nothing in the exporter's cache."""
    overviews = PostgresOverview(engine)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(
        OverviewCollector(lambda: overviews.now(columns=WORST_COLUMNS), cache_seconds=0)
    )

    def scrape() -> int:
        lines = generate_latest(registry).decode().splitlines()
        return sum(not line.startswith("#") for line in lines)

    middle, worst, series = _timed(repeats, scrape)
    yield Timing(where="exporter", what="a scrape", median=middle, worst=worst, rows=series)
