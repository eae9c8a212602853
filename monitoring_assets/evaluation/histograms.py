"""Distributions of a window beside the reference's, coarse enough to look at."""

from collections.abc import Mapping

import numpy as np

from monitoring_assets.domain.evaluation import Histogram
from monitoring_assets.domain.window import Window
from monitoring_assets.evaluation.reference import Reference
from monitoring_assets.evaluation.table import OTHER
from monitoring_assets.profiles.columns import Counts
from monitoring_assets.profiles.grid import Grid
from monitoring_assets.profiles.layout import Categories
from monitoring_assets.profiles.profile import CategoryProfile, NumericProfile, Profile
from monitoring_assets.profiles.quality import quantile

BINS = 20
MOST_CATEGORIES = 12


def histograms(current: Profile, reference: Reference, window: Window) -> tuple[Histogram, ...]:
    """Return a histogram of each feature and of the prediction, none for columns without values.

    Args:
        current: The profile of the window.
        reference: What it is compared with.
        window: The window.
    """
    layout, baseline = reference.layout, reference.baseline(window).profile
    found = []
    for name in dict.fromkeys([reference.config.drift_column, *reference.config.features]):
        if name in layout.grids:
            grid, before, now = layout.grids[name], baseline.numeric[name], current.numeric[name]
            if before.n and now.n:
                found.append(_of_numbers(name, grid, before, now))
        else:
            known = layout.categories[name]
            sides = baseline.categorical[name], current.categorical[name]
            if all(side.n for side in sides):
                found.append(_of_categories(name, *(_shares(known, side) for side in sides)))
    return tuple(found)


def _of_numbers(
    column: str, grid: Grid, reference: NumericProfile, current: NumericProfile
) -> Histogram:
    """Show equal steps between the reference's 0.5 % and 99.5 % quantiles.

    The bars begin at edges of the grid, so their shares are exact; the end bars hold what is
    beyond.
    """
    low, high = (quantile(grid, reference, share) for share in (0.005, 0.995))
    steps = np.searchsorted(grid.edges, np.linspace(low, high, BINS))
    starts = np.unique(np.minimum(steps, len(grid.edges) - 1))
    return Histogram(
        column=column,
        labels=tuple(f"{edge:.4g}" for edge in grid.edges[starts]),
        reference=_bars(reference.counts, starts),
        current=_bars(current.counts, starts),
    )


def _bars(counts: Counts, starts: Counts) -> tuple[float, ...]:
    """Return the share of each bar; bin `i + 1` begins at edge `i`."""
    below = np.cumsum(counts)
    ends = np.append(below[starts[1:]], below[-1])
    return tuple((np.diff(ends, prepend=0) / below[-1]).tolist())


def _shares(known: Categories, profile: CategoryProfile) -> dict[str, float]:
    """Return the share of each category that is counted by name."""
    counts = dict(zip(known.names.to_pylist(), profile.known.tolist(), strict=True))
    counts |= profile.new.as_dict()
    return {name: count / profile.n for name, count in counts.items() if count}


def _of_categories(
    column: str, reference: Mapping[str, float], current: Mapping[str, float]
) -> Histogram:
    """Show the categories that are largest on either side, and all others as one bar."""
    size = {n: max(reference.get(n, 0), current.get(n, 0)) for n in {**reference, **current}}
    shown = sorted(size, key=lambda name: (-size[name], name))[:MOST_CATEGORIES]
    labels = tuple(shown) if len(shown) == len(size) else (*shown, OTHER)
    return Histogram(
        column=column,
        labels=labels,
        reference=_named_bars(reference, shown, len(labels)),
        current=_named_bars(current, shown, len(labels)),
    )


def _named_bars(shares: Mapping[str, float], shown: list[str], length: int) -> tuple[float, ...]:
    """Return the bars of the categories that are shown, and the rest if there is a bar for it."""
    bars = [shares.get(name, 0.0) for name in shown]
    return (*bars, max(0.0, 1 - sum(bars)))[:length]
