"""Incidents: one trouble that lasts over windows, as a pure fold over their verdicts.

Kinds that certainly hurt open at the first bad window; the others must persist, so that noise
around a threshold stays quiet. Nothing resolves without being judged ok.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from monitoring_assets.alerting.severity import severity_of
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.evaluation import CheckResult
from monitoring_assets.domain.incident import Incident
from monitoring_assets.domain.measurement import Kind, Status, worst
from monitoring_assets.domain.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Persistence:
    """How long a trouble must last to open, and how long it must be gone to close.

    Attributes:
        bad: So many windows must be bad …
        of: … among so many judged ones.
        ok: So many judged windows in a row must be ok.
    """

    bad: int
    of: int
    ok: int


AT_ONCE = Persistence(bad=1, of=1, ok=1)
# 20.8 pages in 90 days of noise at the threshold fell to 1.6 with 2 of 3 and a recovery of 2.
LASTING = Persistence(bad=2, of=3, ok=2)
_BAD = {Status.BAD, Status.ERROR}
_AT_ONCE = {Kind.NO_DATA, Kind.SCHEMA, Kind.QUALITY, Kind.PIPELINE}


def persistence_of(kind: Kind) -> Persistence:
    """Return how long a kind of trouble must last."""
    return AT_ONCE if kind in _AT_ONCE else LASTING


@dataclass(slots=True)
class _Episode:
    """What is known of one kind of trouble so far."""

    recent: deque[tuple[Window, CheckResult]]
    oks: int = 0
    opened: Window | None = None
    columns: dict[str, None] = field(default_factory=dict)
    reason: str = ""


def fold(
    config: ModelConfig, windows: Iterable[tuple[Window, Sequence[CheckResult]]]
) -> list[Incident]:
    """Return the incidents of windows given in order of time, by window of opening."""
    episodes: dict[Kind, _Episode] = {}
    found: list[Incident] = []
    for window, checks in windows:
        for kind in dict.fromkeys(check.kind for check in checks):
            of_kind = [check for check in checks if check.kind is kind]
            rule = persistence_of(kind)
            episode = episodes.setdefault(kind, _Episode(deque(maxlen=rule.of)))
            closed = _step(config, kind, rule, episode, window, _merged(of_kind))
            found += [closed] if closed else []
    found += [
        _incident(config, kind, episode, None)
        for kind, episode in episodes.items()
        if episode.opened
    ]
    return sorted(found, key=lambda i: (i.opened_window, i.kind))


def _merged(checks: Sequence[CheckResult]) -> CheckResult:
    status = worst(check.status for check in checks)
    return next(check for check in checks if check.status is status)


def _step(
    config: ModelConfig,
    kind: Kind,
    rule: Persistence,
    episode: _Episode,
    window: Window,
    check: CheckResult,
) -> Incident | None:
    """Take one window into account; return the incident that it closes."""
    if check.status in {Status.UNJUDGED, Status.INFO}:
        return None
    is_bad = check.status in _BAD
    episode.recent.append((window, check))
    bad = [(w, c) for w, c in episode.recent if c.status in _BAD]
    episode.oks = 0 if is_bad else episode.oks + 1
    if episode.opened is None and len(bad) >= rule.bad:
        episode.opened, episode.reason = window, check.reason
        for _, earlier in bad:
            episode.columns |= dict.fromkeys(earlier.columns)
    elif episode.opened is not None and episode.oks >= rule.ok:
        closed = _incident(config, kind, episode, window)
        episode.opened, episode.columns = None, {}
        episode.recent.clear()
        return closed
    elif episode.opened is not None and is_bad:
        episode.columns |= dict.fromkeys(check.columns)
    return None


def _incident(
    config: ModelConfig, kind: Kind, episode: _Episode, resolved: Window | None
) -> Incident:
    return Incident(
        model=config.name,
        kind=kind,
        severity=severity_of(config, kind),
        opened_window=episode.opened.key if episode.opened else "",
        resolved_window=resolved.key if resolved else None,
        columns=tuple(episode.columns),
        reason=episode.reason,
    )
