"""The overview as metrics of Prometheus, served over HTTP.

A scrape has the time of now, so that history belongs to the dashboards. Names carry base units;
there is no label for windows, runs, segments or versions, whose number grows. Of the columns of a
model only the worst ones are there.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from threading import Lock

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from monitoring_assets.application.overview import ModelNow, Overview
from monitoring_assets.domain.errors import ConfigurationError, StoreUnavailableError
from monitoring_assets.domain.incident import Severity
from monitoring_assets.domain.measurement import Status

WORST_COLUMNS = 5
MOST_SERIES = 20_000
CACHE_SECONDS = 15.0

LEVELS = {Status.OK: 0, Status.UNJUDGED: 1, Status.WARN: 2, Status.BAD: 3, Status.ERROR: 4}
RUN_STATUSES = ("started", "succeeded", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gauge:
    """One gauge per model: a name, what it says, and where it comes from."""

    name: str
    text: str
    value: Callable[[ModelNow], float | None]


_OF_MODELS = (
    _Gauge(
        name="ml_model_failing_checks",
        text="Checks of the newest window that fail.",
        value=lambda m: m.failing_checks if m.status is not None else None,
    ),
    _Gauge(
        name="ml_model_drift_share_ratio",
        text="Share of the judged features that drifted in the newest window.",
        value=lambda m: m.drifted_share,
    ),
    _Gauge(
        name="ml_model_label_coverage_ratio",
        text="Share of the newest window's predictions that are labelled.",
        value=lambda m: m.label_coverage,
    ),
    _Gauge(
        name="ml_model_window_rows",
        text="Rows of the prediction log in the newest window.",
        value=lambda m: m.rows,
    ),
    _Gauge(
        name="ml_model_window_seconds",
        text="Length of a window.",
        value=lambda m: m.window_seconds,
    ),
    _Gauge(
        name="ml_model_last_window_timestamp_seconds",
        text="End of the newest window that was monitored.",
        value=lambda m: m.window_end.timestamp() if m.window_end else None,
    ),
    _Gauge(
        name="ml_model_last_decision_timestamp_seconds",
        text="When the newest window was decided.",
        value=lambda m: m.decided_at.timestamp() if m.decided_at else None,
    ),
    _Gauge(
        name="ml_model_stale",
        text="1 where two windows and the deadline have passed without a new one.",
        value=lambda m: float(m.is_stale),
    ),
)


def families(overview: Overview) -> list[GaugeMetricFamily]:
    """Return an overview as metrics."""
    return [
        _status(overview),
        *(_of_models(gauge, overview) for gauge in _OF_MODELS),
        *_performance(overview),
        _columns(overview),
        _incidents(overview),
        *_pipeline(overview),
    ]


def _family(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=labels)


def _status(overview: Overview) -> GaugeMetricFamily:
    meaning = ", ".join(f"{level} {status}" for status, level in LEVELS.items())
    family = _family("ml_model_status", f"Newest window: {meaning}.", "model", "tier")
    for m in overview.models:
        if m.status in LEVELS:
            family.add_metric([m.model, str(m.tier)], LEVELS[m.status])
    return family


def _of_models(gauge: _Gauge, overview: Overview) -> GaugeMetricFamily:
    family = _family(gauge.name, gauge.text, "model")
    for m in overview.models:
        value = gauge.value(m)
        if value is not None:
            family.add_metric([m.model], value)
    return family


def _performance(overview: Overview) -> Iterator[GaugeMetricFamily]:
    labels = ("model", "metric")
    value = _family("ml_model_performance", "Newest judged value of the headline metric.", *labels)
    usual = _family("ml_model_performance_baseline", "Its value on the reference.", *labels)
    for m in overview.models:
        if m.performance is not None:
            value.add_metric([m.model, m.performance_metric], m.performance)
        if m.performance_baseline is not None:
            usual.add_metric([m.model, m.performance_metric], m.performance_baseline)
    yield value
    yield usual


def _columns(overview: Overview) -> GaugeMetricFamily:
    text = f"Distance or p-value of the {WORST_COLUMNS} worst columns of the newest window."
    family = _family("ml_feature_drift_score", text, "model", "feature", "method")
    for m in overview.models:
        for column in m.worst_columns[:WORST_COLUMNS]:
            family.add_metric([m.model, column.column, column.method], column.value)
    return family


def _incidents(overview: Overview) -> GaugeMetricFamily:
    family = _family("ml_incidents_open", "Incidents that last.", "severity")
    for severity in Severity:
        n = sum(i.severity is severity for i in overview.incidents)
        family.add_metric([severity], n)
    return family


def _pipeline(overview: Overview) -> Iterator[GaugeMetricFamily]:
    pipeline = overview.pipeline
    text = "How long the last finished run took."
    lasted = _family("ml_pipeline_run_duration_seconds", text, "asset_group")
    for model, seconds in pipeline.last_run_seconds.items():
        lasted.add_metric([model], seconds)
    runs = _family("ml_pipeline_runs_last_day", "Runs that began within 24 hours.", "status")
    for status in RUN_STATUSES:
        runs.add_metric([status], pipeline.runs.get(status, 0))
    yield lasted
    yield runs
    for name, says, value in (
        (
            "ml_alerts_oldest_pending_seconds",
            "How long the oldest undelivered message has waited, 0 for none.",
            pipeline.oldest_waiting_seconds,
        ),
        ("ml_alerts_pending", "Messages neither delivered nor given up.", pipeline.waiting),
        ("ml_alerts_dead", "Messages that were given up.", pipeline.dead),
    ):
        yield GaugeMetricFamily(name, says, value=value)


class OverviewCollector(Collector):
    """Answers scrapes from an overview that is at most some seconds old.

    Where the database is away, the last good answer is given with
    `ml_monitor_exporter_scrape_success 0`.
    """

    def __init__(
        self,
        read: Callable[[], Overview],
        *,
        cache_seconds: float = CACHE_SECONDS,
        most_series: int = MOST_SERIES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare to answer; nothing is read yet."""
        self._read = read
        self._cache_seconds = cache_seconds
        self._most_series = most_series
        self._clock = clock
        self._lock = Lock()
        self._tried_at: float | None = None
        self._known: list[GaugeMetricFamily] = []
        self._took, self._dropped, self._is_good = 0.0, 0, False

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield all metrics."""
        with self._lock:
            if self._tried_at is None or self._clock() - self._tried_at >= self._cache_seconds:
                self._refresh()
            yield from self._known
            yield from self._own()

    def describe(self) -> list[GaugeMetricFamily]:
        """Return nothing, so that registering does not read the database."""
        return []

    def _refresh(self) -> None:
        began = self._tried_at = self._clock()
        try:
            found = families(self._read())
        except StoreUnavailableError:
            self._is_good = False
            return
        self._known, self._dropped = _within_budget(found, self._most_series)
        self._took, self._is_good = self._clock() - began, True

    def _own(self) -> Iterator[GaugeMetricFamily]:
        for name, text, value in (
            ("scrape_success", "1 where the database answered last.", float(self._is_good)),
            ("query_seconds", "How long the database's last answer took.", self._took),
            ("dropped_series", "Series left out above the budget.", self._dropped),
        ):
            yield GaugeMetricFamily(f"ml_monitor_exporter_{name}", text, value=value)
        built = _family("ml_monitor_build_info", "The version of the exporter.", "version")
        built.add_metric([version("monitoring-assets")], 1)
        yield built


def _within_budget(
    found: list[GaugeMetricFamily], most: int
) -> tuple[list[GaugeMetricFamily], int]:
    """Return the families cut to so many series in all, and how many were left out."""
    left, dropped = most, 0
    for family in found:
        dropped += max(0, len(family.samples) - left)
        family.samples = family.samples[:left]
        left -= len(family.samples)
    return found, dropped


def serve(collector: OverviewCollector, host: str, port: int) -> int:
    """Answer scrapes of `/metrics` in a thread until the process ends; return the port.

    Raises:
        ConfigurationError: If the port cannot be listened on.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    try:
        server, _thread = start_http_server(port, host, registry)
    except OSError as error:
        raise ConfigurationError(
            f"{host}:{port} cannot be listened on ({error.strerror}): give another --port"
        ) from error
    return int(server.server_port)
