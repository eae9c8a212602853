"""Drift of one window against the reference: features, prediction, correlations.

Features and prediction are judged over all rows; by segment they are measured only, because
without calibration a fixed limit on a few hundred rows alarms on noise (a clean normal column of
200 rows exceeds Evidently's 0.1 in a third of windows).
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from monitoring_assets.config.model import DriftSettings, ModelConfig
from monitoring_assets.domain.measurement import Kind, Measurement, Status, finite
from monitoring_assets.domain.window import Window
from monitoring_assets.evaluation.judge import at_most, too_few, unjudged
from monitoring_assets.evaluation.log import NO_ROWS
from monitoring_assets.evaluation.profiles import WindowProfile
from monitoring_assets.evaluation.reference import Reference
from monitoring_assets.profiles.building import empty_profile
from monitoring_assets.profiles.comparison import Comparison, Verdict, compare
from monitoring_assets.profiles.exact import PreparedReference
from monitoring_assets.profiles.layout import Layout
from monitoring_assets.profiles.profile import Profile
from monitoring_assets.profiles.quality import correlations
from monitoring_assets.profiles.segments import SegmentedProfile
from monitoring_assets.stats.samples import Floats

FEATURES, PREDICTION, CORRELATION = "feature_drift", "prediction_drift", "correlation_change"
CHECKS = (FEATURES, PREDICTION, CORRELATION)
# What stands for a check where nothing could be measured: metric and kind.
_BARE = {
    FEATURES: ("drifted_share", Kind.FEATURE_DRIFT),
    PREDICTION: ("prediction_drift", Kind.PREDICTION_DRIFT),
    CORRELATION: ("correlation_change", Kind.CORRELATION),
}
# Of a broken column all pairs change; ten say enough.
MOST_PAIRS = 10
# A correlation of n rows moves by 1/√n by chance, the largest of some dozen by up to 4/√n: at 30
# rows that is 0.7, far beyond the usual limit of 0.3.
CHANCE = 4.0


def measure_drift(
    current: WindowProfile, reference: Reference, window: Window
) -> tuple[Measurement, ...]:
    """Return how far one window is from the reference.

    Args:
        current: What is kept of the window.
        reference: What it is compared with.
        window: The window.
    """
    config, baseline = reference.config, reference.baseline(window)
    if not current.whole.rows:
        return tuple(unjudged(_bare(check), NO_ROWS) for check in CHECKS)
    found = {name: current.drift(reference, window, name) for name in config.drift_columns}
    columns = [_column_drift(config, name, found[name]) for name in config.features]
    return (
        *columns,
        _drifted_share(columns),
        _column_drift(config, config.drift_column, found[config.drift_column]),
        *_correlation(config, reference.layout, current.whole, baseline.profile),
        *_by_segment(config, current.profiles, baseline),
    )


def _bare(check: str) -> Measurement:
    metric, kind = _BARE[check]
    return Measurement(metric=metric, kind=kind, check=check, value=None, n=0)


def _column_drift(config: ModelConfig, name: str, found: Comparison) -> Measurement:
    is_feature = name in config.features
    measured = replace(
        _measured(config, name, found),
        check=FEATURES if is_feature else PREDICTION,
    )
    return _judged(config, measured, found, config.drift_of(name))


def _measured(config: ModelConfig, name: str, found: Comparison) -> Measurement:
    """Return a drift with its certified bounds, where it is not known exactly."""
    value = found.found
    is_exact = value is None or value.low == value.high
    return Measurement(
        metric="drift",
        kind=Kind.FEATURE_DRIFT if name in config.features else Kind.PREDICTION_DRIFT,
        column=name,
        method=found.method.name,
        value=None if value is None else value.value,
        lower=None if value is None or is_exact else value.low,
        upper=None if value is None or is_exact else value.high,
        n=found.n,
        reason=found.reason,
    )


def _judged(
    config: ModelConfig, measured: Measurement, found: Comparison, settings: DriftSettings
) -> Measurement:
    if measured.n < config.min_rows:
        return unjudged(measured, too_few(measured.n, config.min_rows))
    if measured.value is None:
        return unjudged(measured, f"{measured.column}: {found.reason}")
    method = found.method
    limit = method.limit(settings.threshold)
    word = "p-value" if method.is_p_value else "distance"
    match found.verdict(limit):
        case Verdict.NO_DRIFT:
            return measured.with_verdict(Status.OK, "", limit)
        case Verdict.UNDECIDED:
            between = f"is between {measured.lower:.3g} and {measured.upper:.3g}, {limit:g} too"
            return unjudged(measured, f"{measured.column}: {method.name} {word} {between}")
    side = "below" if method.is_p_value else "above"
    said = f"{method.name} {word} {measured.value:.3g} is {side} {limit:g}"
    return measured.with_verdict(Status.BAD, f"{measured.column}: {said}", limit)


def _drifted_share(columns: list[Measurement]) -> Measurement:
    judged = [c for c in columns if c.status in {Status.OK, Status.BAD}]
    drifted = sum(c.status is Status.BAD for c in judged)
    return Measurement(
        metric="drifted_share",
        kind=Kind.FEATURE_DRIFT,
        value=drifted / len(judged) if judged else None,
        n=max((c.n for c in columns), default=0),
        reason=f"{drifted} of {len(judged)} judged features",
    )


def _correlation(
    config: ModelConfig, layout: Layout, current: Profile, baseline: Profile
) -> Iterator[Measurement]:
    """Yield the largest change, and every other one that is too large."""
    names = config.numeric_features
    if len(names) < 2:  # noqa: PLR2004 - a correlation takes two
        return
    now, before = (correlations(layout, side.comoments) for side in (current, baseline))
    common = np.minimum(current.comoments.rows, baseline.comoments.rows)
    pairs = _largest_changes(now - before, common >= config.min_rows)
    if not pairs:
        yield unjudged(_bare(CORRELATION), "no two features vary together in enough rows")
    for rank, (i, j) in enumerate(pairs):
        pair, n = f"{names[i]} × {names[j]}", int(current.comoments.rows[i, j])
        moved = finite(abs(now[i, j] - before[i, j]))
        change = replace(_bare(CORRELATION), column=pair, value=moved, n=n)
        limit = max(config.max_correlation_change, CHANCE / math.sqrt(n))
        judged = at_most(change, limit, min_rows=config.min_rows)
        if judged.status is Status.BAD:
            said = f"{pair}: correlation went from {before[i, j]:.2f} to {now[i, j]:.2f}"
            judged = judged.with_verdict(Status.BAD, said, limit)
        if rank == 0 or judged.status is Status.BAD:
            yield judged


def _largest_changes(change: Floats, is_known: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the pairs whose correlation changed most, the largest first."""
    rows, columns = np.nonzero(np.triu(is_known & np.isfinite(change), k=1))
    order = np.argsort(-np.abs(change[rows, columns]), kind="stable")[:MOST_PAIRS]
    return [(int(rows[k]), int(columns[k])) for k in order]


def _by_segment(
    config: ModelConfig, current: SegmentedProfile, baseline: PreparedReference
) -> Iterator[Measurement]:
    for (column, value), now in current.segments.items():
        if now.rows < config.min_rows:
            continue
        before = baseline.profiles.segments.get((column, value)) or empty_profile(baseline.layout)
        for name in config.drift_columns:
            if name != column:
                method = config.drift_of(name).method
                found = compare(baseline.layout, before, now, name, method)
                yield replace(_measured(config, name, found), segment=f"{column}={value}")
