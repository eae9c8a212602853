"""Data quality of one window's valid rows against the reference, from its profile.

What a row may look like at all belongs to `evaluation.contract`; whether the distribution moved
to `evaluation.drift`.
"""

from collections.abc import Collection, Iterator, Mapping

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
from monitoring_assets.evaluation.reference import Reference
from monitoring_assets.profiles.profile import CategoryProfile, NumericProfile, Profile
from monitoring_assets.profiles.quality import numeric_quality
from monitoring_assets.stats.intervals import share

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
    profile: Profile,
    reference: Reference,
    window: Window,
    received: int,
    absent: Collection[str] = (),
) -> tuple[Measurement, ...]:
    """Return the quality of one window.

    Args:
        profile: The profile of its valid rows.
        reference: What the rows are compared with.
        window: The window.
        received: How many rows arrived, invalid ones among them.
        absent: Columns that were not stored, or in another form; that is trouble of the schema.
    """
    config, baseline = reference.config, reference.baseline(window).profile
    found = [_volume(config, reference.expected_rows(window), received)]
    if not profile.rows:
        return (*found, *(unjudged(_bare(check), NO_ROWS) for check in CHECKS[1:]))
    for name, feature in config.features.items():
        gone = f"{name} is missing or of another type" if name in absent else ""
        found += unjudged_if(gone, [_missing(config, baseline, name, profile)])
        if feature.type == "numeric":
            found += _numeric(reference, baseline, name, profile.numeric[name])
        else:
            found += _categorical(reference, name, profile.categorical[name])
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


def _missing(config: ModelConfig, baseline: Profile, name: str, profile: Profile) -> Measurement:
    own = config.features[name].max_missing
    allowed = config.quality.missing if own is None else own
    usual = _without_value(baseline, name) / baseline.rows if baseline.rows else 0.0
    missing = _without_value(profile, name)
    found = _share("missing_share", MISSING, name, missing, profile.rows)
    return at_most(found, min(1.0, usual + allowed), min_rows=config.min_rows)


def _without_value(profile: Profile, name: str) -> int:
    column = profile.numeric[name] if name in profile.numeric else profile.categorical[name]
    return column.missing


def _numeric(
    reference: Reference, baseline: Profile, name: str, profile: NumericProfile
) -> Iterator[Measurement]:
    config, grid = reference.config, reference.layout.grids[name]
    found = numeric_quality(grid, profile)
    stored = found.n + found.infinite + found.missing
    infinite = _share("infinite_share", RANGES, name, found.infinite, stored)
    yield at_most(infinite, config.quality.infinite, min_rows=config.min_rows)
    outside = _share("out_of_range_share", RANGES, name, found.out_of_range, found.n)
    if grid.usual is None:
        yield unjudged(outside, f"{name} has no value in the reference")
        return
    yield at_most(outside, config.quality.out_of_range, min_rows=config.min_rows)
    usual = numeric_quality(grid, baseline.numeric[name])
    yield at_most(
        _share("outlier_share", OUTLIERS, name, found.outliers, found.n),
        min(1.0, usual.outliers / max(usual.n, 1) + config.quality.outliers),
        min_rows=config.min_rows,
    )
    varied_before = grid.usual.low < grid.usual.high
    yield _constant(
        config, name, found.n, is_constant=found.is_constant, varied_before=varied_before
    )


def _categorical(
    reference: Reference, name: str, profile: CategoryProfile
) -> Iterator[Measurement]:
    config, seen = reference.config, reference.seen_categories[name]
    yield _unseen(reference, name, profile)
    yield _constant(
        config,
        name,
        profile.n,
        is_constant=profile.distinct == 1,
        varied_before=len(seen) > 1,
    )


def _unseen(reference: Reference, name: str, profile: CategoryProfile) -> Measurement:
    """Judge the share of new categories; some of very many are not told from known ones."""
    quality, seen = reference.config.quality, reference.seen_categories[name]
    new = {value: n for value, n in profile.new.as_dict().items() if value not in seen}
    is_told = reference.layout.categories[name].is_complete or not profile.other
    rows = sum(new.values()) + (profile.other if is_told else 0)
    unseen = _share("unseen_category_share", RANGES, name, rows, profile.n)
    judged = at_most(unseen, quality.unseen_categories, min_rows=reference.config.min_rows)
    if judged.status is Status.BAD:
        named = _named(new, profile)
        reason = f"{name}: {unseen.value or 0:.1%} of values are unseen in the reference: {named}"
        return judged.with_verdict(Status.BAD, reason, judged.threshold)
    if judged.status is Status.OK and not is_told:
        return unjudged(unseen, f"{name}: too many categories to know which ones are new")
    return judged


def _named(new: Mapping[str, int], profile: CategoryProfile) -> str:
    """Return the largest new categories, and how many there are beside them."""
    largest = sorted(new, key=lambda value: (-new[value], value))[:3]
    names = ", ".join(repr(value[:40]) for value in largest)
    if profile.other:
        return f"{names} and about {float(f'{profile.unknown:.2g}'):,.0f} more"
    others = len(new) - len(largest)
    return f"{names} and {others:,} more" if others else names


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
