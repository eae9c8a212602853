"""Incidents as a pure fold over the newest verdict of every window.

The order in which verdicts arrived, how often one was revised and what time it is have no part in
it: what people are told is decided elsewhere, from what this returns.

Kinds that certainly hurt open at the first bad window; the others must persist, so that noise
around a threshold stays quiet. An incident resolves when its subject was judged ok, well before
the threshold, often enough in a row; windows that could not be judged change nothing.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from monitoring_assets.alerting.verdicts import BAD, PIPELINE
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
    by_subject = groupby(sorted(history.verdicts, key=_place), key=lambda v: v.subject)
    for subject, group in by_subject:
        found += _episodes(config, list(group), judged.get(subject.check, ()))
    found += _episodes(config, list(_not_judged(history.coverage)), ())
    return sorted(found, key=lambda e: (e.opened, e.subject))


def _place(verdict: Verdict) -> tuple[Subject, Window]:
    return (verdict.subject, verdict.window)


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
    own = {verdict.window: verdict for verdict in verdicts}
    course = _Course(config=config, example=verdicts[0])
    for window in sorted({*own, *judged}):
        course.take(window, own.get(window))
    return course.ended()


@dataclass(slots=True, kw_only=True)
class _Course:
    """What is known of one subject so far.

    Attributes:
        recent: The bad verdicts among the last judged ones, None for each that was ok.
    """

    config: ModelConfig
    example: Verdict
    recent: deque[Verdict | None] = field(default_factory=deque)
    episode: Episode | None = None
    closed: list[Episode] = field(default_factory=list)

    @property
    def rule(self) -> Persistence:
        return persistence_of(self.config, self.example.kind)

    def take(self, window: Window, verdict: Verdict | None) -> None:
        """Take one window into account; None is one in which the subject was not mentioned."""
        if verdict is not None and self._is_of_another_baseline(verdict):
            self._close(window, Resolution.BASELINE_CHANGED)
        if self.episode is None:
            self._wait(verdict)
        elif verdict is None or verdict.has_recovered:
            self.episode = replace(self.episode, oks=self.episode.oks + 1)
            if self.episode.oks >= self.rule.ok:
                self._close(window, Resolution.RECOVERED)
        elif verdict.status in BAD:
            self.episode = _continued(self.episode, verdict)
        elif verdict.status is Status.OK:  # beyond the recovery threshold: neither over nor worse
            self.episode = replace(self.episode, oks=0)

    def ended(self) -> list[Episode]:
        """Return all episodes."""
        return self.closed if self.episode is None else [*self.closed, self.episode]

    def _wait(self, verdict: Verdict | None) -> None:
        if verdict is not None and verdict.status not in {*BAD, Status.OK}:
            return
        is_bad = verdict is not None and verdict.status in BAD
        self.recent.append(verdict if is_bad else None)
        while len(self.recent) > self.rule.of:
            self.recent.popleft()
        bad = [v for v in self.recent if v is not None]
        if is_bad and len(bad) >= self.rule.bad:
            self.episode = _begun(bad)

    def _is_of_another_baseline(self, verdict: Verdict) -> bool:
        before = self.episode.baseline if self.episode else self._last_baseline()
        return bool(verdict.baseline and before and verdict.baseline != before)

    def _last_baseline(self) -> str:
        return next((v.baseline for v in reversed(self.recent) if v is not None), "")

    def _close(self, window: Window, resolution: Resolution) -> None:
        if self.episode is not None:
            self.closed.append(replace(self.episode, resolved=window, resolution=resolution))
        self.episode = None
        self.recent.clear()


def _begun(bad: Sequence[Verdict]) -> Episode:
    first, last = bad[0], bad[-1]
    episode = Episode(
        subject=first.subject,
        kind=first.kind,
        first=first.window,
        opened=last.window,
        last=first.window,
        bad=0,
    )
    for verdict in bad:
        episode = _continued(episode, verdict)
    return episode


def _continued(episode: Episode, verdict: Verdict) -> Episode:
    return replace(
        episode,
        kind=verdict.kind,
        last=verdict.window,
        metric=verdict.metric,
        score=verdict.score,
        threshold=verdict.threshold,
        margin=verdict.margin,
        lower=verdict.lower,
        upper=verdict.upper,
        n=verdict.n,
        worst=max(episode.worst, verdict.excess),
        bad=episode.bad + 1,
        oks=0,
        reason=verdict.reason,
        baseline=verdict.baseline,
    )


def _not_judged(coverage: Iterable[Coverage]) -> Iterator[Verdict]:
    """Yield for every window whether some check could not be judged for too long."""
    in_a_row: dict[str, int] = {}
    waiting = [c for c in coverage if c.check not in _WAITING]
    by_window = sorted(waiting, key=lambda c: (c.window, c.check))
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
