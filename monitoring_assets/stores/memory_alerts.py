"""The `AlertStore` in memory, for tests and for backtests that must not touch a database."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitoring_assets.alerting.notification import Outcome, Spent
from monitoring_assets.alerting.routing import is_pager
from monitoring_assets.alerting.verdicts import history_of
from monitoring_assets.application.ports import RunInfo
from monitoring_assets.domain.decision import AuditEntry, Decision, TimedEvent
from monitoring_assets.domain.incident import Group, Incident, Silence
from monitoring_assets.domain.message import Act, Step
from monitoring_assets.domain.verdict import History, Subject, Verdict
from monitoring_assets.domain.window import Window
from monitoring_assets.stores.memory_outbox import MemoryOutbox


@dataclass(frozen=True, slots=True)
class Told:
    """An act that was enqueued, and when."""

    at: datetime
    model: str
    group_id: str
    destination: str
    step: Step


@dataclass(slots=True)
class MemoryAlerts:
    """Everything of all models, for one writer at a time.

    Attributes:
        revised: The verdicts that others took the place of.
        told: Every act that was ever enqueued.
    """

    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    judged: dict[tuple[str, Subject, str], tuple[Verdict, datetime]] = field(default_factory=dict)
    revised: list[Verdict] = field(default_factory=list)
    incidents: dict[str, Incident] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    happened: list[TimedEvent] = field(default_factory=list)
    digests: dict[int, str] = field(default_factory=dict)
    decisions: dict[tuple[str, str], Decision] = field(default_factory=dict)
    muted: dict[str, Silence] = field(default_factory=dict)
    entries: list[AuditEntry] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)

    @contextmanager
    def book(self, model: str) -> Iterator["MemoryBook"]:
        """Open the alerts of a model."""
        yield MemoryBook(self, model)

    def decided_keys(self, model: str, windows: Sequence[Window]) -> set[str]:
        """Return the keys of those windows that were decided."""
        return {w.key for w in windows if (model, w.key) in self.decisions}

    def last_decided(self, model: str) -> Window | None:
        """Return the newest window that was decided."""
        windows = (d.window for d in self.decisions.values() if d.model == model)
        return max(windows, default=None)

    def decision(self, model: str, window_key: str) -> Decision | None:
        """Return what was decided about a window."""
        return self.decisions.get((model, window_key))

    def find(self, model: str = "", incident_id: str = "") -> list[Incident]:
        """Return incidents: of a model, or those whose id begins so; all without either."""
        found = [
            i
            for i in self.incidents.values()
            if model in {"", i.model} and i.id.startswith(incident_id)
        ]
        return sorted(found, key=lambda i: (i.episode.opened, i.episode.subject, i.id))

    def group_of(self, group_id: str) -> Group | None:
        """Return a group, open or not."""
        return self.groups.get(group_id)

    def events(
        self, *, incident_id: str = "", group_id: str = "", digest: str = ""
    ) -> list[TimedEvent]:
        """Return what happened to an incident, in a group, or is told in a digest, in order."""
        return [
            timed
            for number, timed in enumerate(self.happened)
            if incident_id in {"", timed.event.incident_id}
            and group_id in {"", timed.event.group_id}
            and (not digest or self.digests.get(number) == digest)
        ]

    def verdicts(self, model: str, subject: Subject) -> list[Verdict]:
        """Return the newest verdicts about a subject, in order of time."""
        return sorted(
            (v for key, (v, _) in self.judged.items() if key[:2] == (model, subject)),
            key=lambda v: v.window,
        )

    def verdicts_of_window(self, model: str, window_key: str) -> list[Verdict]:
        """Return the newest verdicts of a window."""
        return sorted(
            (v for (m, _, key), (v, _) in self.judged.items() if (m, key) == (model, window_key)),
            key=lambda v: v.subject,
        )

    def digest(self, models: Mapping[str, str], now: datetime) -> list[str]:
        """Put what waits for the digest into one message per destination; return their names."""
        begun: dict[str, str] = {}
        before = {told.group_id for told in self.told}
        for number, timed in enumerate(self.happened):
            place = timed.event.destination
            if not place or timed.event.seq is not None or number in self.digests:
                continue
            name = f"digest/{place}/{models.get(timed.model)}"
            if timed.model in models and name not in before:
                self.digests[number], begun[name] = name, place
        for name, place in begun.items():
            self.put(now, "", name, place, Step(seq=1, act=Act.DIGEST))
        return list(begun)

    def silence(self, silence: Silence, entry: AuditEntry) -> None:
        """Store a silence, or its new end."""
        self.muted[silence.id] = silence
        self.entries.append(entry)

    def silences(self) -> list[Silence]:
        """Return all silences, the newest first."""
        return sorted(self.muted.values(), key=lambda s: s.starts_at, reverse=True)

    def audit(self, subject: str = "") -> list[AuditEntry]:
        """Return who did what, the newest last; only about one subject if given."""
        return [e for e in self.entries if subject in {"", e.subject}]

    def note(self, entry: AuditEntry) -> None:
        """Add a line to the audit."""
        self.entries.append(entry)

    def put(self, now: datetime, model: str, group_id: str, destination: str, step: Step) -> None:
        """Enqueue one act."""
        self.told.append(Told(now, model, group_id, destination, step))
        self.outbox.enqueue(group_id, destination, [step])


class MemoryBook:
    """The `AlertBook` in memory."""

    def __init__(self, store: MemoryAlerts, model: str) -> None:
        self._store = store
        self._model = model

    def judge(
        self, window: Window, verdicts: Sequence[Verdict], run: RunInfo, *, is_whole: bool
    ) -> bool:
        """Store the verdicts of a window; return False if a run that began later judged it."""
        judged = self._store.judged
        before = {
            key: stored
            for key, stored in judged.items()
            if key[0] == self._model
            and (stored[0].window.start == window.start or key[2] == window.key)
        }
        if any(began > run.began for _, began in before.values()):
            return False
        now = {(self._model, v.subject, window.key): v for v in verdicts}
        for key, (verdict, _) in before.items():
            if key in now and now[key] == verdict:
                continue
            if key in now or is_whole:
                self._store.revised.append(verdict)
                del judged[key]
            else:
                judged[key] = (verdict, run.began)
        judged |= {key: (verdict, run.began) for key, verdict in now.items()}
        return True

    def history(self) -> History:
        """Return what incidents depend on."""
        judged = self._store.judged.items()
        return history_of(v for (model, _, _), (v, _) in judged if model == self._model)

    def incidents(self) -> list[Incident]:
        """Return all incidents, in order of opening."""
        return self._store.find(self._model) if self._model else []

    def group(self) -> Group | None:
        """Return the open group."""
        own = [g for g in self._store.groups.values() if g.model == self._model]
        return next((g for g in own if g.resolved_at is None), None)

    def silences(self) -> list[Silence]:
        """Return the silences that may concern this model."""
        return [s for s in self._store.silences() if s.model in {"", self._model}]

    def judged_windows(self, baseline: str) -> int:
        """Return how many windows were judged with a version of the reference."""
        judged = self._store.judged.items()
        return len(
            {
                v.window.start
                for (model, _, _), (v, _) in judged
                if model == self._model
                and v.baseline == baseline
                and v.status in {"ok", "warn", "bad"}
            }
        )

    def spent(self, group: Group | None, now: datetime) -> Spent:
        """Return what was told lately."""
        day, week = now - timedelta(days=1), now - timedelta(days=7)
        told = self._store.told
        replies = {
            t.step.seq
            for t in told
            if group is not None
            and (t.group_id, t.step.act) == (group.id, Act.REPLY)
            and t.at > day
        }
        pages = [
            t.at
            for t in told
            if t.model == self._model and t.step.act is Act.OPEN and is_pager(t.destination)
        ]
        loud = [t for t in told if t.step.act in {Act.OPEN, Act.REPLY} and t.at > week]
        places = {t.destination for t in loud}
        return Spent(
            replies=len(replies),
            paged_at=max(pages, default=None),
            messages={p: sum(t.destination == p for t in loud) for p in places},
        )

    def record(self, decision: Decision, run: RunInfo) -> None:
        """Store what was decided about a window."""
        del run
        self._store.decisions[decision.model, decision.window.key] = decision

    def save(self, outcome: Outcome, now: datetime) -> None:
        """Store incidents, group and events, and enqueue the acts."""
        self._store.incidents |= {i.id: i for i in outcome.incidents}
        if outcome.group is not None:
            self._store.groups[outcome.group.id] = outcome.group
            for destination, step in outcome.steps:
                self._store.put(now, self._model, outcome.group.id, destination, step)
        self._store.happened += [
            TimedEvent(at=now, model=self._model, event=event) for event in outcome.events
        ]

    def note(self, entry: AuditEntry) -> None:
        """Add a line to the audit."""
        self._store.note(entry)
