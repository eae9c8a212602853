"""Models whose windows are judged all the time, through the product's own decisions and stores.

Verdicts are made up; what follows from them (incidents, groups, words) is not. When it is killed
belongs to `chaos`.
"""
# ruff: noqa: S311

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

import sqlalchemy as sa

from monitoring_assets.application.incidents import Alerts
from monitoring_assets.application.messages import GroupMessages
from monitoring_assets.application.ports import RunInfo
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.errors import StoreUnavailableError
from monitoring_assets.domain.measurement import Kind, Status
from monitoring_assets.domain.verdict import Subject, Verdict
from monitoring_assets.domain.window import Window
from monitoring_assets.stores.alerts import PostgresAlerts, PostgresBook
from monitoring_assets.stores.measurements import PostgresMeasurements

START = date(2020, 1, 1)
_JUDGED_ANEW, _EMPTY, _LIMIT = 0.15, 0.06, 0.1
# So many windows in a row are alike, so that incidents open and recover.
_ALIKE = 4
_SCORES = (0.02, 0.3)


class MortalAlerts(PostgresAlerts):
    """The store of alerts, which is told of the points where a crash would matter."""

    def __init__(self, engine: sa.Engine, reached: Callable[[str], None]) -> None:
        super().__init__(engine)
        self._reached = reached

    @contextmanager
    def book(self, model: str) -> Iterator[PostgresBook]:
        """Open the alerts of a model, and stop for a moment before they are committed."""
        with super().book(model) as book:
            self._reached("deciding")
            yield book
            self._reached("enqueued")
        self._reached("committed")


@dataclass(slots=True)
class Decider:
    """Judges windows of some models until its process is killed."""

    engine: Callable[[], sa.Engine]
    models: tuple[ModelConfig, ...]
    seed: int

    def run(self, reached: Callable[[str], None]) -> None:
        """Decide about one window after the other, now and then about one for a second time."""
        random = Random(self.seed + os.getpid())
        store = MortalAlerts(self.engine(), reached)
        while True:
            with suppress(StoreUnavailableError):
                config = random.choice(self.models)
                window = _next_window(config, store, random)
                alerts = Alerts(config=config, store=store, defaults={"slack", "pagerduty"})
                run = RunInfo(
                    run_id=str(os.getpid()),
                    computed_at=window.end + timedelta(hours=1),
                    started_at=datetime.now(UTC),
                )
                alerts.decide({window: _verdicts(window, random)}, run, is_backfill=False)
            time.sleep(random.uniform(0.05, 0.2))


def model(name: str, channel: str) -> ModelConfig:
    """Return a model that pages and writes to a channel of its own."""
    return ModelConfig.model_validate(
        {
            "name": name,
            "task": "binary",
            "owner": "team:rehearsal",
            "cadence": {"start": START},
            "predictions": {"path": "log"},
            "reference": {"active": "v1", "versions": {"v1": {"path": "reference.parquet"}}},
            "columns": {"timestamp": "at", "prediction": "p", "label": "truth"},
            "features": {"x": "numeric"},
            "alerts": {"warm_up": 0, "slack_channel": channel},
        }
    )


def words(engine: sa.Engine, models: tuple[ModelConfig, ...]) -> GroupMessages:
    """Return what messages about these models say."""
    return GroupMessages(
        store=PostgresAlerts(engine),
        measurements=PostgresMeasurements(engine),
        configs={config.name: config for config in models},
        links=lambda _model, _window: (),
    )


def _next_window(config: ModelConfig, store: PostgresAlerts, random: Random) -> Window:
    cadence, last = config.cadence.windows, store.last_decided(config.name)
    if last is None:
        return cadence.first()
    is_anew = random.random() < _JUDGED_ANEW
    return last if is_anew else cadence.containing(last.end)


def _verdicts(window: Window, random: Random) -> list[Verdict]:
    score = Random(window.start.toordinal() // _ALIKE).choice(_SCORES) * random.uniform(0.9, 1.1)
    has_rows = Status.BAD if random.random() < _EMPTY else Status.OK
    return [
        Verdict(
            subject=Subject(check="has_rows"),
            window=window,
            kind=Kind.NO_DATA,
            status=has_rows,
            n=100,
            baseline="v1",
            reason="there are no rows" if has_rows is Status.BAD else "",
        ),
        Verdict(
            subject=Subject(check="performance"),
            window=window,
            kind=Kind.PERFORMANCE,
            status=Status.BAD if score > _LIMIT else Status.OK,
            n=100,
            metric="brier",
            score=score,
            threshold=_LIMIT,
            recovery=_LIMIT * 0.75,
            baseline="v1",
            reason=f"{score:.3f} is above {_LIMIT}" if score > _LIMIT else "",
        ),
    ]
