"""From the verdicts of a window to stored incidents and waiting messages, in one transaction."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from monitoring_assets.alerting.incidents import fold
from monitoring_assets.alerting.lifecycle import follow
from monitoring_assets.alerting.notification import Outcome, Situation, notify, remind
from monitoring_assets.alerting.responses.registry import (
    RESPONSES,
    mode_of,
    silences_of,
    wanted,
)
from monitoring_assets.alerting.severity import severity_of
from monitoring_assets.alerting.verdicts import BAD, pipeline_verdict
from monitoring_assets.application.ports import AlertBook, AlertStore, RunInfo
from monitoring_assets.application.respond import over
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.config.responses import Mode
from monitoring_assets.domain.decision import AuditEntry, Decision
from monitoring_assets.domain.errors import ConfigurationError
from monitoring_assets.domain.incident import Incident, Resolution, Severity, Silence, State
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
        self,
        found: Mapping[Window, Sequence[Verdict]],
        run: RunInfo,
        *,
        is_backfill: bool,
    ) -> list[Decision]:
        """Take all verdicts of some windows into account at once; say what was decided and why.

        A run over many windows decides once: each fold reads the history again.
        """
        whole = {w: [*verdicts, pipeline_verdict(w)] for w, verdicts in found.items()}
        return self._decide(whole, run, is_backfill=is_backfill, is_whole=True)

    def fail(self, window: Window, error: str, run: RunInfo, *, is_backfill: bool) -> Decision:
        """Take into account that a window could not be monitored; `error` is one line of why."""
        verdict = pipeline_verdict(window, error)
        found = {window: [verdict]}
        return self._decide(found, run, is_backfill=is_backfill, is_whole=False)[0]

    def tend(self, now: datetime) -> Outcome:
        """Do what only time makes due: snoozes and silences that end, reminders."""
        return self.change(lambda incidents: incidents, now)

    def acknowledge(self, incident_id: str, actor: str, now: datetime) -> Incident:
        """Record that somebody takes care of an incident: no escalation, no reminder."""

        def act(incident: Incident) -> Incident:
            return replace(incident, state=State.ACKNOWLEDGED, acked_by=actor, acked_at=now)

        return self._act(
            incident_id,
            act,
            AuditEntry(
                at=now, actor=actor, action="ack", model=self.config.name, subject=incident_id
            ),
        )

    def snooze(self, incident_id: str, actor: str, until: datetime, now: datetime) -> Incident:
        """Let an incident be quiet until a time, or until it gets worse."""

        def act(incident: Incident) -> Incident:
            return replace(
                incident,
                state=State.SNOOZED,
                snooze_until=until,
                snooze_worst=incident.episode.worst,
            )

        return self._act(
            incident_id,
            act,
            AuditEntry(
                at=now,
                actor=actor,
                action="snooze",
                model=self.config.name,
                subject=incident_id,
                detail=f"until {until.isoformat()} or worse",
                undo=f"mlmon ack {incident_id}",
                expires_at=until,
            ),
        )

    def resolve(self, incident_id: str, actor: str, now: datetime) -> Incident:
        """Close an incident by hand; it stays closed for as long as its trouble lasts."""

        def act(incident: Incident) -> Incident:
            return replace(
                incident, state=State.RESOLVED, resolution=Resolution.MANUAL, resolved_at=now
            )

        return self._act(
            incident_id,
            act,
            AuditEntry(
                at=now, actor=actor, action="resolve", model=self.config.name, subject=incident_id
            ),
        )

    def silence(self, silence: Silence, now: datetime) -> None:
        """Let nobody be told of what opens in a time."""
        self.store.silence(
            silence,
            AuditEntry(
                at=now,
                actor=silence.created_by,
                action="silence",
                model=silence.model,
                subject=silence.id,
                detail=silence.reason,
                undo=f"mlmon silence --end {silence.id}",
                expires_at=silence.ends_at,
            ),
        )

    def _act(
        self, incident_id: str, act: Callable[[Incident], Incident], entry: AuditEntry
    ) -> Incident:
        changed: list[Incident] = []

        def on_one(incidents: list[Incident]) -> list[Incident]:
            found = next((i for i in incidents if i.id == incident_id and i.is_open), None)
            if found is None:
                raise ConfigurationError(
                    f"no open incident {incident_id}: `mlmon incidents` lists them"
                )
            changed.append(act(found))
            return [changed[0] if i is found else i for i in incidents]

        self.change(on_one, entry.at, entry)
        return changed[0]

    def change(
        self,
        changed: Callable[[list[Incident]], list[Incident]],
        now: datetime,
        entry: AuditEntry | None = None,
    ) -> Outcome:
        """Change incidents, and tell what follows from it; `entry` goes to the audit."""
        with self.store.book(self.config.name) as book:
            before = book.incidents()
            incidents = changed(before)
            newest = self._newest(before)
            situation = self._situation(book, incidents, newest, now, is_sweep=True)
            outcome = _reminded(situation, notify(situation, before, incidents))
            book.save(outcome, now)
            if entry is not None:
                book.note(entry)
        return outcome

    def _decide(
        self,
        found: Mapping[Window, Sequence[Verdict]],
        run: RunInfo,
        *,
        is_backfill: bool,
        is_whole: bool,
    ) -> list[Decision]:
        now = run.computed_at
        with self.store.book(self.config.name) as book:
            taken = {w: book.judge(w, v, run, is_whole=is_whole) for w, v in found.items()}
            if not any(taken.values()):
                return [_superseded(self.config, w, v) for w, v in found.items()]
            before = book.incidents()
            incidents = follow(self.config, before, fold(self.config, book.history()), now)
            situation = self._situation(
                book, incidents, max(found).key, now, is_backfill=is_backfill
            )
            outcome = notify(situation, before, incidents)
            decisions = []
            for window, verdicts in found.items():
                if taken[window]:
                    decisions.append(decided(self.config, window, verdicts, outcome))
                    book.record(decisions[-1], run)
                else:
                    decisions.append(_superseded(self.config, window, verdicts))
            book.save(outcome, now)
        return decisions

    def _situation(
        self,
        book: AlertBook,
        incidents: Sequence[Incident],
        window_key: str,
        now: datetime,
        *,
        is_backfill: bool = False,
        is_sweep: bool = False,
    ) -> Situation:
        group = book.group()
        return Situation(
            config=self.config,
            now=now,
            window_key=window_key,
            new_group_id=str(uuid5(_NAMESPACE, f"{self.config.name}\x1f{now.isoformat()}")),
            is_backfill=is_backfill,
            is_sweep=is_sweep,
            group=group,
            silences=[*book.silences(), *self._muted(incidents, now)],
            judged=book.judged_windows(self.config.reference.active),
            spent=book.spent(group, now),
            defaults=self.defaults,
        )

    def _muted(self, incidents: Sequence[Incident], now: datetime) -> list[Silence]:
        """Return what responses that are on mute, before anybody is told."""
        if not any(mode_of(self.config, name) is Mode.ON for name in RESPONSES):
            return []
        ended = over(self.store.audit())
        return silences_of(self.config, wanted(self.config, incidents, now, ended))

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
    bad = {v.subject for v in failing if v.status in BAD}
    about = [i for i in outcome.incidents if i.episode.subject in bad and _lasts(i, window)]
    ids = {i.id for i in about}
    told = tuple(e.line for e in outcome.events if e.seq is not None and e.incident_id in ids)
    return Decision(
        model=config.name,
        window=window,
        status=worst(v.status for v in verdicts),
        reason=_reason(failing, len(bad), told, about),
        failing=tuple(dict.fromkeys(f"{v.subject.check}: {v.reason}" for v in ranked)),
        told=told,
    )


def _lasts(incident: Incident, window: Window) -> bool:
    return incident.episode.first.start <= window.start <= incident.episode.last.start


def _reason(
    failing: Sequence[Verdict], bad: int, told: Sequence[str], about: Sequence[Incident]
) -> str:
    if told:
        more = f" and {len(told) - 1} more" if len(told) > 1 else ""
        return f"told: {told[0]}{more}"
    if not failing:
        return "nothing fails"
    if not bad:
        return "what fails only warns"
    notes = dict.fromkeys(_note(i) for i in about)
    if len({i.episode.subject for i in about}) < bad:
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
