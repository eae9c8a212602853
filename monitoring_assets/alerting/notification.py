"""Who is told now, of what, and why (not): the one part of alerting that looks at the clock.

It sees all incidents of a model at once. There is one group (a thread, a page) per model while
anything that was told is open; what must not wake anybody waits for the digest.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitoring_assets.alerting.causes import explain
from monitoring_assets.alerting.routing import destinations, digest_place, is_pager
from monitoring_assets.alerting.sentences import ending, line, spoken
from monitoring_assets.alerting.severity import is_worse, most_serious, one_more
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.incident import (
    Event,
    Group,
    Incident,
    Severity,
    Silence,
    State,
)
from monitoring_assets.domain.measurement import Kind
from monitoring_assets.domain.message import Act, Step
from monitoring_assets.domain.window import Every
from monitoring_assets.evaluation.labels import LABELS

BACKFILL = "a backfill tells nobody"
_PASSED = "it was over when it was found"
# Why somebody is not told now, and may be later though no window is decided.
_LAPSING = ("silenced", "snoozed", "budget")
_WARM_UP = {Every.DAY: 7, Every.HOUR: 48}
# Told from the first window on: no reference is needed to see them.
_CERTAIN = {Kind.NO_DATA, Kind.SCHEMA, Kind.PIPELINE}
_ESCALATING = {Kind.QUALITY, Kind.PREDICTION_DRIFT}
# Told again in its thread when it is so much further beyond the threshold than when it was told.
_MUCH_WORSE = 2.0


Steps = tuple[tuple[str, Step], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a model and its destinations were told lately.

    Attributes:
        replies: Replies in the open group within the last day.
        paged_at: When a page of this model was last opened.
        messages: Threads and replies of all models within a week, by destination.
    """

    replies: int = 0
    paged_at: datetime | None = None
    messages: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a notification depends on besides the incidents.

    Attributes:
        window_key: The window that is decided, the newest one in a sweep.
        new_group_id: The name of a group, should one be opened.
        is_backfill: Whether history is being made up for; then nobody is told.
        is_sweep: Whether no window was decided, and only time has passed.
        group: The open group, None while nothing is open.
        judged: How many windows were judged with the active reference.
        defaults: Which of `slack` and `pagerduty` the environment offers.
    """

    config: ModelConfig
    now: datetime
    window_key: str
    new_group_id: str
    is_backfill: bool = False
    is_sweep: bool = False
    group: Group | None = None
    silences: Sequence[Silence] = ()
    judged: int = 0
    spent: Spent = Spent()
    defaults: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is stored and told.

    Attributes:
        incidents: All incidents, with their notes.
        group: The group, open or just resolved; None where there is none.
        steps: Destination and act, in order.
        events: What happened, for the thread, the digest and whoever asks later.
    """

    incidents: tuple[Incident, ...]
    group: Group | None = None
    steps: Steps = ()
    events: tuple[Event, ...] = ()


def remind(situation: Situation, incidents: Iterable[Incident]) -> tuple[Group, Steps] | None:
    """Return the reminder of a page that nobody acknowledged, None while there is no need."""
    group, every = situation.group, situation.config.alerts.remind_every
    waiting = [
        i
        for i in incidents
        if i.was_told
        and i.severity is Severity.PAGE
        and i.state in {State.NOTIFIED, State.ESCALATED}
    ]
    if group is None or not waiting or not every:
        return None
    if situation.now - (group.reminded_at or group.opened_at) < every:
        return None
    step = Step(seq=group.last_seq + 1, act=Act.REMINDER)
    steps = tuple((d, step) for d in group.destinations if not is_pager(d))
    return replace(group, last_seq=step.seq, reminded_at=situation.now), steps


def notify(
    situation: Situation, before: Iterable[Incident], incidents: Iterable[Incident]
) -> Outcome:
    """Decide what is told, given the incidents as they were and as they are."""
    passage = _Passage(situation=situation, before={i.id: i for i in before})
    return passage.outcome(list(incidents))


