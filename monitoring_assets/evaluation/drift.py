"""Drift of one window against the reference: features, prediction, correlations.

Features and prediction are judged over all rows; by segment they are measured only, because
without calibration a fixed limit on a few hundred rows alarms on noise (a clean normal column of
200 rows exceeds Evidently's 0.1 in a third of windows).
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from monitoring_assets.config.model import DriftSettings, ModelConfig
from monitoring_assets.domain.measurement import Kind, Measurement, Status, finite
from monitoring_assets.domain.window import Window
from monitoring_assets.evaluation.judge import at_most, too_few, unjudged
from monitoring_assets.evaluation.log import NO_ROWS
from monitoring_assets.evaluation.reference import Baseline, Reference, feature_matrix
from monitoring_assets.evaluation.table import groups, sample
from monitoring_assets.metrics.drift_methods import DriftValue, drift
from monitoring_assets.stats.correlation import correlation_matrix
from monitoring_assets.stats.samples import Floats

FEATURES, PREDICTION, CORRELATION = "feature_drift", "prediction_drift", "correlation_change"
CHECKS = (FEATURES, PREDICTION, CORRELATION)
# What stands for a check where nothing could be measured; a name may occur only once.
_BARE_METRICS = {
    FEATURES: "drifted_share",
    PREDICTION: "prediction_drift",
    CORRELATION: "correlation_change",
}
# Pairs of which the change is stored; the largest is judged.
MOST_PAIRS = 10


def measure_drift(rows: pa.Table, reference: Reference, window: Window) -> tuple[Measurement, ...]:
    """Return how far the valid rows of one window are from the reference."""
    config, baseline = reference.config, reference.baseline(window)
    if not rows.num_rows:
        return tuple(unjudged(_bare(check), NO_ROWS) for check in CHECKS)
    columns = [_column_drift(config, rows, baseline, name) for name in config.features]
    prediction = _column_drift(config, rows, baseline, config.drift_column)
    return (
        *columns,
        _drifted_share(columns),
        prediction,
        *_correlation(config, rows, baseline),
        *_by_segment(config, rows, baseline),
    )


def _bare(check: str) -> Measurement:
    kinds = {FEATURES: Kind.FEATURE_DRIFT, PREDICTION: Kind.PREDICTION_DRIFT}
    kind = kinds.get(check, Kind.CORRELATION)
    return Measurement(metric=_BARE_METRICS[check], kind=kind, check=check, value=None, n=0)


def _column_drift(
    config: ModelConfig, rows: pa.Table, baseline: Baseline, name: str
) -> Measurement:
    settings = config.drift_of(name)
    current = sample(rows, name, is_numeric=config.is_numeric(name))
    found = drift(baseline.sample(name), current, settings.method)
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


def _correlation(config: ModelConfig, rows: pa.Table, baseline: Baseline) -> Iterator[Measurement]:
    names = config.numeric_features
    if len(names) < 2:  # noqa: PLR2004 - a correlation takes two
        return
    current = correlation_matrix(feature_matrix(config, rows))
    pairs = _largest_changes(current - baseline.correlation)
    if not pairs:
        yield unjudged(_bare(CORRELATION), "no pair of features varies in both")
        return
    for rank, (i, j, change) in enumerate(pairs):
        pair = f"{names[i]} × {names[j]}"
        before, now = baseline.correlation[i, j], current[i, j]
        measured = Measurement(
            metric="correlation_change",
            kind=Kind.CORRELATION,
            check=CORRELATION,
            column=pair,
            value=finite(abs(change)),
            n=rows.num_rows,
        )
        judged = at_most(measured, config.max_correlation_change, min_rows=config.min_rows)
        if judged.status is Status.BAD:
            moved = f"{pair}: correlation went from {before:.2f} to {now:.2f}"
            judged = judged.with_verdict(Status.BAD, moved, judged.threshold)
        if rank == 0 or judged.status is Status.BAD:
            yield judged


def _largest_changes(change: Floats) -> list[tuple[int, int, float]]:
    """Return the pairs with the largest known change, the largest first."""
    rows, columns = np.triu_indices_from(change, k=1)
    sizes = np.abs(change[rows, columns])
    order = [k for k in np.argsort(-sizes, kind="stable") if np.isfinite(sizes[k])]
    return [(int(rows[k]), int(columns[k]), float(change[rows[k], columns[k]])) for k in order][
        :MOST_PAIRS
    ]


def _by_segment(config: ModelConfig, rows: pa.Table, baseline: Baseline) -> Iterator[Measurement]:
    for column in config.segments:
        for value, part in groups(rows, column, config.max_segment_values):
            if value == "other" or part.num_rows < config.min_rows:
                continue
            before = baseline.segment(column, value)
            for name in (*config.features, config.drift_column):
                if name != column:
                    yield _segment_drift(config, part, before, name, f"{column}={value}")


def _segment_drift(
    config: ModelConfig, part: pa.Table, before: Baseline, name: str, segment: str
) -> Measurement:
    current = sample(part, name, is_numeric=config.is_numeric(name))
    found = drift(before.sample(name), current, config.drift_of(name).method)
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
