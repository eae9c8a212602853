"""Why an alert fired, or did not: answered from what was stored, not computed again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitoring_assets.alerting.incidents import NOT_JUDGED, persistence_of
from monitoring_assets.alerting.sentences import lasted, line, number, subject_of
from monitoring_assets.alerting.verdicts import BAD
from monitoring_assets.application.ports import AlertStore
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.errors import ConfigurationError
from monitoring_assets.domain.incident import Incident
from monitoring_assets.domain.verdict import Verdict

# So many windows before the first bad one, and so many at the end, are shown.
_BEFORE, _MOST = 3, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """An answer in sections.

    Attributes:
        title: What it is about.
        sections: Name and lines.
    """

    title: str
    sections: tuple[tuple[str, tuple[str, ...]], ...]


def explain_incident(store: AlertStore, config: ModelConfig, incident: Incident) -> Explanation:
    """Return what happened to an incident, and why somebody was told or not."""
    episode = incident.episode
    resolution = f" ({incident.resolution})" if incident.resolution else ""
    is_or_was = "is" if incident.is_open else "was"
    what = (
        line(incident),
        f"it {is_or_was} a {incident.severity} of kind {episode.kind}, {incident.state}"
        f"{resolution}",
        f"bad in {lasted(episode)}",
        _rule(config, incident),
    )
    sections = (
        ("what", what),
        ("told", tuple(_told(store, incident))),
        ("verdicts", tuple(_course(store, incident))),
        (
            "events",
            tuple(
                f"{_at(t.at)} {t.event.what}: {t.event.line}"
                for t in store.events(incident_id=incident.id)
            ),
        ),
        (
            "audit",
            tuple(
                f"{_at(a.at)} {a.actor}: {a.action} {a.detail}".rstrip()
                for a in store.audit(incident.id)
            ),
        ),
    )
    return Explanation(
        title=f"{incident.model} {subject_of(episode)} ({incident.id[:8]})",
        sections=tuple((name, lines) for name, lines in sections if lines),
    )


def explain_window(store: AlertStore, config: ModelConfig, window_key: str) -> Explanation:
    """Return what was decided about a window, and why.

    Raises:
        ConfigurationError: If it was never decided.
    """
    decision = store.decision(config.name, window_key)
    if decision is None:
        raise ConfigurationError(
            f"{config.name} {window_key} was not decided: `mlmon backfill {config.name} "
            f"{window_key} {window_key}` monitors it"
        )
    failing = [v for v in store.verdicts_of_window(config.name, window_key) if v.status.is_failing]
    incidents = store.find(config.name)
    sections = (
        ("decision", (f"{decision.status}: {decision.reason}",)),
        ("told", decision.told),
        ("failing", tuple(_why(store, config, v, incidents) for v in failing)),
    )
    return Explanation(
        title=f"{config.name} {window_key}",
        sections=tuple((name, lines) for name, lines in sections if lines),
    )


def _at(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _rule(config: ModelConfig, incident: Incident) -> str:
    rule = persistence_of(config, incident.episode.kind)
    if incident.episode.subject.check == NOT_JUDGED:
        return "it opens when a check could not be judged in three windows in a row"
    return (
        f"it opens at {rule.bad} bad of {rule.of} judged windows and is over after {rule.ok} ok "
        "in a row"
    )


def _told(store: AlertStore, incident: Incident) -> Iterator[str]:
    if incident.told_at is not None:
        yield f"told on {_at(incident.told_at)} in the group {incident.group_id}"
    elif incident.note:
        yield f"nobody was told by itself: {incident.note}"
    if incident.hidden_by:
        for cause in store.find(incident_id=incident.hidden_by):
            yield f"explained by {line(cause)} ({cause.id[:8]})"
    if incident.acked_by and incident.acked_at:
        yield f"acknowledged by {incident.acked_by} on {_at(incident.acked_at)}"
    if incident.snooze_until:
        yield f"snoozed until {_at(incident.snooze_until)}, or until it gets worse"


def _course(store: AlertStore, incident: Incident) -> Iterator[str]:
    verdicts = store.verdicts(incident.model, incident.episode.subject)
    first = incident.episode.first.start
    before = [v for v in verdicts if v.window.start < first][-_BEFORE:]
    after = [v for v in verdicts if v.window.start >= first]
    shown = [*before, *after]
    if len(shown) > _MOST:
        shown = [*shown[: _MOST // 2], *shown[-_MOST // 2 :]]
    for verdict in shown:
        yield _verdict_line(verdict)


def _verdict_line(verdict: Verdict) -> str:
    v = verdict
    text = f"{v.window.key} {v.status:<8}"
    if v.score is not None and v.threshold is not None:
        text += f" {number(v.metric, v.score)}, limit {number(v.metric, v.threshold)}"
    if v.recovery is not None:
        text += f", over at {number(v.metric, v.recovery)}"
    return f"{text} (n {v.n:,}) {v.reason}".rstrip()


def _why(
    store: AlertStore, config: ModelConfig, verdict: Verdict, incidents: Sequence[Incident]
) -> str:
    subject, start = verdict.subject, verdict.window.start
    about = f"{subject}: {verdict.reason}"
    if verdict.status not in BAD:
        return f"{about} — it only warns"
    for incident in incidents:
        e = incident.episode
        if e.subject == subject and e.first.start <= start <= e.last.start:
            why = "told" if incident.was_told else incident.note
            return f"{about} — incident {incident.id[:8]}: {why}"
    rule = persistence_of(config, verdict.kind)
    judged = [
        v
        for v in store.verdicts(config.name, subject)
        if v.window.start <= start and v.status in {*BAD, "ok"}
    ][-rule.of :]
    bad = sum(v.status in BAD for v in judged)
    return (
        f"{about} — no incident: bad in {bad} of the last {len(judged)} judged windows, it takes "
        f"{rule.bad} of {rule.of}"
    )
