"""Which windows of a model are due: new or changed rows, new or changed labels, or overdue.

The question is asked by level, not by edge: what the sources hold now is compared with what was
recorded when each window was last monitored, so nothing that happens between two looks is lost
and a window that fails is not asked for again until its rows change.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitoring_assets.application.monitor import (
    LABELS_SOURCE,
    PREDICTIONS_SOURCE,
    WAITING,
    ModelMonitor,
    digest,
)
from monitoring_assets.domain.window import Window
from monitoring_assets.evaluation.labels import are_due


class Cause(StrEnum):
    """Why a window is due."""

    ROWS = "new rows"
    LABELS = "new labels"  # or labels that are still missing when they should be complete
    OVERDUE = "no rows by the deadline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A window that should be monitored now.

    Attributes:
        fingerprint: What the source looks like; with the window it identifies the request.
    """

    window: Window
    cause: Cause
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What the sources looked like at the last look, kept from one look to the next.

    Attributes:
        rows: Fingerprint of the prediction log by window key.
        labels: Fingerprint of all labels at the last look that compared them.
    """

    rows: Mapping[str, str]
    labels: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The result of one look at the sources."""

    due: tuple[Due, ...]
    sighting: Sighting
    settling: tuple[str, ...]


def look(monitor: ModelMonitor, before: Sighting, now: datetime) -> Look:
    """Return which complete windows within the look-back are due.

    A window whose rows still differ from the last look is settling: it is due when two looks in
    a row see the same, so that a file is not read while its neighbour is being written.
    """
    cadence, name = monitor.config.cadence, monitor.config.name
    windows = cadence.windows.recent(now, cadence.look_back)
    stored = monitor.ports.predictions.fingerprints(windows)
    done = monitor.ports.states.get(name, PREDICTIONS_SOURCE, [w.key for w in windows])
    due, settling, idle = [], [], []
    for window in windows:
        seen, known = stored.get(window.key, ""), done.get(window.key)
        if seen == known or (not seen and known is not None):  # rows that vanish change nothing
            idle.append(window)
        elif not seen:
            if now >= window.end + cadence.deadline:
                due.append(Due(window=window, cause=Cause.OVERDUE, fingerprint="none"))
        elif before.rows.get(window.key) == seen:
            due.append(Due(window=window, cause=Cause.ROWS, fingerprint=seen))
        else:
            settling.append(window.key)
    source = monitor.ports.labels
    labels = "" if source is None else source.fingerprint()
    is_changed = source is not None and labels != before.labels
    return Look(
        due=(*due, *_labels_due(monitor, idle, now, is_changed=is_changed)),
        sighting=Sighting(rows=stored, labels=labels),
        settling=tuple(settling),
    )


def _labels_due(
    monitor: ModelMonitor, windows: list[Window], now: datetime, *, is_changed: bool
) -> Iterator[Due]:
    """Yield the monitored windows whose labels changed, or are missing and should be there."""
    keys = [w.key for w in windows]
    states = monitor.ports.states.get(monitor.config.name, LABELS_SOURCE, keys)
    if is_changed:
        monitor.read_labels()
    for window in windows:
        state = states.get(window.key, "")
        before = state.removesuffix(WAITING)
        known = monitor.known_labels(window) if is_changed else None
        seen = before if known is None else digest(known)
        is_late = state.endswith(WAITING) and are_due(monitor.config, window, now)
        if is_late or seen != before:
            fingerprint = f"{seen} due" if is_late else seen
            yield Due(window=window, cause=Cause.LABELS, fingerprint=fingerprint)
