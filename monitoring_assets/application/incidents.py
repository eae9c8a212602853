"""From the verdicts of a window to stored incidents and waiting messages, in one transaction."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from monitoring_assets.alerting.incidents import fold
from monitoring_assets.alerting.lifecycle import follow
from monitoring_assets.alerting.notification import Outcome, Situation, notify, remind
from monitoring_assets.alerting.severity import severity_of
from monitoring_assets.alerting.verdicts import BAD, pipeline_verdict
from monitoring_assets.application.ports import AlertBook, AlertStore, RunInfo
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.decision import Decision
from monitoring_assets.domain.incident import Incident, Severity
from monitoring_assets.domain.measurement import worst
from monitoring_assets.domain.verdict import Verdict
from monitoring_assets.domain.window import Window

_NAMESPACE = UUID("7a3c1c52-8f0b-5b83-9d55-0b4c6f1f2e66")
SUPERSEDED = "a run that began later has judged this window; this one changes nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """The alerts of one model.

    Attributes:
        config: The model.
        store: Where they are kept.
        defaults: Which of `slack` and `pagerduty` the environment offers.
    """

    config: ModelConfig
    store: AlertStore
    defaults: Collection[str] = ()

    def decide(
        self, window: Window, verdicts: Sequence[Verdict], run: RunInfo, *, is_backfill: bool
    ) -> Decision:
        """Take all verdicts of a window into account; say what was decided and why."""
        whole = [*verdicts, pipeline_verdict(window)]
        return self._decide(window, whole, run, is_backfill=is_backfill, is_whole=True)

    def fail(self, window: Window, error: str, run: RunInfo, *, is_backfill: bool) -> Decision:
        """Take into account that a window could not be monitored; `error` is one line of why."""
        verdict = pipeline_verdict(window, error)
        return self._decide(window, [verdict], run, is_backfill=is_backfill, is_whole=False)

    def tend(self, now: datetime) -> Outcome:
        """Do what only time makes due: snoozes and silences that end, reminders."""
        return self.change(lambda incidents: incidents, now)

    def change(
        self, changed: Callable[[list[Incident]], list[Incident]], now: datetime
    ) -> Outcome:
        """Change incidents, and tell what follows from it."""
        with self.store.book(self.config.name) as book:
            before = book.incidents()
            situation = self._situation(book, self._newest(before), now, is_backfill=False)
            outcome = _reminded(situation, notify(situation, before, changed(before)))
            book.save(outcome, now)
        return outcome

    def _decide(
        self,
        window: Window,
        verdicts: Sequence[Verdict],
        run: RunInfo,
        *,
        is_backfill: bool,
        is_whole: bool,
    ) -> Decision:
        now = run.computed_at
        with self.store.book(self.config.name) as book:
            if not book.judge(window, verdicts, run, is_whole=is_whole):
                return _superseded(self.config, window, verdicts)
            before = book.incidents()
            incidents = follow(self.config, before, fold(self.config, book.history()), now)
            situation = self._situation(book, window.key, now, is_backfill=is_backfill)
            outcome = notify(situation, before, incidents)
            decision = decided(self.config, window, verdicts, outcome)
            book.record(decision, run)
            book.save(outcome, now)
        return decision

    def _situation(
        self, book: AlertBook, window_key: str, now: datetime, *, is_backfill: bool
    ) -> Situation:
        group = book.group()
        return Situation(
            config=self.config,
            now=now,
            window_key=window_key,
            new_group_id=str(uuid5(_NAMESPACE, f"{self.config.name}\x1f{now.isoformat()}")),
            is_backfill=is_backfill,
            group=group,
            silences=book.silences(),
            judged=book.judged_windows(self.config.reference.active),
            spent=book.spent(group, now),
            defaults=self.defaults,
        )

    def _newest(self, incidents: Sequence[Incident]) -> str:
        window = max((i.episode.last for i in incidents), default=None)
        return window.key if window else ""


def _reminded(situation: Situation, outcome: Outcome) -> Outcome:
    group = outcome.group or situation.group
    if group is None or group.resolved_at is not None:
        return outcome
    reminder = remind(replace(situation, group=group), outcome.incidents)
    if reminder is None:
        return outcome
    return replace(outcome, group=reminder[0], steps=(*outcome.steps, *reminder[1]))


def _superseded(config: ModelConfig, window: Window, verdicts: Sequence[Verdict]) -> Decision:
    return Decision(
        model=config.name,
        window=window,
        status=worst(v.status for v in verdicts),
        reason=SUPERSEDED,
        is_superseded=True,
    )


def decided(
    config: ModelConfig, window: Window, verdicts: Sequence[Verdict], outcome: Outcome
) -> Decision:
    """Return what was decided about a window: what fails, who was told, or why nobody was."""
    failing = [v for v in verdicts if v.status.is_failing]
    order = list(Severity)
    ranked = sorted(failing, key=lambda v: order.index(severity_of(config, v.kind)))
    told = tuple(e.line for e in outcome.events if e.seq is not None)
    return Decision(
        model=config.name,
        window=window,
        status=worst(v.status for v in verdicts),
        reason=_reason(failing, told, outcome.incidents),
        failing=tuple(dict.fromkeys(f"{v.subject.check}: {v.reason}" for v in ranked)),
        told=told,
    )


def _reason(failing: Sequence[Verdict], told: Sequence[str], incidents: Sequence[Incident]) -> str:
    if told:
        more = f" and {len(told) - 1} more" if len(told) > 1 else ""
        return f"told: {told[0]}{more}"
    if not failing:
        return "nothing fails"
    bad = {v.subject for v in failing if v.status in BAD}
    if not bad:
        return "what fails only warns"
    lasting = [i for i in incidents if i.is_open and i.episode.subject in bad]
    notes = dict.fromkeys(_note(i) for i in lasting)
    if len(lasting) < len(bad):
        notes["it has not lasted long enough to be an incident"] = None
    return "; ".join(notes)


def _note(incident: Incident) -> str:
    return "told before, its thread is updated" if incident.was_told else incident.note


def due_digests(configs: Mapping[str, ModelConfig], now: datetime) -> Mapping[str, str]:
    """Return for each model the newest time of its digest that has passed, by its name."""
    return {name: _digest_time(config, now) for name, config in configs.items()}


def _digest_time(config: ModelConfig, now: datetime) -> str:
    local = now.astimezone(config.cadence.windows.zone)
    hour = config.alerts.digest_hour
    day = local.date() if local.hour >= hour else local.date() - timedelta(days=1)
    return f"{day}T{hour:02}"
