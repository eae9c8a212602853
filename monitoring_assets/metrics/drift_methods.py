"""The methods by which the drift of a column can be measured, by Evidently's names.

The values are those of Evidently 0.7.23 on the same cleaned columns, so thresholds carry over
(`monitoring_assets_tests/metrics/test_evidently_parity.py`). They differ where Evidently's value
is an artefact:

- `wasserstein` divides by the reference's standard deviation, however small. Evidently puts a
  floor of 0.001 under it, so that no column in small units ever drifts. A constant reference,
  which has no scale, is measured in the joint spread of both samples.
- `hellinger`, `jensenshannon`, `psi` and `kl_div` bin integers like other numbers. Evidently
  makes bins of integer columns at least 1 wide, which puts 0 and 1 into one bin of `hellinger`.
- `hellinger` of equal samples is exactly 0, not the square root of a rounding error.
- `chisquare`, `anderson` and `cramer_von_mises` return 1 where both samples hold the same
  single value; Evidently returns NaN, an exception and a meaningless p-value.
- `TVD` draws its permutations from the counts, so it agrees with Evidently's p-value up to the
  error of 1,000 permutations, and it does not depend on the order of the rows.
- `mannw` is two-sided. Evidently's has the alternative that values grow, and misses every fall.
- `g_test` and `fisher_exact` take samples of different sizes; Evidently raises.
- `empirical_mmd` draws its permutations with a fixed seed, and refuses more than 2,000 values a
  side, whose pairs would fill the memory.
- `chisquare_two_sample` and `total_variation` are not Evidently's: a test that takes both samples
  as random, and a distance of shares that is not turned into a p-value.
- Categories are ordered as text. It matters only to `z` with more than two categories, which
  compares the share of the first one.
- An empty column is a value of None with a reason, where Evidently raises and loses the report.

Which columns are measured, and what follows from drift, belongs to `evaluation`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from monitoring_assets.domain.measurement import finite
from monitoring_assets.stats import distances, kernels, location, two_sample
from monitoring_assets.stats.binning import (
    FEW_VALUES,
    has_more_distinct_values,
    joint_range,
)
from monitoring_assets.stats.samples import NumericSample, Sample

ColumnKind = Literal["numeric", "categorical"]
Comparison = Callable[[Sample, Sample], float | None]

_NUMERIC: frozenset[ColumnKind] = frozenset({"numeric"})
_CATEGORICAL: frozenset[ColumnKind] = frozenset({"categorical"})
_BOTH = _NUMERIC | _CATEGORICAL

# Evidently's borders: p-values up to this many reference values, distances above; and
# categorical methods up to this many distinct numbers.
LARGEST_TESTED_REFERENCE = 1000
FEWEST_NUMBERS = 5

# The square of a difference must be a normal double.
_NARROWEST, _WIDEST = 1e-150, 1e150


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftMethod:
    """One way to compare a window's column with the reference's.

    Attributes:
        name: Its name in a model's YAML.
        threshold: The limit where the user gives none.
        is_p_value: Whether small values mean drift (a p-value) or large ones (a distance).
        drifts_at_threshold: Whether a value equal to the limit is drift.
        kinds: The kinds of columns that it is made for.
        compute: Returns the value for two samples that are not empty, None if undefined.
    """

    name: str
    threshold: float
    is_p_value: bool
    drifts_at_threshold: bool = True
    kinds: frozenset[ColumnKind]
    compute: Comparison

    def limit(self, own: float | None) -> float:
        """Return the limit that is in force: the user's own, where there is one."""
        return self.threshold if own is None else own

    def is_drift(self, value: float, threshold: float) -> bool:
        """Return whether a value is on the wrong side of the limit."""
        if value == threshold:
            return self.drifts_at_threshold
        return value < threshold if self.is_p_value else value > threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftValue:
    """How far a window's column is from the reference's.

    Attributes:
        method: The method that was used.
        value: A p-value or a distance, None where it cannot be computed.
        n: The values of the window that it rests on.
        reason: Why there is no value, empty where there is one.
    """

    method: DriftMethod
    value: float | None
    n: int
    reason: str = ""


def _of_numbers(test: Callable[[NumericSample, NumericSample], float | None]) -> Comparison:
    def compute(reference: Sample, current: Sample) -> float | None:
        if isinstance(reference, NumericSample) and isinstance(current, NumericSample):
            return test(reference, current)
        return None

    return compute


def _permuted(reference: Sample, current: Sample) -> float:
    # The seed is fixed so that a window that is evaluated again gets the same verdict.
    return two_sample.total_variation_permutation(reference, current, np.random.default_rng(0))


def _permuted_values(reference: NumericSample, current: NumericSample) -> float | None:
    return kernels.maximum_mean_discrepancy(reference, current, np.random.default_rng(0))


def _test(
    name: str, kinds: frozenset[ColumnKind], compute: Comparison, threshold: float = 0.05
) -> DriftMethod:
    return DriftMethod(
        name=name,
        threshold=threshold,
        is_p_value=True,
        drifts_at_threshold=False,
        kinds=kinds,
        compute=compute,
    )


def _distance(name: str, kinds: frozenset[ColumnKind], compute: Comparison) -> DriftMethod:
    return DriftMethod(name=name, threshold=0.1, is_p_value=False, kinds=kinds, compute=compute)


