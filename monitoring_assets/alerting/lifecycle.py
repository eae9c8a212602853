"""Incidents that are stored follow the episodes that verdicts amount to.

After every pass the incidents whose verdicts stand are exactly the episodes, in whatever order the
verdicts came; what people were told of them, and did, stays with them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid5

from monitoring_assets.alerting.severity import most_serious, severity_of_episode
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.incident import Episode, Incident, Resolution, State
from monitoring_assets.domain.verdict import Subject

_NAMESPACE = UUID("0f6d3a0e-54b7-5d0c-8a5f-5b8c1f2e7a10")


def follow(
    config: ModelConfig, stored: Sequence[Incident], episodes: Iterable[Episode], now: datetime
) -> list[Incident]:
    """Return all incidents of a model after its verdicts changed, those that are new included.

    Args:
        config: The model.
        stored: Its incidents, those whose verdicts were revised away included.
        episodes: What its verdicts amount to.
        now: The present.
    """
    by_subject: dict[Subject, list[Episode]] = {}
    for episode in episodes:
        by_subject.setdefault(episode.subject, []).append(episode)
    known: dict[Subject, list[Incident]] = {}
    for incident in sorted(stored, key=lambda i: i.episode.first):
        known.setdefault(incident.episode.subject, []).append(incident)
    found: list[Incident] = []
    for subject in dict.fromkeys([*known, *by_subject]):
        pairs = _matched(known.get(subject, []), by_subject.get(subject, []))
        found += _followed(config, pairs, _used_ids(known.get(subject, ())), now)
    return found


@dataclass(frozen=True, slots=True)
class _Pair:
    incident: Incident | None
    episode: Episode | None


def _matched(incidents: Sequence[Incident], episodes: Sequence[Episode]) -> list[_Pair]:
    """Return incidents with the episodes that they are: those that share windows, in order."""
    rest = list(episodes)
    pairs = []
    # What people know to be open keeps its name; what was revised away may come back.
    for incident in sorted(incidents, key=lambda i: (_is_revised(i), not i.is_open)):
        shared = [e for e in rest if _overlap(incident, e)]
        own = min(shared, key=lambda e: _distance(incident, e), default=None)
        pairs.append(_Pair(incident, own))
        if own is not None:
            rest.remove(own)
    return [*pairs, *(_Pair(None, episode) for episode in rest)]


def _distance(incident: Incident, episode: Episode) -> tuple[bool, bool]:
    """Return what speaks against an episode: another baseline, or an end.

    What is open follows what lasts, or people would be told of the same trouble twice.
    """
    is_of_another = incident.episode.baseline != episode.baseline
    return (is_of_another, incident.is_open and episode.resolved is not None)


def _is_revised(incident: Incident) -> bool:
    return incident.resolution is Resolution.VERDICT_REVISED


def _overlap(incident: Incident, episode: Episode) -> bool:
    known = incident.episode
    if incident.is_open and episode.resolved is None:
        return True  # no two of a subject are open at a time
    return known.first.start <= episode.last.start and episode.first.start <= known.last.start


def _used_ids(incidents: Iterable[Incident]) -> set[str]:
    return {incident.id for incident in incidents}


def _followed(
    config: ModelConfig, pairs: Iterable[_Pair], used: set[str], now: datetime
) -> Iterator[Incident]:
    for pair in pairs:
        if pair.incident is None and pair.episode is not None:
            yield _new(config, pair.episode, used, now)
        elif pair.incident is not None:
            yield _changed(config, pair.incident, pair.episode, now)


def _new(config: ModelConfig, episode: Episode, used: set[str], now: datetime) -> Incident:
    name = f"{config.name}\x1f{episode.subject}\x1f{episode.first.key}"
    ids = (str(uuid5(_NAMESPACE, f"{name}\x1f{n}")) for n in range(len(used) + 1))
    incident = Incident(
        id=next(i for i in ids if i not in used),
        model=config.name,
        episode=episode,
        severity=severity_of_episode(config, episode),
        opened_at=now,
    )
    used.add(incident.id)
    return incident if episode.resolved is None else _resolved(incident, episode, now)


def _changed(
    config: ModelConfig, incident: Incident, episode: Episode | None, now: datetime
) -> Incident:
    if episode is None:
        return _revised(incident, now)
    if episode == incident.episode and not _is_revised(incident):
        return incident
    if incident.resolution is Resolution.MANUAL:
        return replace(incident, episode=episode)
    severity = severity_of_episode(config, episode)
    if incident.is_open:  # what was told as serious does not become less so while it lasts
        severity = most_serious(severity, incident.severity) if incident.was_told else severity
    incident = replace(incident, episode=episode, severity=severity)
    if episode.resolved is not None:
        return _resolved(incident, episode, now) if incident.is_open else _as_ended(incident)
    return incident if incident.is_open else _reopened(incident)


def _as_ended(incident: Incident) -> Incident:
    return replace(incident, resolution=incident.episode.resolution)


def _resolved(incident: Incident, episode: Episode, now: datetime) -> Incident:
    return replace(
        incident,
        state=State.RESOLVED,
        resolution=episode.resolution,
        resolved_at=now,
        hidden_by="",
        snooze_until=None,
    )


def _revised(incident: Incident, now: datetime) -> Incident:
    if _is_revised(incident):
        return incident
    return replace(
        incident,
        state=State.RESOLVED,
        resolution=Resolution.VERDICT_REVISED,
        resolved_at=incident.resolved_at or now,
        hidden_by="",
        snooze_until=None,
    )


def _reopened(incident: Incident) -> Incident:
    """Return an incident whose end was revised away; nobody knows that it lasts."""
    return replace(
        incident,
        state=State.OPEN,
        resolution=None,
        resolved_at=None,
        told_at=None,
        group_id="",
        acked_by="",
        acked_at=None,
    )


def standing(incidents: Iterable[Incident]) -> Mapping[str, Incident]:
    """Return by id the incidents that the verdicts, as they are now, amount to."""
    return {i.id: i for i in incidents if not _is_revised(i)}
