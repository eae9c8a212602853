"""Incidents: one trouble that lasts over windows, as a pure fold over their verdicts.

Kinds that certainly hurt open at the first bad window; the others must persist, so that noise
around a threshold stays quiet. An incident resolves when every check that was bad while it
lasted was judged ok; windows in which one of them could not be judged change nothing.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from monitoring_assets.alerting.severity import severity_of
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.evaluation import CheckResult
from monitoring_assets.domain.incident import Incident
from monitoring_assets.domain.measurement import Kind, Status
from monitoring_assets.domain.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Persistence:
    """How long a trouble must last to open, and how long it must be gone to close.

    Attributes:
        bad: So many windows must be bad …
        of: … among so many that were judged.
        ok: So many of them in a row must be ok.
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


def fold(
    config: ModelConfig, windows: Iterable[tuple[Window, Sequence[CheckResult]]]
) -> list[Incident]:
    """Return the incidents of windows given in order of time, by window of opening."""
    episodes: dict[Kind, _Episode] = {}
    found: list[Incident] = []
    for window, checks in windows:
        for kind in dict.fromkeys(check.kind for check in checks):
            episode = episodes.setdefault(kind, _Episode.of(config, kind))
            found += episode.take(window, [check for check in checks if check.kind is kind])
    found += [episode.incident() for episode in episodes.values() if episode.opened]
    return sorted(found, key=lambda i: (i.opened_window, i.kind))


@dataclass(slots=True, kw_only=True)
class _Episode:
    """What is known of one kind of trouble so far.

    Attributes:
        recent: The bad checks of the last judged windows; none where a window was ok.
        oks: How many windows in a row were ok.
        failed: The checks that were bad since it opened.
    """

    config: ModelConfig
    kind: Kind
    rule: Persistence
    recent: deque[list[CheckResult]]
    oks: int = 0
    opened: Window | None = None
    resolved: Window | None = None
    failed: dict[str, None] = field(default_factory=dict)
    columns: dict[str, None] = field(default_factory=dict)
    reason: str = ""

    @classmethod
    def of(cls, config: ModelConfig, kind: Kind) -> "_Episode":
        rule = persistence_of(kind)
        return cls(config=config, kind=kind, rule=rule, recent=deque(maxlen=rule.of))

    def take(self, window: Window, checks: Sequence[CheckResult]) -> Iterator[Incident]:
        """Take one window into account; yield the incident that it resolves."""
        bad = [check for check in checks if check.status in _BAD]
        if not bad and not self._is_ok(checks):
            return
        self.recent.append(bad)
        self.oks = 0 if bad else self.oks + 1
        if self.opened is not None:
            self._remember(bad)
            if self.oks >= self.rule.ok:
                self.resolved = window
                yield self.incident()
                self._begin_again()
        elif sum(map(bool, self.recent)) >= self.rule.bad:
            self.opened, self.reason = window, "; ".join(check.reason for check in bad)
            for earlier in self.recent:
                self._remember(earlier)

    def incident(self) -> Incident:
        """Return the incident as it stands."""
        return Incident(
            model=self.config.name,
            kind=self.kind,
            severity=severity_of(self.config, self.kind),
            opened_window=self.opened.key if self.opened else "",
            resolved_window=self.resolved.key if self.resolved else None,
            columns=tuple(self.columns),
            reason=self.reason,
        )

    def _is_ok(self, checks: Sequence[CheckResult]) -> bool:
        """Return whether all that failed is ok again; before that, whether anything is ok."""
        ok = {check.check for check in checks if check.status is Status.OK}
        return self.failed.keys() <= ok if self.failed else bool(ok)

    def _remember(self, bad: Sequence[CheckResult]) -> None:
        for check in bad:
            self.failed[check.check] = None
            self.columns |= dict.fromkeys(check.columns)

    def _begin_again(self) -> None:
        self.opened = self.resolved = None
        self.oks, self.failed, self.columns = 0, {}, {}
        self.recent.clear()