@dataclass(slots=True, kw_only=True)
class _Passage:
    situation: Situation
    before: Mapping[str, Incident]
    events: list[Event] = field(default_factory=list)

    @property
    def config(self) -> ModelConfig:
        return self.situation.config

    def outcome(self, incidents: list[Incident]) -> Outcome:
        incidents = self.explained(incidents)
        worse = [self.followed(i) for i in incidents]
        held = {i.id: self.why_not(i) for i in worse if i.is_open and not i.was_told}
        opening = [i for i in worse if held.get(i.id) == ""]
        held |= self.over_budget(opening, worse)
        seq = self.situation.group.last_seq + 1 if self.situation.group else 1
        group_id = self.situation.group.id if self.situation.group else self.situation.new_group_id
        told = [
            self.announced(i, group_id, seq)
            if held.get(i.id) == ""
            else self.kept(i, held.get(i.id))
            for i in worse
        ]
        self.events += [
            self.event(i, "resolved", ending(i), group_id=i.group_id)
            for i in told
            if i.was_told and not i.is_open and self.was_open(i)
        ]
        return self.grouped(told, group_id, seq)

    # -- every incident by itself ------------------------------------------------------------

    def explained(self, incidents: list[Incident]) -> list[Incident]:
        causes = explain([i for i in incidents if i.is_open])
        return [
            i if i.hidden_by == (cause := causes.get(i.id, "")) else replace(i, hidden_by=cause)
            for i in incidents
        ]

    def followed(self, incident: Incident) -> Incident:
        """Return a told incident with what its course changes: escalated, or snoozed no more."""
        if not incident.is_open or not incident.was_told:
            return incident
        before = self.before.get(incident.id, incident)
        if self.is_neglected(incident):
            incident = replace(incident, severity=one_more(incident.severity))
        if is_worse(incident.severity, before.severity):
            return replace(
                incident,
                state=State.ESCALATED,
                acked_by="",
                acked_at=None,
                snooze_until=None,
                snooze_worst=None,
            )
        if incident.state is State.SNOOZED and self.is_snooze_over(incident):
            return replace(incident, state=State.NOTIFIED, snooze_until=None, snooze_worst=None)
        return incident

    def is_neglected(self, incident: Incident) -> bool:
        after = self.config.alerts.escalate_after
        return (
            after > 0
            and incident.severity is Severity.TICKET
            and incident.episode.kind in _ESCALATING
            and incident.state is State.NOTIFIED
            and incident.episode.bad - incident.told_bad >= after
        )

    def is_snooze_over(self, incident: Incident) -> bool:
        until, worst = incident.snooze_until, incident.snooze_worst
        is_late = until is None or until <= self.situation.now
        return is_late or (worst is not None and incident.episode.worst > worst)

    def why_not(self, incident: Incident) -> str:
        """Return why nobody is told of an open incident by itself, empty where somebody is."""
        s = self.situation
        if s.is_sweep and not incident.note.startswith(_LAPSING):
            return incident.note
        if incident.hidden_by:
            return "it is a consequence of another incident, which hides it"
        if s.is_backfill:
            return BACKFILL
        if (age := s.now - incident.episode.last.end) > self.longest_age(incident):
            return f"the window ended {spoken(age)} ago, too long to alert"
        if incident.episode.oks:
            return "it is recovering: the newest window is ok"
        if incident.severity is Severity.INFO:
            return "incidents of severity info are in the digest only"
        if (needed := self.warm_up()) > s.judged and incident.episode.kind not in _CERTAIN:
            return f"warm-up: {s.judged} of {needed} windows are judged, it would have been told"
        if why := silenced(s.silences, incident, s.now):
            return why
        if incident.state is State.SNOOZED and not self.is_snooze_over(incident):
            return "snoozed"
        return ""

    def longest_age(self, incident: Incident) -> timedelta:
        """Return how old a window may be; verdicts on labels come as late as the labels do."""
        last, usual = incident.episode.last, self.config.alerts.max_age
        if usual is None:
            usual = max(timedelta(hours=6), 2 * (last.end - last.start))
        kind, check = incident.episode.kind, incident.episode.subject.check
        waits = kind is Kind.PERFORMANCE or check == LABELS
        return usual + self.config.performance.complete_after if waits else usual

    def warm_up(self) -> int:
        own = self.config.alerts.warm_up
        return _WARM_UP[self.config.cadence.every] if own is None else own

    # -- all of them together ----------------------------------------------------------------

    def over_budget(
        self, opening: Sequence[Incident], incidents: Sequence[Incident]
    ) -> dict[str, str]:
        """Return why tickets wait for the digest: enough was said. A page is never held back."""
        tickets = [i for i in opening if i.severity is not Severity.PAGE]
        if len(tickets) < len(opening):  # a message goes out anyway, and it may tell them all
            return {}
        settings, spent = self.config.alerts, self.situation.spent
        is_thread = any(i.is_open and i.was_told for i in incidents)
        if is_thread and spent.replies >= settings.replies_per_day:
            why = f"budget reached: {spent.replies} replies in a day; the rest is in the digest"
            return {i.id: why for i in tickets}
        full = {d for d, n in spent.messages.items() if n >= settings.messages_per_week}
        return {
            i.id: f"budget of {', '.join(sorted(full))} reached; the rest is in the digest"
            for i in tickets
            if full.intersection(self.places(i))
        }

    def announced(self, incident: Incident, group_id: str, seq: int) -> Incident:
        self.tell(incident, "opened", group_id, seq)
        return replace(
            incident,
            state=State.NOTIFIED,
            note="told",
            group_id=group_id,
            told_at=self.situation.now,
            told_bad=incident.episode.bad,
            told_worst=incident.episode.worst,
        )

    def kept(self, incident: Incident, note: str | None) -> Incident:
        """Return an incident that is not announced now, with the reason; new ones are noted."""
        is_new = incident.id not in self.before or (
            incident.is_open and not self.was_open(incident)
        )
        if note is None:
            if is_new and not incident.is_open:
                note = BACKFILL if self.situation.is_backfill else _PASSED
                self.quiet(incident, "passed", note)
            return incident if note is None else replace(incident, note=note)
        if is_new:
            self.quiet(incident, "quiet", note)
        return replace(incident, note=note)

    def quiet(self, incident: Incident, what: str, note: str) -> None:
        """Note what nobody is told of at once; the digest tells it unless somebody silenced it."""
        is_told_later = not incident.hidden_by and not note.startswith(("silenced", "snoozed"))
        place = digest_place(self.config.alerts, incident, self.situation.defaults)
        if self.situation.is_backfill:
            what = "backfill"
        self.events.append(
            self.event(incident, what, line(incident), destination=place if is_told_later else "")
        )

    def was_open(self, incident: Incident) -> bool:
        before = self.before.get(incident.id)
        return before is not None and before.is_open

    def places(self, incident: Incident) -> tuple[str, ...]:
        return destinations(self.config.alerts, incident, self.situation.defaults)

    def tell(self, incident: Incident, what: str, group_id: str, seq: int) -> None:
        self.events.append(self.event(incident, what, line(incident), group_id=group_id, seq=seq))

    def event(
        self,
        incident: Incident,
        what: str,
        text: str,
        *,
        group_id: str = "",
        seq: int | None = None,
        destination: str = "",
    ) -> Event:
        return Event(
            incident_id=incident.id,
            window_key=self.situation.window_key,
            what=what,
            line=text,
            severity=incident.severity,
            group_id=group_id,
            seq=seq,
            destination=destination,
        )

    # -- the group ---------------------------------------------------------------------------

    def grouped(self, incidents: list[Incident], group_id: str, seq: int) -> Outcome:
        """Return what is said where: what is new, an edit of the root, or the end of it all."""
        incidents = [self.told_again(i, group_id, seq) for i in incidents]
        group = self.situation.group
        speaking = {e.incident_id for e in self.events if e.seq == seq and e.group_id == group_id}
        current = [i for i in incidents if i.is_open and i.was_told]
        known = set(group.destinations) if group else set()
        wanted = dict.fromkeys(place for i in current for place in self.places(i))
        missing = [d for d in wanted if d not in known]
        opened = [d for d in missing if not self.is_held_back(d)]
        if not opened and not known.intersection(wanted):
            opened = missing  # what is told nowhere else is never held back
        closed = [d for d in (group.destinations if group else ()) if d not in wanted]
        if opened and not speaking:  # a page that was held back
            for incident in current:
                if set(opened).intersection(self.places(incident)):
                    self.tell(incident, "paged", group_id, seq)
        heard = {d for i in current if i.id in speaking for d in self.places(i)}
        steps = [(d, Step(seq=seq, act=Act.OPEN)) for d in opened]
        steps += [(d, Step(seq=seq, act=Act.REPLY)) for d in sorted(known & heard)]
        steps += [(d, Step(seq=seq, act=Act.RESOLVE)) for d in closed]
        if self.has_changed(incidents):
            staying = [d for d in sorted(known) if d in wanted]
            steps += [(d, Step(seq=seq + 1, act=Act.EDIT)) for d in staying]
        if group is None and not opened:
            return Outcome(incidents=tuple(incidents), events=tuple(self.events))
        return Outcome(
            incidents=tuple(incidents),
            group=self.next_group(
                group,
                group_id,
                current,
                [*(known - set(closed)), *opened],
                seq + 1 if steps else seq - 1,
                is_speaking=bool(speaking),
            ),
            steps=tuple(steps),
            events=tuple(self.events),
        )

    def next_group(
        self,
        group: Group | None,
        group_id: str,
        current: Sequence[Incident],
        places: Sequence[str],
        last_seq: int,
        *,
        is_speaking: bool,
    ) -> Group:
        now = self.situation.now
        if group is None:
            group = Group(
                id=group_id, model=self.config.name, severity=Severity.INFO, opened_at=now
            )
        return replace(
            group,
            severity=most_serious(group.severity, *(i.severity for i in current)),
            destinations=tuple(sorted(places)),
            last_seq=last_seq,
            reminded_at=now if is_speaking else group.reminded_at,
            resolved_at=None if current else now,
        )

    def told_again(self, incident: Incident, group_id: str, seq: int) -> Incident:
        """Return a told incident, told once more in its thread where it became much worse."""
        before = self.before.get(incident.id)
        if before is None or not (before.was_told and incident.was_told and incident.is_open):
            return incident
        worst, told = incident.episode.worst, incident.told_worst
        if incident.state is State.ESCALATED and before.state is not State.ESCALATED:
            what = "escalated"
        elif incident.state is State.NOTIFIED and before.state is State.SNOOZED:
            what = "snooze ended"
        elif incident.state in {State.NOTIFIED, State.ESCALATED} and worst + 1 >= _MUCH_WORSE * (
            told + 1
        ):
            what = "worse"
        else:
            return incident
        self.tell(incident, what, group_id, seq)
        return replace(incident, told_worst=worst)

    def has_changed(self, incidents: Iterable[Incident]) -> bool:
        """Return whether the root message says something else than before."""
        shown = [i for i in incidents if i.group_id or i.hidden_by or i.id in self.before]
        return any(
            (before := self.before.get(i.id)) is None
            or (before.episode, before.state, before.severity, before.hidden_by)
            != (i.episode, i.state, i.severity, i.hidden_by)
            for i in shown
        )

    def is_held_back(self, destination: str) -> bool:
        """Return whether a page must wait, since this model had one a short time ago."""
        paged = self.situation.spent.paged_at
        return (
            is_pager(destination)
            and paged is not None
            and self.situation.now - paged < self.config.alerts.page_every
        )


def silenced(silences: Iterable[Silence], incident: Incident, now: datetime) -> str:
    """Return which silence is in force for an incident, empty where none is."""
    for s in silences:
        if covers(s, incident, now):
            return f"silenced by {s.created_by} until {s.ends_at:%Y-%m-%d %H:%M}: {s.reason}"
    return ""


def covers(silence: Silence, incident: Incident, now: datetime) -> bool:
    """Return whether a silence is in force for an incident."""
    subject = incident.episode.subject
    wanted = (
        (silence.model, incident.model),
        (silence.kind, str(incident.episode.kind)),
        (silence.column, subject.column),
        (silence.segment, subject.segment),
    )
    return silence.starts_at <= now < silence.ends_at and all(
        not want or want == own for want, own in wanted
    )
