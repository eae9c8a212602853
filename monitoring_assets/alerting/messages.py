"""What a message says: composed from the state of a group at the moment when it is sent.

How it looks in a channel, and that foreign words are harmless there, belongs to `notifiers`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from monitoring_assets.alerting.sentences import (
    ending,
    lasted,
    line,
    next_step,
    number,
    sentence,
    subject_of,
)
from monitoring_assets.config.model import ModelConfig, SourceSettings
from monitoring_assets.domain.decision import TimedEvent
from monitoring_assets.domain.evaluation import Evaluation
from monitoring_assets.domain.incident import Group, Incident, Severity, State
from monitoring_assets.domain.measurement import Kind, Measurement, Status
from monitoring_assets.domain.message import Act, Link, Message
from monitoring_assets.evaluation.labels import LABELS

MOST_LINES = 8
_ORDER = list(Severity)
_SYMPTOMS = {Kind.PERFORMANCE, Kind.PREDICTION_DRIFT, Kind.ESTIMATED_PERFORMANCE}
_WORDS = {
    "escalated": "is more serious now",
    "worse": "got worse",
    "snooze ended": "lasts, and its snooze has ended",
    "paged": "is still open",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Everything that messages of a group are made of.

    Attributes:
        told: The incidents of the group that were told.
        hidden: Open incidents that those explain.
        evaluations: What was measured in the last bad window of the leading incident.
        links: Where a reader sees more of that window.
    """

    config: ModelConfig
    group: Group
    told: Sequence[Incident]
    hidden: Sequence[Incident] = ()
    evaluations: Sequence[Evaluation] = ()
    links: tuple[Link, ...] = ()

    @property
    def current(self) -> list[Incident]:
        """Return what lasts, the most serious first."""
        return ranked(i for i in self.told if i.is_open)

    @property
    def ended(self) -> list[Incident]:
        """Return what is over, the most serious first."""
        return ranked(i for i in self.told if not i.is_open)

    @property
    def lead(self) -> Incident:
        """Return the incident that the message is named after."""
        return (self.current or self.ended)[0]


def ranked(incidents: Iterable[Incident]) -> list[Incident]:
    """Return incidents, the most serious and then the oldest first."""
    return sorted(
        incidents, key=lambda i: (_ORDER.index(i.severity), i.episode.first, i.episode.subject)
    )


def root_message(story: Story, act: Act) -> Message:
    """Return the root of the thread as it should stand now, or its end."""
    lead, current = story.lead, story.current
    if act is Act.RESOLVE or not current:
        return _end(story, act)
    others = f" and {len(current) - 1} more" if len(current) > 1 else ""
    facts = [
        *_facts_of(story, lead),
        *(("also open", line(i)) for i in current[1:MOST_LINES]),
        *(("over", ending(i)) for i in story.ended[:MOST_LINES]),
    ]
    return Message(
        act=act,
        group=story.group.id,
        model=story.config.name,
        severity=story.group.severity if act is Act.OPEN else lead.severity,
        title=f"{story.config.name}: {subject_of(lead.episode)}{others}",
        summary=_sentence(lead),
        facts=tuple(facts),
        hides=tuple(line(i) for i in story.hidden),
        next_step=_next(lead),
        links=story.links,
    )


def _end(story: Story, act: Act) -> Message:
    lead = story.lead
    return Message(
        act=act,
        group=story.group.id,
        model=story.config.name,
        severity=story.group.severity,
        title=f"{story.config.name}: over, {subject_of(lead.episode)}",
        summary=f"{ending(lead)}.",
        facts=tuple(("over", ending(i)) for i in story.ended[1:MOST_LINES]),
        links=story.links,
    )


def reply_message(story: Story, events: Sequence[TimedEvent]) -> Message | None:
    """Return what is new in a thread; None where all of it is over by now."""
    about = {e.event.incident_id: e.event for e in events}
    news = [i for i in story.current if i.id in about]
    if not news:
        return None
    lead = news[0]
    word = _WORDS.get(about[lead.id].what, "")
    others = f" and {len(news) - 1} more" if len(news) > 1 else ""
    title = f"{story.config.name}: {subject_of(lead.episode)} {word}".rstrip() + others
    return Message(
        act=Act.REPLY,
        group=story.group.id,
        model=story.config.name,
        severity=lead.severity,
        title=title,
        summary=_sentence(lead),
        facts=(*_facts_of(story, lead), *(("also", line(i)) for i in news[1:MOST_LINES])),
        hides=tuple(line(i) for i in story.hidden if i.hidden_by in about),
        next_step=_next(lead),
        links=story.links,
    )


