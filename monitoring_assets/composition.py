"""Where adapters are chosen: the environment in, a monitor for every model out.

Every setting is an environment variable, read here and nowhere else.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

import sqlalchemy as sa

from monitoring_assets.application.dispatch import Dispatcher
from monitoring_assets.application.drill import rehearse
from monitoring_assets.application.incidents import Alerts
from monitoring_assets.application.messages import GroupMessages
from monitoring_assets.application.monitor import DECISION, ModelMonitor, Ports
from monitoring_assets.application.ports import ProfileEngine, Source
from monitoring_assets.application.respond import Responder
from monitoring_assets.config.alerts import PAGERDUTY, ROUTING_KEY, SLACK, Destination
from monitoring_assets.config.loader import load_models, model_files
from monitoring_assets.config.model import LoadedModel, SourceSettings
from monitoring_assets.domain.errors import ConfigurationError, MonitoringError
from monitoring_assets.domain.message import Link
from monitoring_assets.engines.registry import EngineRequest, open_engine
from monitoring_assets.notifiers.heartbeat import beat
from monitoring_assets.notifiers.registry import fallback, open_channel
from monitoring_assets.profiles.cache import FolderCache, ReferenceCache
from monitoring_assets.sources.registry import Request, open_source
from monitoring_assets.stores.alerts import PostgresAlerts
from monitoring_assets.stores.artifacts import FileArtifacts
from monitoring_assets.stores.catalog import put_addresses, put_model
from monitoring_assets.stores.engine import create_engine
from monitoring_assets.stores.measurements import PostgresMeasurements
from monitoring_assets.stores.memory import (
    MemoryArtifacts,
    MemoryMeasurements,
    MemorySourceStates,
)
from monitoring_assets.stores.memory_alerts import MemoryAlerts
from monitoring_assets.stores.outbox import PostgresOutbox
from monitoring_assets.stores.source_states import PostgresSourceStates

DATABASE_URL = "MLMON_DATABASE_URL"
DAGSTER_DATABASE_URL = "MLMON_DAGSTER_DATABASE_URL"
UI_URL = "MLMON_UI_URL"
REPORTS_URL = "MLMON_REPORTS_URL"
GRAFANA_URL = "MLMON_GRAFANA_URL"
# Where messages are written when there is no Slack: `mlmon up` shows what is added to it.
ALERTS_FILE = "MLMON_ALERTS_FILE"
# A run should not wait long for Slack.
_INLINE_BUDGET_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment says.

    Attributes:
        home: The folder of everything that is kept locally.
        models: The folder of the models' YAML files.
        artifacts: A folder or `s3://` address for tables and reports.
        ui_url: Where people reach the Dagster UI.
        reports_url: Where people reach HTML reports.
        grafana_url: Where people reach Grafana, empty where there is none.
    """

    home: Path
    models: Path
    artifacts: str
    ui_url: str
    reports_url: str
    grafana_url: str = ""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Return the settings; every one has a default."""
        home = Path(environ.get("MLMON_HOME", ".mlmon")).expanduser().absolute()
        return cls(
            home=home,
            models=Path(environ.get("MLMON_MODELS", "models")).expanduser().absolute(),
            artifacts=environ.get("MLMON_ARTIFACTS", str(home / "artifacts")),
            ui_url=environ.get(UI_URL, "http://127.0.0.1:3000").rstrip("/"),
            reports_url=environ.get(REPORTS_URL, "http://127.0.0.1:3001").rstrip("/"),
            grafana_url=environ.get(GRAFANA_URL, "").rstrip("/"),
        )

    def partition_link(self, model: str, asset: str, window_key: str) -> str:
        """Return the address of a partition of an asset in the UI."""
        partition = quote(window_key, safe="")
        return f"{self.ui_url}/assets/{model}/{asset}?view=partitions&partition={partition}"

    def links(self, model: str, window_key: str) -> tuple[Link, ...]:
        """Return where a reader of a message sees more of a window."""
        dagster = self.partition_link(model, DECISION, window_key)
        found = [Link(label="Dagster", url=dagster)]
        if self.grafana_url:
            panel = f"{self.grafana_url}/d/mlmon-model?var-model={quote(model, safe='')}"
            found.append(Link(label="Grafana", url=panel))
        return (*found, Link(label="report", url=self.report_link(model, window_key)))

    def report_link(self, model: str, window_key: str) -> str:
        """Return the address of the Evidently report of a window."""
        return f"{self.reports_url}/{model}/{quote(window_key, safe='')}.html"


@dataclass(frozen=True)
class Workspace:
    """The settings, and the adapters made from them when they are first needed."""

    environ: Mapping[str, str]

    @cached_property
    def settings(self) -> Settings:
        """Return what the environment says."""
        return Settings.from_environ(self.environ)

    @cached_property
    def models(self) -> Mapping[str, LoadedModel]:
        """Return the models by name.

        Raises:
            ConfigurationError: With every problem of every file.
        """
        loaded = load_models(model_files(self.settings.models))
        return {model.config.name: model for model in loaded}

    def model(self, name: str) -> LoadedModel:
        """Return one model.

        Raises:
            ConfigurationError: If there is none of that name.
        """
        if name not in self.models:
            known = ", ".join(self.models) or "none"
            folder = self.settings.models
            raise ConfigurationError(f"no model {name!r} in {folder}; there is: {known}")
        return self.models[name]

    @cached_property
    def engine(self) -> sa.Engine:
        """Return the engine of the measurements' database.

        Raises:
            ConfigurationError: If the environment does not name it.
        """
        url = self.environ.get(DATABASE_URL)
        if not url:
            raise ConfigurationError(
                f"{DATABASE_URL} is not set: run `mlmon up`, or `eval $(mlmon env)` for the "
                "embedded Postgres, or set it to the URL of your own"
            )
        return create_engine(url)

    @cached_property
    def artifacts(self) -> FileArtifacts:
        """Return the store of tables and reports."""
        return FileArtifacts(self.settings.artifacts)

    @cached_property
    def measurements(self) -> PostgresMeasurements:
        """Return the table of numbers."""
        return PostgresMeasurements(self.engine)

    @cached_property
    def alerts(self) -> PostgresAlerts:
        """Return the tables of verdicts, incidents and decisions."""
        return PostgresAlerts(self.engine)

    @cached_property
    def messages(self) -> GroupMessages:
        """Return what messages say."""
        return GroupMessages(
            store=self.alerts,
            measurements=self.measurements,
            configs={name: model.config for name, model in self.models.items()},
            links=self.settings.links,
        )

    @property
    def default_destinations(self) -> frozenset[str]:
        """Return the destinations that need no YAML: Slack or the terminal, and PagerDuty."""
        pager = {PAGERDUTY} if self.environ.get(ROUTING_KEY) else set()
        return frozenset({SLACK, *pager})

    @cached_property
    def outbox(self) -> PostgresOutbox:
        """Return the messages that wait to be delivered."""
        return PostgresOutbox(self.engine)

    @cached_property
    def dispatcher(self) -> Dispatcher:
        """Return what delivers the messages that wait."""
        return Dispatcher(
            outbox=self.outbox,
            messages=self.messages,
            channels=lambda key: open_channel(key, self._places, self.environ, self._terminal),
            fallback=lambda key: fallback(key, self.environ),
        )

    def deliver_now(self) -> str:
        """Deliver what has just been decided; return what came of it, in one line.

        What fails is left to the sensor: no run fails because Slack is away.
        """
        try:
            return str(self.dispatcher.sweep(_INLINE_BUDGET_SECONDS))
        except MonitoringError as error:
            return f"left to the sensor deliver_alerts: {error}"

    def keep_awake(self, now: datetime) -> str:
        """Do what shows that deliveries are alive: the weekly drill, and the heartbeat.

        Returns:
            What went wrong, empty where nothing did.
        """
        rehearse(self.outbox, self.environ.get("MLMON_DRILL", "").split(), now)
        url = self.environ.get("MLMON_HEARTBEAT_URL", "")
        return beat(url) if url else ""

    @cached_property
    def _places(self) -> Mapping[str, Destination]:
        return {
            key: place
            for model in self.models.values()
            for key, place in model.config.alerts.places.items()
        }

    @cached_property
    def _terminal(self) -> TextIO:
        file = self.environ.get(ALERTS_FILE)
        # Open as long as the process: a message may come at any time.
        return Path(file).open("a", buffering=1, encoding="utf-8") if file else sys.stderr

    def describe(self, model: LoadedModel, seen_at: datetime) -> None:
        """Store what dashboards say of a model, and where its links lead."""
        ui_url, reports_url = self.settings.ui_url, self.settings.reports_url
        put_model(self.engine, model.config, seen_at)
        put_addresses(self.engine, {"ui": ui_url, "reports": reports_url})

    def incidents(self, model: LoadedModel) -> Alerts:
        """Return the incidents of a model, and who is told of them."""
        return Alerts(config=model.config, store=self.alerts, defaults=self.default_destinations)

    def responder(self, model: LoadedModel) -> Responder:
        """Return what is done about a model's incidents without asking."""
        return Responder(config=model.config, store=self.alerts, flags=self.artifacts)

    def monitor(self, model: LoadedModel) -> ModelMonitor:
        """Return the monitor of a model, on Postgres and the artifact store."""
        ports = replace(
            self._in_memory(model),
            artifacts=self.artifacts,
            measurements=self.measurements,
            alerts=self.alerts,
            states=PostgresSourceStates(self.engine),
            cache=self._cache(model),
        )
        return ModelMonitor(model.config, ports)

    def reading_monitor(self, model: LoadedModel) -> ModelMonitor:
        """Return a monitor that reads what is stored and writes no row: it needs no database."""
        return ModelMonitor(
            model.config,
            replace(self._in_memory(model), artifacts=self.artifacts, cache=self._cache(model)),
        )

    def replaying_monitor(self, model: LoadedModel) -> ModelMonitor:
        """Return a monitor that keeps everything in memory, for a backtest."""
        return ModelMonitor(model.config, self._in_memory(model))

    def _cache(self, model: LoadedModel) -> Callable[[str, str], ReferenceCache]:
        folder = self.settings.home / "cache" / model.config.name
        return lambda version, edition: FolderCache(folder / version, edition)

    def _profile_engine(self, model: LoadedModel) -> ProfileEngine | None:
        """Return what profiles the windows of a model where they are, None for copied rows.

        Raises:
            ConfigurationError: If the environment variable of its database is not set.
        """
        config = model.config
        request = EngineRequest(
            settings=config.engine,
            predictions=self._located(model, config.predictions),
            timestamp=config.columns.timestamp,
            timestamp_zone=config.columns.zone,
            most_segment_values=config.max_segment_values,
        )
        return open_engine(request, self.environ)

    def _in_memory(self, model: LoadedModel) -> Ports:
        return Ports(
            predictions=self._predictions(model),
            labels=self._labels(model),
            references=lambda version: self._reference(model, version),
            artifacts=MemoryArtifacts(),
            measurements=MemoryMeasurements(),
            alerts=MemoryAlerts(),
            states=MemorySourceStates(),
            defaults=self.default_destinations,
            engine=self._profile_engine(model),
        )

    def _predictions(self, model: LoadedModel) -> Source:
        config = model.config
        return self._source(
            model, config.predictions, config.log_columns, config.columns.timestamp
        )

    def _labels(self, model: LoadedModel) -> Source | None:
        labels = model.config.labels
        if labels is None:
            return None
        wanted = (labels.prediction_id, labels.label, labels.known_at)
        columns = tuple(column for column in wanted if column is not None)
        return self._source(model, labels, columns, labels.known_at)

    def _reference(self, model: LoadedModel, version: str) -> Source:
        config = model.config
        label = config.label_column
        columns = tuple(dict.fromkeys([*config.columns_in_use, *filter(None, [label])]))
        settings = config.reference.versions[version]
        return self._source(model, settings, columns, config.columns.timestamp)

    def _source(
        self,
        model: LoadedModel,
        settings: SourceSettings,
        columns: tuple[str, ...],
        timestamp: str | None,
    ) -> Source:
        request = Request(
            settings=self._located(model, settings),
            columns=columns,
            timestamp=timestamp,
            timestamp_zone=model.config.columns.zone,
        )
        return open_source(request, self.environ)

    def _located(self, model: LoadedModel, settings: SourceSettings) -> SourceSettings:
        """Return settings whose path is absolute or a URL."""
        if settings.path is None:
            return settings
        return settings.model_copy(update={"path": model.located(settings.path)})
