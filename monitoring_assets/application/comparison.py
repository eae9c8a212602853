"""Comparing any stored windows with any others, from their profiles alone.

Profiles of one reference can be added up, so days make a week and a trailing window costs no read
of rows. What a verdict leads to belongs to `alerting`; this only answers a question.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

from monitoring_assets.application.monitor import ModelMonitor
from monitoring_assets.domain.errors import SourceError
from monitoring_assets.domain.window import Window
from monitoring_assets.profiles.comparison import Comparison, compare
from monitoring_assets.profiles.profile import Profile
from monitoring_assets.profiles.segments import Segment, SegmentedProfile, merge_segmented


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnComparison:
    """How far one column of some windows is from that of others.

    Attributes:
        column: The column.
        found: The distance or p-value, with its certified bounds.
        limit: The limit of the model's YAML, or the method's own.
    """

    column: str
    found: Comparison
    limit: float


def compare_profiles(
    monitor: ModelMonitor, current: SegmentedProfile, baseline: SegmentedProfile, segment: Segment
) -> list[ColumnComparison]:
    """Return the drift of every column, the farthest beyond its limit first.

    Args:
        monitor: The model.
        current: What is judged.
        baseline: What it is compared with.
        segment: The rows that are compared, `segments.WHOLE` for all.

    Raises:
        SourceError: If one side has no rows of the segment.
    """
    config, layout = monitor.config, monitor.reference().layout
    sides = _part(baseline, segment), _part(current, segment)
    found = []
    for column in config.drift_columns:
        settings = config.drift_of(column)
        compared = compare(layout, *sides, column, settings.method)
        limit = compared.method.limit(settings.threshold)
        found.append(ColumnComparison(column=column, found=compared, limit=limit))
    return sorted(found, key=_excess, reverse=True)


def _part(profiles: SegmentedProfile, segment: Segment) -> Profile:
    parts = profiles.parts
    if segment not in parts:
        known = ", ".join(f"{column}={value}" for column, value in profiles.segments) or "none"
        raise SourceError(f"there are no rows of {'='.join(segment)}; kept are: {known}")
    return parts[segment]


def _excess(compared: ColumnComparison) -> float:
    """Return how far beyond its limit a column is, in units of the limit."""
    found = compared.found.found
    if found is None:
        return -1.0
    if compared.found.method.is_p_value:
        return compared.limit / max(found.value, 1e-300)
    return found.value / compared.limit


def profiles_of_windows(monitor: ModelMonitor, windows: Iterable[Window]) -> SegmentedProfile:
    """Return the profile of the rows of several windows that were monitored.

    Raises:
        SourceError: If one of them was not, or was made for another reference.
    """
    stored = (monitor.stored_profile(window).profiles for window in windows)
    return reduce(merge_segmented, stored)


def profiles_of_reference(monitor: ModelMonitor, version: str) -> SegmentedProfile:
    """Return the profile of a version of the reference on the grid of the active one.

    Raises:
        SourceError: If one of them was not stored yet.
    """
    active = monitor.reference()
    if version == active.version:
        return active.whole.profiles
    return monitor.version_of_reference(version).on(active.layout).profiles