def reminder_message(story: Story) -> Message | None:
    """Return the reminder of what nobody acknowledged, None where that is nothing."""
    waiting = [
        i
        for i in story.current
        if i.severity is Severity.PAGE and i.state in {State.NOTIFIED, State.ESCALATED}
    ]
    if not waiting:
        return None
    lead = waiting[0]
    return Message(
        act=Act.REMINDER,
        group=story.group.id,
        model=story.config.name,
        severity=lead.severity,
        title=f"{story.config.name}: nobody acknowledged {subject_of(lead.episode)}",
        summary=_sentence(lead),
        facts=(("since", lasted(lead.episode)),),
        next_step=f"mlmon ack {lead.id[:8]}, or mlmon snooze {lead.id[:8]} --for 2d",
        links=story.links,
    )


def digest_message(name: str, events: Sequence[TimedEvent]) -> Message:
    """Return the digest of what was not urgent; a backfill of a model is one line."""
    facts = []
    by_model = groupby(sorted(events, key=lambda e: e.model), key=lambda e: e.model)
    for model, group in by_model:
        facts += [(model, text) for text in _digest_lines(list(group))]
    models = len({e.model for e in events})
    return Message(
        act=Act.DIGEST,
        group=name,
        model=events[0].model if models == 1 else "",
        severity=Severity.INFO,
        title=f"Digest: {_count(len(events), 'finding')} of {_count(models, 'model')}",
        summary="What was found and is not urgent.",
        facts=tuple(facts),
        next_step="mlmon incidents lists what is open; mlmon explain ID says why it was not told.",
    )


def _digest_lines(events: Sequence[TimedEvent]) -> Iterator[str]:
    past = [e.event for e in events if e.event.what == "backfill"]
    if past:
        found = len({e.incident_id for e in past})
        first, last = min(e.window_key for e in past), max(e.window_key for e in past)
        span = first if first == last else f"{first} to {last}"
        yield f"monitored the past, {span}: {_count(found, 'incident')} found"
    newest = {e.event.incident_id: e.event for e in events if e.event.what != "backfill"}
    lines = sorted(newest.values(), key=lambda e: (_ORDER.index(e.severity), e.line))
    for event in lines[:MOST_LINES]:
        yield f"{event.line} ({event.window_key})"
    if len(lines) > MOST_LINES:
        yield f"and {len(lines) - MOST_LINES} more"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _sentence(incident: Incident) -> str:
    return f"{incident.episode.last.key}: {sentence(incident.episode)}."


def _next(incident: Incident) -> str:
    return f"{next_step(incident.episode.kind)} More: mlmon explain {incident.id[:8]}"


def _facts_of(story: Story, incident: Incident) -> Iterator[tuple[str, str]]:
    episode = incident.episode
    yield ("since", lasted(episode))
    measured = [m for e in story.evaluations for m in e.measurements]
    rows = next((m for m in measured if m.metric == "row_count"), None)
    if rows is not None:
        yield ("predictions", f"{rows.n:,}")
    if segments := _segments(incident, measured):
        yield ("segments", segments)
    if cause := _cause(story, incident, measured):
        yield ("likely cause", cause)
    if incident.acked_by:
        yield ("acknowledged by", incident.acked_by)
    yield ("owner", story.config.owner)


def _segments(incident: Incident, measured: Sequence[Measurement]) -> str:
    """Return the segments in which the number is worst."""
    e = incident.episode
    if e.margin is None or e.subject.segment:
        return ""
    parts = [
        (m.value * (1 if e.margin > 0 else -1), m)
        for m in measured
        if m.segment
        and m.value is not None
        and (m.metric, m.column) == (e.metric, e.subject.column)
    ]
    worst = sorted(parts, key=lambda part: -part[0])[:3]
    return ", ".join(f"{m.segment} {number(m.metric, m.value or 0.0)}" for _, m in worst)


def _cause(story: Story, incident: Incident, measured: Sequence[Measurement]) -> str:
    """Return what probably lies behind it: columns that changed, or where the rows come from."""
    if incident.episode.kind is Kind.PIPELINE:
        return ""  # the error that it names
    if incident.episode.kind not in _SYMPTOMS:
        return f"upstream, in {upstream(_source(story.config, incident))}"
    changed: Mapping[str, str] = {
        m.column: f"{m.column} ({m.metric.replace('_', ' ')} {number(m.metric, m.value or 0.0)})"
        for m in sorted(measured, key=_distance)
        if m.kind in {Kind.FEATURE_DRIFT, Kind.QUALITY, Kind.SCHEMA}
        and m.status is Status.BAD
        and m.column in story.config.features
    }
    return ", ".join(list(changed.values())[::-1][:3])


def _source(config: ModelConfig, incident: Incident) -> SourceSettings:
    is_about_labels = incident.episode.subject.check == LABELS and config.labels is not None
    return config.labels if is_about_labels and config.labels else config.predictions


def _distance(m: Measurement) -> float:
    return abs((m.value or 0.0) / m.threshold - 1) if m.threshold else 0.0


def upstream(source: SourceSettings) -> str:
    """Return where rows come from, as the YAML says it; it holds no secret."""
    if source.path is not None:
        return source.path
    return f"{source.table or 'a query'} ({source.url_env})"
