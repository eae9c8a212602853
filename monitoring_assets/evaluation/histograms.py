"""Distributions of a window beside the reference's, coarse enough to look at."""

import numpy as np

from monitoring_assets.domain.evaluation import Histogram
from monitoring_assets.domain.window import Window
from monitoring_assets.evaluation.profiles import Profile
from monitoring_assets.evaluation.reference import Reference
from monitoring_assets.stats.samples import CategorySample, Floats, NumericSample, Sample

BINS = 20
MOST_CATEGORIES = 12


def histograms(current: Profile, reference: Reference, window: Window) -> tuple[Histogram, ...]:
    """Return a histogram of each feature and of the prediction, none for columns without values.

    Args:
        current: The valid rows of the window.
        reference: What they are compared with.
        window: The window.
    """
    config, baseline = reference.config, reference.baseline(window)
    columns = dict.fromkeys([config.drift_column, *config.features])
    found = (_histogram(name, baseline.sample(name), current.sample(name)) for name in columns)
    return tuple(histogram for histogram in found if histogram is not None)


def _histogram(column: str, reference: Sample, current: Sample) -> Histogram | None:
    if not reference.n or not current.n:
        return None
    if isinstance(reference, NumericSample) and isinstance(current, NumericSample):
        return _of_numbers(column, reference, current)
    if isinstance(reference, CategorySample) and isinstance(current, CategorySample):
        return _of_categories(column, reference, current)
    return None


def _of_numbers(column: str, reference: NumericSample, current: NumericSample) -> Histogram:
    """Bin between the reference's 0.5 % and 99.5 % quantiles; the end bars hold what is beyond."""
    low, high = (reference.values[int(share * (reference.n - 1))] for share in (0.005, 0.995))
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    return Histogram(
        column=column,
        labels=tuple(f"{edge:.4g}" for edge in edges[:-1]),
        reference=_shares(reference.values, edges),
        current=_shares(current.values, edges),
    )


def _shares(values: Floats, edges: Floats) -> tuple[float, ...]:
    inner = np.searchsorted(values, edges[1:-1])
    counts = np.diff(np.concatenate([[0], inner, [len(values)]]))
    return tuple((counts / len(values)).tolist())


def _of_categories(column: str, reference: CategorySample, current: CategorySample) -> Histogram:
    """Show the categories that are largest on either side, and all others as one bar."""
    size = {
        name: max(
            reference.counts.get(name, 0) / reference.n, current.counts.get(name, 0) / current.n
        )
        for name in {**reference.counts, **current.counts}
    }
    shown = sorted(size, key=lambda name: (-size[name], name))[:MOST_CATEGORIES]
    sides = []
    for side in (reference, current):
        shares = [side.counts.get(name, 0) / side.n for name in shown]
        sides.append((*shares, max(0.0, 1 - sum(shares))))
    more = len(size) > len(shown)
    end = None if more else -1
    return Histogram(
        column=column,
        labels=(*shown, "other")[:end],
        reference=sides[0][:end],
        current=sides[1][:end],
    )
