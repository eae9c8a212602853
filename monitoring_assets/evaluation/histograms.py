"""Distributions of a window beside the reference's, coarse enough to look at."""

from collections.abc import Mapping

import numpy as np

from monitoring_assets.domain.evaluation import Histogram
from monitoring_assets.domain.window import Window
from monitoring_assets.evaluation.profiles import Profile
from monitoring_assets.evaluation.reference import Reference
from monitoring_assets.evaluation.table import OTHER
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
    before, now = _category_shares(reference), _category_shares(current)
    size = {name: max(before.get(name, 0), now.get(name, 0)) for name in {**before, **now}}
    shown = sorted(size, key=lambda name: (-size[name], name))[:MOST_CATEGORIES]
    labels = tuple(shown) if len(shown) == len(size) else (*shown, OTHER)
    return Histogram(
        column=column,
        labels=labels,
        reference=_bars(before, shown, len(labels)),
        current=_bars(now, shown, len(labels)),
    )


def _category_shares(sample: CategorySample) -> dict[str, float]:
    n = sample.n
    return {name: count / n for name, count in sample.counts.items()}


def _bars(shares: Mapping[str, float], shown: list[str], length: int) -> tuple[float, ...]:
    """Return the bars of the categories that are shown, and the rest if there is a bar for it."""
    bars = [shares.get(name, 0.0) for name in shown]
    return (*bars, max(0.0, 1 - sum(bars)))[:length]
