"""Data quality of one window's valid rows against the reference.

What a row may look like at all belongs to `evaluation.contract`; whether the distribution moved
to `evaluation.drift`.
"""

from collections.abc import Collection, Iterator

import numpy as np
import pyarrow as pa

from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.measurement import Kind, Measurement, Status
from monitoring_assets.domain.window import Window
from monitoring_assets.evaluation.judge import (
    at_most,
    measured,
    too_few,
    unjudged,
    unjudged_if,
)
from monitoring_assets.evaluation.log import NO_ROWS
from monitoring_assets.evaluation.profiles import Profile
from monitoring_assets.evaluation.reference import Reference
from monitoring_assets.evaluation.table import category_counts, numbers
from monitoring_assets.stats.intervals import share
from monitoring_assets.stats.samples import CategorySample, Floats

VOLUME, MISSING, RANGES, OUTLIERS, CONSTANT = (
    "volume",
    "missing_values",
    "value_ranges",
    "outliers",
    "constant_columns",
)
CHECKS = (VOLUME, MISSING, RANGES, OUTLIERS, CONSTANT)
_METRICS = {
    MISSING: "missing_share",
    RANGES: "out_of_range_share",
    OUTLIERS: "outlier_share",
    CONSTANT: "is_constant",
}


def measure_quality(
    rows: pa.Table,
    reference: Reference,
    window: Window,
    received: int,
    absent: Collection[str] = (),
) -> tuple[Measurement, ...]:
    """Return the quality of one window.

    Args:
        rows: The valid rows.
        reference: What the rows are compared with.
        window: The window.
        received: How many rows arrived, invalid ones among them.
        absent: Columns that were not stored, or in another form; that is trouble of the schema.
    """
    config, baseline = reference.config, reference.baseline(window)
    found = [_volume(config, reference.expected_rows(window), received)]
    if not rows.num_rows:
        return (*found, *(unjudged(_bare(check), NO_ROWS) for check in CHECKS[1:]))
    for name, feature in config.features.items():
        gone = f"{name} is missing or of another type" if name in absent else ""
        found += unjudged_if(gone, [_missing(config, baseline, name, rows)])
        if feature.type == "numeric":
            found += _numeric(config, baseline, name, numbers(rows, name))
        else:
            found += _categorical(config, baseline, name, category_counts(rows, name))
    return tuple(found)


def _volume(config: ModelConfig, expected: float | None, received: int) -> Measurement:
    ratio = Measurement(
        metric="volume_ratio",
        kind=Kind.QUALITY,
        check=VOLUME,
        value=received / expected if expected else None,
        n=received,
    )
    if not expected:
        return ratio.with_verdict(Status.INFO, "the reference does not say how many to expect")
    if not received:  # `has_rows` says so; one trouble is one incident
        return unjudged(ratio, NO_ROWS)
    low, high = config.quality.min_volume, config.quality.max_volume
    said = f"{received:,} rows where about {expected:,.0f} are usual"
    if received < low * expected:
        return ratio.with_verdict(Status.BAD, said, low)
    if received > high * expected:
        return ratio.with_verdict(Status.BAD, said, high)
    return ratio.with_verdict(Status.OK, "", high)


def _bare(check: str) -> Measurement:
    return Measurement(
        metric=_METRICS[check],
        kind=Kind.QUALITY,
        check=check,
        value=None,
        n=0,
    )


def _share(metric: str, check: str, column: str, part: int, n: int) -> Measurement:
    return measured(metric, Kind.QUALITY, share(part, n), check=check, column=column)


def _missing(config: ModelConfig, baseline: Profile, name: str, rows: pa.Table) -> Measurement:
    own = config.features[name].max_missing
    allowed = config.quality.missing if own is None else own
    found = _share("missing_share", MISSING, name, rows.column(name).null_count, rows.num_rows)
    limit = min(1.0, baseline.missing_share(name) + allowed)
    return at_most(found, limit, min_rows=config.min_rows)


def _numeric(
    config: ModelConfig, baseline: Profile, name: str, values: Floats
) -> Iterator[Measurement]:
    present = values[~np.isnan(values)]
    infinite = _share("infinite_share", RANGES, name, int(np.isinf(present).sum()), len(values))
    yield at_most(infinite, config.quality.infinite, min_rows=config.min_rows)
    usual = baseline.range(name)
    finite = present[np.isfinite(present)]
    if usual is None:
        yield unjudged(
            _share("out_of_range_share", RANGES, name, 0, len(finite)),
            f"{name} has no value in the reference",
        )
        return
    outside = int(np.count_nonzero((finite < usual.low) | (finite > usual.high)))
    yield at_most(
        _share("out_of_range_share", RANGES, name, outside, len(finite)),
        config.quality.out_of_range,
        min_rows=config.min_rows,
    )
    outliers = np.count_nonzero((finite < usual.fence_low) | (finite > usual.fence_high))
    yield at_most(
        _share("outlier_share", OUTLIERS, name, int(outliers), len(finite)),
        min(1.0, usual.outlier_share + config.quality.outliers),
        min_rows=config.min_rows,
    )
    is_constant = len(finite) > 0 and bool((finite == finite[0]).all())
    yield _constant(
        config,
        name,
        len(finite),
        is_constant=is_constant,
        varied_before=usual.low < usual.high,
    )


def _categorical(
    config: ModelConfig, baseline: Profile, name: str, counts: CategorySample
) -> Iterator[Measurement]:
    known = baseline.sample(name)
    seen = known.counts if isinstance(known, CategorySample) else {}
    new = {value: n for value, n in counts.counts.items() if value not in seen}
    unseen = _share("unseen_category_share", RANGES, name, sum(new.values()), counts.n)
    judged = at_most(unseen, config.quality.unseen_categories, min_rows=config.min_rows)
    if judged.status is Status.BAD:
        judged = judged.with_verdict(Status.BAD, _named(name, new, unseen), judged.threshold)
    yield judged
    yield _constant(
        config,
        name,
        counts.n,
        is_constant=len(counts.counts) == 1,
        varied_before=len(seen) > 1,
    )


def _named(name: str, new: dict[str, int], unseen: Measurement) -> str:
    largest = sorted(new, key=lambda value: (-new[value], value))[:3]
    names = ", ".join(repr(value[:40]) for value in largest)
    more = f" and {len(new) - 3:,} more" if len(new) > len(largest) else ""
    return f"{name}: {unseen.value or 0:.1%} of values are unseen in the reference: {names}{more}"


def _constant(
    config: ModelConfig, name: str, n: int, *, is_constant: bool, varied_before: bool
) -> Measurement:
    found = Measurement(
        metric="is_constant",
        kind=Kind.QUALITY,
        check=CONSTANT,
        column=name,
        value=float(is_constant),
        n=n,
    )
    if n < config.min_rows:
        return unjudged(found, too_few(n, config.min_rows))
    if is_constant and varied_before:
        return found.with_verdict(Status.BAD, f"{name} has the same value in all {n:,} rows", 0)
    return found.with_verdict(Status.OK, "", 0)
