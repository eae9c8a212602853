"""How the profile of a window is made of a few aggregate queries, whose answers are kilobytes.

The profile equals that of `profiles.building` on the same rows: counts exactly, sums to rounding.
Which database holds the rows, and how it is reached, belongs to `engines.places`.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

from monitoring_assets.domain.errors import SourceError
from monitoring_assets.engines.categories import category_profiles
from monitoring_assets.engines.moments import Moments, moments_of
from monitoring_assets.engines.numeric import (
    Bins,
    Lookups,
    Totals,
    bins,
    few_values,
    lookups_of,
    totals,
)
from monitoring_assets.engines.rows import Rows, Segments, rows_of
from monitoring_assets.profiles.building import empty_profile
from monitoring_assets.profiles.layout import Layout
from monitoring_assets.profiles.profile import NumericProfile, Profile, merge
from monitoring_assets.profiles.segments import Segment, SegmentedProfile


def profile_in_database(
    window: Any,
    layout: Layout,
    segments: Sequence[str] = (),
    *,
    most_segment_values: int = 12,
    lookups: Lookups | None = None,
) -> SegmentedProfile:
    """Return the profile of an Ibis table, and those of the largest values of some columns.

    Args:
        window: The rows.
        layout: What is kept of them.
        segments: Columns whose largest values have a profile of their own.
        most_segment_values: How many values of each.
        lookups: The layout's lookups, where they were used before.

    Raises:
        SourceError: If the engine's arithmetic is not IEEE's, so that counts would be wrong.
    """
    lookups = lookups or lookups_of(layout)
    divisions = [
        Segments.of(window, column, most_segment_values)
        for column in segments
        if column in window.columns
    ]
    found: dict[Segment, Profile] = {}
    whole: Profile | None = None
    for division in divisions:
        parts = _profiles(rows_of(window, layout, division), layout, lookups)
        # All parts of a column are the whole, so that it needs no queries of its own.
        whole = whole or reduce(merge, parts.values(), empty_profile(layout))
        for part, text in enumerate(division.texts):
            found[division.column, text] = parts[part]
    if whole is None:
        whole = _profiles(rows_of(window, layout), layout, lookups).get(0, empty_profile(layout))
    return SegmentedProfile(whole=whole, segments=found)


def _profiles(rows: Rows, layout: Layout, lookups: Lookups) -> dict[int, Profile]:
    """Ask for the profiles of the parts that have rows."""
    found_totals = totals(rows)
    if not found_totals:
        return {}
    found_bins = bins(rows, layout, lookups)
    _require_all(found_totals, found_bins, layout)
    few = few_values(rows, found_bins)
    moments = Moments(layout=layout, totals=found_totals, bins=found_bins)
    sums = moments_of(rows, moments)
    categorical = {name: category_profiles(rows, name, layout) for name in layout.categories}
    return {
        part: Profile(
            layout=layout.key,
            rows=found.rows,
            numeric={
                name: _numeric(
                    name,
                    found,
                    found_bins[part, name],
                    few[part, name],
                    moments.squares(part, name, sums[part]),
                )
                for name in layout.grids
            },
            categorical={name: by_part[part] for name, by_part in categorical.items()},
            comoments=moments.comoments(part, sums[part]),
        )
        for part, found in found_totals.items()
    }


def _numeric(
    name: str, found: Totals, bins: Bins, few: Mapping[float, int] | None, squares: float
) -> NumericProfile:
    return NumericProfile(
        missing=found.rows - found.numbers[name],
        negative_infinite=bins.negative_infinite,
        positive_infinite=bins.positive_infinite,
        low=bins.low,
        high=bins.high,
        counts=bins.counts,
        sums=bins.sums,
        squares=squares if bins.low < bins.high else 0.0,
        few=few,
    )


def _require_all(
    found: Mapping[int, Totals], bins: Mapping[tuple[int, str], Bins], layout: Layout
) -> None:
    for part, totals_of_part in found.items():
        for name in layout.grids:
            n = bins[part, name].n + bins[part, name].infinite
            if n != totals_of_part.numbers[name]:
                raise SourceError(
                    f"the engine counted {totals_of_part.numbers[name]:,} numbers in {name!r} and "
                    f"gave {n:,} to bins: rows change while they are read, or its arithmetic is "
                    "not IEEE's. Use `engine: {name: local}`."
                )
