"""What is kept of one window: its profile, and its exact drift where its rows were at hand.

Quality and drift are answered from this alone, so rows are read once. What follows from an answer
belongs to `evaluation.quality` and `evaluation.drift`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.window import Window
from monitoring_assets.evaluation.reference import Reference
from monitoring_assets.metrics.drift_methods import DRIFT_METHODS, DriftValue
from monitoring_assets.profiles.bounds import Bounded
from monitoring_assets.profiles.comparison import Comparison, compare
from monitoring_assets.profiles.exact import measure
from monitoring_assets.profiles.profile import Profile
from monitoring_assets.profiles.segments import (
    WHOLE,
    SegmentedProfile,
    profile_table,
    rows_by_segment,
)
from monitoring_assets.profiles.storage import parts_from_table, parts_to_table

_EXACT = b"exact_drift"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExactDrift:
    """The drift of a window's columns, from rows.

    Attributes:
        reference: The key of the layout of the reference that the rows were compared with.
        part: The part of it: all days or a weekday.
        asked: The method that was asked for, by column.
        values: What was found, by column.
    """

    reference: str
    part: str
    asked: Mapping[str, str]
    values: Mapping[str, DriftValue]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WindowProfile:
    """What is kept of one window.

    Attributes:
        profiles: The profile of the window and those of its segments.
        exact: The drift of its columns from rows, None where these were not at hand.
    """

    profiles: SegmentedProfile
    exact: ExactDrift | None = None

    @property
    def whole(self) -> Profile:
        """Return the profile of all rows."""
        return self.profiles.whole

    def drift(self, reference: Reference, window: Window, column: str) -> Comparison:
        """Return how far a column is from the reference, exactly where that is known."""
        method, exact = reference.config.drift_of(column).method, self.exact
        part, layout = reference.part_of(window), reference.layout
        if (
            exact is not None
            and (exact.reference, exact.part) == (layout.key, part)
            and exact.asked.get(column) == method
        ):
            return _as_comparison(exact.values[column])
        baseline = reference.baseline(window).profile
        return compare(layout, baseline, self.whole, column, method)


def _as_comparison(found: DriftValue) -> Comparison:
    value = None if found.value is None else Bounded.exactly(found.value)
    return Comparison(method=found.method, found=value, n=found.n, reason=found.reason)


def profile_window(rows: pa.Table, reference: Reference, window: Window) -> WindowProfile:
    """Return what is kept of the valid rows of a window, from one pass over them."""
    config = reference.config
    asked = {name: config.drift_of(name).method for name in config.drift_columns}
    measured = measure(rows, reference.baseline(window), asked)
    return WindowProfile(
        profiles=SegmentedProfile(whole=measured.profile, segments=_segments(rows, reference)),
        exact=ExactDrift(
            reference=reference.layout.key,
            part=reference.part_of(window),
            asked=asked,
            values=measured.drift,
        ),
    )


def _segments(rows: pa.Table, reference: Reference) -> Mapping[tuple[str, str], Profile]:
    config = reference.config
    return {
        segment: profile_table(part, reference.layout)
        for segment, part in rows_by_segment(rows, config.segments, config.max_segment_values)
    }


def columns_of(config: ModelConfig) -> list[str]:
    """Return the columns that a window's profile is made of."""
    return list(dict.fromkeys([*config.drift_columns, *config.segments]))


def to_table(profile: WindowProfile) -> pa.Table:
    """Return what is kept of a window as a table."""
    table = parts_to_table(profile.profiles.parts)
    if profile.exact is None:
        return table
    told = json.dumps(_exact_to_json(profile.exact))
    return table.replace_schema_metadata({**table.schema.metadata, _EXACT: told})


def from_table(table: pa.Table, *, with_segments: bool = True) -> WindowProfile:
    """Return what is kept of a window from a table; without its segments it takes less time.

    Raises:
        CorruptFileError: If the table holds none of this version's profiles.
    """
    parts = parts_from_table(table, None if with_segments else 1)
    whole = parts.pop(WHOLE)
    told = table.schema.metadata.get(_EXACT)
    return WindowProfile(
        profiles=SegmentedProfile(whole=whole, segments=parts),
        exact=None if told is None else _exact_from_json(json.loads(told)),
    )


def _exact_to_json(exact: ExactDrift) -> dict[str, Any]:
    return {
        "reference": exact.reference,
        "part": exact.part,
        "columns": {
            name: [exact.asked[name], found.method.name, found.value, found.n, found.reason]
            for name, found in exact.values.items()
        },
    }


def _exact_from_json(told: Mapping[str, Any]) -> ExactDrift:
    return ExactDrift(
        reference=told["reference"],
        part=told["part"],
        asked={name: asked for name, (asked, *_) in told["columns"].items()},
        values={
            name: DriftValue(method=DRIFT_METHODS[method], value=value, n=n, reason=reason)
            for name, (_, method, value, n, reason) in told["columns"].items()
        },
    )
