"""A model whose verdicts a test makes up day by day, with everything in memory."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from monitoring_assets.alerting.notification import Outcome
from monitoring_assets.application.incidents import Alerts
from monitoring_assets.application.messages import GroupMessages
from monitoring_assets.application.ports import RunInfo
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.decision import Decision
from monitoring_assets.domain.incident import Incident, State
from monitoring_assets.domain.measurement import Kind, Status
from monitoring_assets.domain.message import Act, Link, Message
from monitoring_assets.domain.verdict import Verdict
from monitoring_assets.stores.memory import MemoryMeasurements
from monitoring_assets.stores.memory_alerts import MemoryAlerts
from monitoring_assets_tests.alerting.verdicts import model, verdict, window

HOUR = timedelta(hours=1)
SLACK, PAGER = "slack", "pagerduty"


def bad(kind: Kind = Kind.QUALITY, **changed: object) -> Verdict:
    return verdict(kind, **changed)


def ok(kind: Kind = Kind.QUALITY, **changed: object) -> Verdict:
    return verdict(kind, Status.OK, **changed)


@dataclass
class Course:
    """The days of one model, each decided an hour after its end unless a test says otherwise."""

    settings: dict = field(default_factory=dict)
    store: MemoryAlerts = field(default_factory=MemoryAlerts)
    runs: int = 0
    active: str = "v1"

    @property
    def config(self) -> ModelConfig:
        versions = {"v1": {"path": "v1.parquet"}, "v2": {"path": "v2.parquet"}}
        return model(
            alerts={"warm_up": 0, **self.settings},
            reference={"active": self.active, "versions": versions},
        )

    @property
    def alerts(self) -> Alerts:
        return Alerts(config=self.config, store=self.store, defaults={SLACK, PAGER})

    @property
    def messages(self) -> GroupMessages:
        return GroupMessages(
            store=self.store,
            measurements=MemoryMeasurements(),
            configs={"churn": self.config},
            links=lambda name, key: (Link(label="Dagster", url=f"http://ui/{name}/{key}"),),
        )

    def now(self, day: int, after: timedelta = HOUR):
        return window(day).end + after

    def decide(
        self,
        day: int,
        *verdicts: Verdict,
        after: timedelta = HOUR,
        is_backfill: bool = False,
        began: timedelta | None = None,
    ) -> Decision:
        self.runs += 1
        run = RunInfo(
            run_id=f"run-{self.runs}",
            computed_at=self.now(day, after),
            started_at=None if began is None else window(day).end + began,
        )
        about = [replace(v, window=window(day)) for v in verdicts]
        return self.alerts.decide({window(day): about}, run, is_backfill=is_backfill)[0]

    def fail(self, day: int, *, is_backfill: bool = False) -> Decision:
        run = RunInfo(run_id="failed", computed_at=self.now(day))
        return self.alerts.fail(window(day), "out of memory", run, is_backfill=is_backfill)

    def tend(self, day: int, after: timedelta = HOUR) -> Outcome:
        return self.alerts.tend(self.now(day, after))

    @property
    def incidents(self) -> list[Incident]:
        return self.store.find("churn")

    @property
    def states(self) -> list[State]:
        return [i.state for i in self.incidents]

    def acts(self, destination: str = SLACK) -> list[Act]:
        """Return what was told at a destination, edits left out."""
        return [
            t.step.act
            for t in self.store.told
            if t.destination == destination and t.step.act is not Act.EDIT
        ]

    def said(self, destination: str = SLACK, *, act: Act | None = None) -> Message | None:
        """Return what the last act at a destination says now."""
        told = [
            t
            for t in self.store.told
            if t.destination == destination and act in {None, t.step.act}
        ][-1]
        return self.messages.message(
            told.group_id,
            told.step.act,
            told.step.seq,
            destination=destination,
            may_have_arrived=False,
        )
