"""Incidents as a pure fold over the newest verdict of every window.

The order in which verdicts arrived, how often one was revised and what time it is have no part in
it: what people are told is decided elsewhere, from what this returns.

Kinds that certainly hurt open at the first bad window; the others must persist, so that noise
around a threshold stays quiet. An incident resolves when its subject was judged ok, well before
the threshold, often enough in a row; windows that could not be judged change nothing.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from monitoring_assets.alerting.verdicts import BAD, PIPELINE, place
from monitoring_assets.config.alerts import Persistence
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.incident import Episode, Resolution
from monitoring_assets.domain.measurement import Kind, Status
from monitoring_assets.domain.verdict import Coverage, History, Subject, Verdict
from monitoring_assets.domain.window import Window
from monitoring_assets.evaluation.labels import LABELS
from monitoring_assets.evaluation.performance import PERFORMANCE

AT_ONCE = Persistence(bad=1, of=1, ok=1)
# 20.8 pages in 90 days of noise at the threshold fell to 1.6 with 2 of 3 and a recovery of 2.
LASTING = Persistence()
_AT_ONCE = {Kind.NO_DATA, Kind.SCHEMA, Kind.QUALITY, Kind.PIPELINE}
# A check that could not be judged in so many windows in a row is a trouble of its own.
NOT_JUDGED = "not_judged"
UNJUDGED_WINDOWS = 3
# These wait for labels, and `label_coverage` says when the wait is too long.
_WAITING = {LABELS, PERFORMANCE, PIPELINE}


def persistence_of(config: ModelConfig, kind: Kind) -> Persistence:
    """Return how long a kind of trouble must last."""
    return config.alerts.persistence.get(kind, AT_ONCE if kind in _AT_ONCE else LASTING)


def fold(config: ModelConfig, history: History) -> list[Episode]:
    """Return the episodes that verdicts amount to, in order of opening."""
    judged = _judged_windows(history.coverage)
    found: list[Episode] = []
    for subject, group in groupby(sorted(history.verdicts, key=place), key=lambda v: v.subject):
        found += _episodes(config, list(group), judged.get(subject.check, ()))
    found += _episodes(config, list(_not_judged(history.coverage)), ())
    return sorted(found, key=lambda e: (e.opened, e.subject))


def _judged_windows(coverage: Iterable[Coverage]) -> Mapping[str, list[Window]]:
    judged: dict[str, list[Window]] = {}
    for one in coverage:
        if one.is_judged:
            judged.setdefault(one.check, []).append(one.window)
    return judged


def _episodes(
    config: ModelConfig, verdicts: Sequence[Verdict], judged: Sequence[Window]
) -> list[Episode]:
    """Return the episodes of one subject.

    A window in which its check was judged and said nothing of the subject is ok: a column that is
    missing no more is not mentioned.
    """
    if not verdicts:
        return []
    rule = persistence_of(config, verdicts[0].kind)
    own = {verdict.window.start: verdict for verdict in verdicts}
    windows = {window.start: window for window in (*judged, *(v.window for v in verdicts))}
    course = _Course(rule=rule)
    for start in sorted(windows):
        course.take(windows[start], own.get(start))
    return course.ended()


@dataclass(slots=True, kw_only=True)
class _Course:
    """What is known of one subject so far.

    Attributes:
        recent: The bad verdicts among the last judged ones, None for each that was ok.
        opened: The window in which the open episode opened, None while none is open.
        bad: The bad verdicts of the open episode.
        oks: How many windows in a row have been ok since.
    """

    rule: Persistence
    recent: deque[Verdict | None] = field(default_factory=deque)
    opened: Window | None = None
    bad: list[Verdict] = field(default_factory=list)
    oks: int = 0
    closed: list[Episode] = field(default_factory=list)

    def take(self, window: Window, verdict: Verdict | None) -> None:
        """Take one window into account; None is one in which the subject was not mentioned."""
        if verdict is not None and self._is_of_another_baseline(verdict):
            self._close(window, Resolution.BASELINE_CHANGED)
        if self.opened is None:
            self._wait(window, verdict)
        elif verdict is None or verdict.has_recovered:
            self.oks += 1
            if self.oks >= self.rule.ok:
                self._close(window, Resolution.RECOVERED)
        elif verdict.status in BAD:
            self.oks = 0
            self.bad.append(verdict)
        elif verdict.status is Status.OK:  # beyond the recovery threshold: neither over nor worse
            self.oks = 0

    def ended(self) -> list[Episode]:
        """Return all episodes."""
        return self.closed if self.opened is None else [*self.closed, self._episode(self.opened)]

    def _wait(self, window: Window, verdict: Verdict | None) -> None:
        is_bad = verdict is not None and verdict.status in BAD
        if verdict is not None and not is_bad and verdict.status is not Status.OK:
            return
        self.recent.append(verdict if is_bad else None)
        if len(self.recent) > self.rule.of:
            self.recent.popleft()
        if is_bad and len(self.recent) - self.recent.count(None) >= self.rule.bad:
            self.opened, self.oks = window, 0
            self.bad = [v for v in self.recent if v is not None]

    def _is_of_another_baseline(self, verdict: Verdict) -> bool:
        known = self.bad if self.opened is not None else self.recent
        before = next((v.baseline for v in reversed(known) if v is not None), "")
        return bool(verdict.baseline and before and verdict.baseline != before)

    def _close(self, window: Window, resolution: Resolution) -> None:
        if self.opened is not None:
            self.closed.append(self._episode(self.opened, window, resolution))
        self.opened = None
        self.recent.clear()

    def _episode(
        self,
        opened: Window,
        resolved: Window | None = None,
        resolution: Resolution | None = None,
    ) -> Episode:
        last = self.bad[-1]
        return Episode(
            subject=last.subject,
            kind=last.kind,
            first=self.bad[0].window,
            opened=opened,
            last=last.window,
            resolved=resolved,
            resolution=resolution,
            metric=last.metric,
            score=last.score,
            threshold=last.threshold,
            margin=last.margin,
            lower=last.lower,
            upper=last.upper,
            n=last.n,
            worst=max(0.0, *(v.excess for v in self.bad)),
            bad=len(self.bad),
            oks=self.oks,
            reason=last.reason,
            baseline=last.baseline,
        )


def _not_judged(coverage: Iterable[Coverage]) -> Iterator[Verdict]:
    """Yield for every window whether some check could not be judged for too long."""
    in_a_row: dict[str, int] = {}
    waiting = [c for c in coverage if c.check not in _WAITING]
    by_window = sorted(waiting, key=lambda c: (c.window.start, c.check))
    for window, group in groupby(by_window, key=lambda c: c.window):
        checks = list(group)
        in_a_row = {c.check: in_a_row.get(c.check, 0) + 1 for c in checks if c.unjudged}
        missed = [c for c in checks if in_a_row.get(c.check, 0) >= UNJUDGED_WINDOWS]
        yield _judged_at_all(window, missed)


def _judged_at_all(window: Window, missed: Sequence[Coverage]) -> Verdict:
    names = ", ".join(c.check for c in missed)
    reason = f"{names}: not judged in {UNJUDGED_WINDOWS} windows in a row" if missed else ""
    return Verdict(
        subject=Subject(check=NOT_JUDGED),
        window=window,
        kind=Kind.NO_DATA,
        status=Status.BAD if missed else Status.OK,
        reason=f"{reason}: {missed[0].unjudged}" if missed else "",
    )