def _methods() -> dict[str, DriftMethod]:
    methods = (
        _distance("wasserstein", _NUMERIC, _of_numbers(distances.wasserstein_normed)),
        _distance("jensenshannon", _BOTH, distances.jensen_shannon),
        replace(
            _test("ks", _NUMERIC, _of_numbers(two_sample.kolmogorov_smirnov)),
            drifts_at_threshold=True,
        ),
        _test("chisquare", _CATEGORICAL, two_sample.chi_square_of_fit),
        _test("chisquare_two_sample", _CATEGORICAL, two_sample.chi_square),
        _test("z", _CATEGORICAL, two_sample.z_test),
        _test("g_test", _CATEGORICAL, two_sample.g_test, threshold=0.1),
        _test("fisher_exact", _CATEGORICAL, two_sample.fisher_exact, threshold=0.1),
        _distance("psi", _BOTH, distances.psi),
        _distance("hellinger", _BOTH, distances.hellinger),
        _distance("kl_div", _BOTH, distances.kl_divergence),
        _distance("total_variation", _BOTH, distances.total_variation),
        _test("TVD", _CATEGORICAL, _permuted, threshold=0.1),
        _test("anderson", _NUMERIC, _of_numbers(two_sample.anderson_darling), threshold=0.1),
        replace(
            _test(
                "cramer_von_mises",
                _NUMERIC,
                _of_numbers(two_sample.cramer_von_mises),
                threshold=0.1,
            ),
            drifts_at_threshold=True,
        ),
        _test("t_test", _NUMERIC, _of_numbers(location.t_test)),
        _test("mannw", _NUMERIC, _of_numbers(location.mann_whitney)),
        _test("es", _NUMERIC, _of_numbers(kernels.epps_singleton)),
        _test("empirical_mmd", _NUMERIC, _of_numbers(_permuted_values), threshold=0.1),
        replace(
            _distance("energy_distance", _NUMERIC, _of_numbers(distances.energy_distance)),
            drifts_at_threshold=False,
        ),
    )
    return {method.name: method for method in methods}


DRIFT_METHODS: Mapping[str, DriftMethod] = _methods()


def evidently_default(reference: Sample, current: Sample) -> DriftMethod:
    """Return the method that Evidently chooses by type, reference size and distinct values."""
    is_continuous = isinstance(reference, NumericSample) and has_more_distinct_values(
        FEWEST_NUMBERS, reference, current
    )
    if reference.n > LARGEST_TESTED_REFERENCE:
        return DRIFT_METHODS["wasserstein" if is_continuous else "jensenshannon"]
    if is_continuous:
        return DRIFT_METHODS["ks"]
    return DRIFT_METHODS["chisquare" if has_more_distinct_values(2, reference, current) else "z"]


def drift(reference: Sample, current: Sample, method: str = "evidently") -> DriftValue:
    """Return how far `current` is from `reference`.

    A column that cannot be compared is no error: its value is None and the reason says why.

    Args:
        reference: The cleaned column of the reference.
        current: The cleaned column of the window.
        method: A name of `DRIFT_METHODS`, or `evidently` for its default choice.

    >>> reference = NumericSample.of(np.arange(2000.0))
    >>> shifted = drift(reference, NumericSample.of(np.arange(2000.0) + 577))
    >>> shifted.method.name, round(shifted.value, 2)
    ('wasserstein', 1.0)
    """
    chosen = (
        evidently_default(reference, current) if method == "evidently" else DRIFT_METHODS[method]
    )
    reason = _obstacle(chosen, reference, current)
    if reason:
        return DriftValue(method=chosen, value=None, n=current.n, reason=reason)
    computed = chosen.compute(reference, current)
    value = None if computed is None else finite(computed)
    if value is None:
        reason = (
            f"{chosen.name} is not defined for {reference.n} reference values "
            f"and {current.n} values of the window"
        )
    return DriftValue(method=chosen, value=value, n=current.n, reason=reason)


def _obstacle(method: DriftMethod, reference: Sample, current: Sample) -> str:
    """Return why two samples cannot be compared by a method, empty where they can."""
    if current.n == 0:
        return "the window has no value in this column"
    if reference.n == 0:
        return "the reference has no value in this column"
    if type(reference) is not type(current):
        return "one side holds numbers and the other categories"
    if isinstance(reference, NumericSample) and isinstance(current, NumericSample):
        return _numeric_obstacle(method, reference, current)
    if "categorical" not in method.kinds:
        return f"{method.name} compares numbers, not categories: use jensenshannon or chisquare"
    return ""


def _numeric_obstacle(
    method: DriftMethod, reference: NumericSample, current: NumericSample
) -> str:
    if "numeric" not in method.kinds and has_more_distinct_values(FEW_VALUES, reference):
        return (
            f"{method.name} compares categories, and the reference has more than {FEW_VALUES} "
            "distinct numbers: use wasserstein or ks, or declare the column categorical"
        )
    low, high = joint_range(reference, current)
    if high > low and not _NARROWEST < high - low < _WIDEST:
        return f"the values from {low:g} to {high:g} cannot be compared in double precision"
    return ""
