"""Which windows of a model are due: new or changed rows, new or changed labels, or overdue.

The question is asked by level, not by edge: what the sources hold now is compared with what was
recorded when each window was last monitored, so nothing that happens between two looks is lost
and a window that fails is not asked for again until its rows change.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from monitoring_assets.application.monitor import (
    LABELS_SOURCE,
    PREDICTIONS_SOURCE,
    ModelMonitor,
    digest,
)
from monitoring_assets.domain.window import Window


class Cause(StrEnum):
    """Why a window is due."""

    ROWS = "new rows"
    LABELS = "new labels"
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
    cadence = monitor.config.cadence
    windows = cadence.windows.recent(now, cadence.look_back)
    stored = monitor.ports.predictions.fingerprints(windows)
    done = monitor.ports.states.get(
        monitor.config.name, PREDICTIONS_SOURCE, [w.key for w in windows]
    )
    due, settling = [], []
    for window in windows:
        seen = stored.get(window.key, "")
        if seen == done.get(window.key):
            continue
        if not seen:
            if window.key not in done and now >= window.end + cadence.deadline:
                due.append(Due(window=window, cause=Cause.OVERDUE, fingerprint="none"))
        elif before.rows.get(window.key) == seen:
            due.append(Due(window=window, cause=Cause.ROWS, fingerprint=seen))
        else:
            settling.append(window.key)
    sighting = Sighting(rows=stored, labels=before.labels)
    busy = {d.window.key for d in due} | set(settling)
    idle = [w for w in windows if w.key in done and w.key not in busy]
    labels, sighting = _labels_due(monitor, idle, sighting)
    return Look(due=(*due, *labels), sighting=sighting, settling=tuple(settling))


def _labels_due(
    monitor: ModelMonitor, windows: list[Window], sighting: Sighting
) -> tuple[list[Due], Sighting]:
    if monitor.ports.labels is None:
        return [], sighting
    fingerprint = monitor.ports.labels.fingerprint()
    if fingerprint == sighting.labels:
        return [], sighting
    return list(_changed_labels(monitor, windows)), replace(sighting, labels=fingerprint)


def _changed_labels(monitor: ModelMonitor, windows: list[Window]) -> Iterator[Due]:
    keys = [w.key for w in windows]
    done = monitor.ports.states.get(monitor.config.name, LABELS_SOURCE, keys)
    for window in windows:
        seen = digest(monitor.known_labels(window))
        if seen != done.get(window.key):
            yield Due(window=window, cause=Cause.LABELS, fingerprint=seen)
