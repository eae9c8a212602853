"""Drift of one window against the reference: features, prediction, correlations.

Features and prediction are judged over all rows; by segment they are measured only, because
without calibration a fixed limit on a few hundred rows alarms on noise (a clean normal column of
200 rows exceeds Evidently's 0.1 in a third of windows).
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from monitoring_assets.config.model import DriftSettings, ModelConfig
from monitoring_assets.domain.measurement import Kind, Measurement, Status, finite
from monitoring_assets.domain.window import Window
from monitoring_assets.evaluation.judge import at_most, too_few, unjudged
from monitoring_assets.evaluation.log import NO_ROWS
from monitoring_assets.evaluation.profiles import Correlations, Profile
from monitoring_assets.evaluation.reference import Reference
from monitoring_assets.evaluation.table import OTHER, groups
from monitoring_assets.metrics.drift_methods import DriftValue, drift

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
    current: Profile, reference: Reference, window: Window
) -> tuple[Measurement, ...]:
    """Return how far one window is from the reference.

    Args:
        current: The valid rows of the window.
        reference: What they are compared with.
        window: The window.
    """
    config, baseline = reference.config, reference.baseline(window)
    if not current.n:
        return tuple(unjudged(_bare(check), NO_ROWS) for check in CHECKS)
    columns = [_column_drift(config, current, baseline, name) for name in config.features]
    return (
        *columns,
        _drifted_share(columns),
        _column_drift(config, current, baseline, config.drift_column),
        *_correlation(config, current, baseline),
        *_by_segment(config, current, baseline),
    )


def _bare(check: str) -> Measurement:
    metric, kind = _BARE[check]
    return Measurement(metric=metric, kind=kind, check=check, value=None, n=0)


def _column_drift(
    config: ModelConfig, current: Profile, baseline: Profile, name: str
) -> Measurement:
    settings = config.drift_of(name)
    found = drift(baseline.sample(name), current.sample(name), settings.method)
    is_feature = name in config.features
    measured = Measurement(
        metric="drift",
        kind=Kind.FEATURE_DRIFT if is_feature else Kind.PREDICTION_DRIFT,
        check=FEATURES if is_feature else PREDICTION,
        column=name,
        method=found.method.name,
        value=found.value,
        n=found.n,
    )
    return _judged(config, measured, found, settings)


def _judged(
    config: ModelConfig, measured: Measurement, found: DriftValue, settings: DriftSettings
) -> Measurement:
    if measured.n < config.min_rows:
        return unjudged(measured, too_few(measured.n, config.min_rows))
    if found.value is None:
        return unjudged(measured, f"{measured.column}: {found.reason}")
    method = found.method
    limit = method.threshold if settings.threshold is None else settings.threshold
    if not method.is_drift(found.value, limit):
        return measured.with_verdict(Status.OK, "", limit)
    word = "p-value" if method.is_p_value else "distance"
    side = "below" if method.is_p_value else "above"
    reason = f"{measured.column}: {method.name} {word} {found.value:.3g} is {side} {limit:g}"
    return measured.with_verdict(Status.BAD, reason, limit)


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
    config: ModelConfig, current: Profile, baseline: Profile
) -> Iterator[Measurement]:
    """Yield the largest change, and every other one that is too large."""
    names = config.numeric_features
    if len(names) < 2:  # noqa: PLR2004 - a correlation takes two
        return
    pairs = _largest_changes(current.correlations, baseline.correlations, config.min_rows)
    if not pairs:
        yield unjudged(_bare(CORRELATION), "no two features vary together in enough rows")
    for rank, (i, j) in enumerate(pairs):
        pair, n = f"{names[i]} × {names[j]}", int(current.correlations.rows[i, j])
        before, now = baseline.correlations.matrix[i, j], current.correlations.matrix[i, j]
        change = replace(_bare(CORRELATION), column=pair, value=finite(abs(now - before)), n=n)
        limit = max(config.max_correlation_change, CHANCE / math.sqrt(n))
        judged = at_most(change, limit, min_rows=config.min_rows)
        if judged.status is Status.BAD:
            moved = f"{pair}: correlation went from {before:.2f} to {now:.2f}"
            judged = judged.with_verdict(Status.BAD, moved, limit)
        if rank == 0 or judged.status is Status.BAD:
            yield judged


def _largest_changes(
    current: Correlations, baseline: Correlations, min_rows: int
) -> list[tuple[int, int]]:
    """Return the pairs whose correlation changed most, the largest first."""
    change = np.abs(current.matrix - baseline.matrix)
    is_known = np.minimum(current.rows, baseline.rows) >= min_rows
    rows, columns = np.nonzero(np.triu(is_known & np.isfinite(change), k=1))
    order = np.argsort(-change[rows, columns], kind="stable")[:MOST_PAIRS]
    return [(int(rows[k]), int(columns[k])) for k in order]


def _by_segment(config: ModelConfig, current: Profile, baseline: Profile) -> Iterator[Measurement]:
    for column in config.segments:
        for value, part in groups(current.rows, column, config.max_segment_values):
            if value == OTHER or part.num_rows < config.min_rows:
                continue
            before, now = baseline.segment(column, value), Profile(config, part)
            for name in (*config.features, config.drift_column):
                if name != column:
                    yield _segment_drift(config, now, before, name, f"{column}={value}")


def _segment_drift(
    config: ModelConfig, current: Profile, baseline: Profile, name: str, segment: str
) -> Measurement:
    found = drift(baseline.sample(name), current.sample(name), config.drift_of(name).method)
    return Measurement(
        metric="drift",
        kind=Kind.FEATURE_DRIFT if name in config.features else Kind.PREDICTION_DRIFT,
        column=name,
        segment=segment,
        method=found.method.name,
        value=found.value,
        n=found.n,
        reason=found.reason,
    )
