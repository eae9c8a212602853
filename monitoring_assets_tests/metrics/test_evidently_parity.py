"""The installed Evidently computes the same values, method choices and verdicts.

Deliberate differences are listed in `monitoring_assets.metrics.drift_methods`; each has its own
test here or in `test_drift_methods.py`.
"""

import warnings
from collections import Counter

import numpy as np
import pytest

from monitoring_assets.metrics.drift_methods import DRIFT_METHODS, drift, evidently_default
from monitoring_assets.stats.samples import CategorySample, NumericSample

pytestmark = pytest.mark.slow

EVIDENTLY_NAMES = {"energy_distance": "ed"}


def _normal(rng, n, shift=0.0, scale=1.0):
    return rng.normal(shift, scale, n)


# Each entry draws a reference of n values and a current sample of about the same size.
NUMBERS = {
    "normal, no drift": lambda g, n: (_normal(g, n), _normal(g, n)),
    "normal, small shift": lambda g, n: (_normal(g, n), _normal(g, n - 13, 0.1)),
    "normal, large shift": lambda g, n: (_normal(g, n), _normal(g, n // 3, 2.0)),
    "wider": lambda g, n: (_normal(g, n), _normal(g, n + 7, 0.0, 1.7)),
    "log-normal": lambda g, n: (g.lognormal(0, 2, n), g.lognormal(0, 2, n) * 1.2),
    "cauchy": lambda g, n: (g.standard_cauchy(n), g.standard_cauchy(n // 2)),
    "pareto": lambda g, n: (g.pareto(1.5, n), g.pareto(1.4, n)),
    "integers": lambda g, n: (g.integers(0, 50, n) * 1.0, g.integers(0, 51, n - 1) * 1.0),
    "20 integers": lambda g, n: (
        g.permutation(np.arange(n) % 20) * 1.0,
        g.integers(0, 25, n) * 1.0,
    ),
    "21 integers": lambda g, n: (
        g.permutation(np.arange(n) % 21) * 1.0,
        g.integers(3, 25, n) * 1.0,
    ),
    "six values": lambda g, n: (g.integers(0, 6, n) * 1.0, g.integers(0, 5, n) * 1.0),
    "five values": lambda g, n: (g.integers(0, 5, n) * 1.0, g.integers(0, 5, n) * 1.0),
    "three values": lambda g, n: (g.integers(0, 3, n) * 1.0, g.integers(0, 3, n // 2) * 1.0),
    "three fractions": lambda g, n: (g.integers(0, 3, n) / 3, g.integers(0, 3, n - 9) / 3),
    "a new value": lambda g, n: (g.integers(0, 3, n) * 1.0, g.integers(0, 4, n) * 1.0),
    "booleans": lambda g, n: ((g.random(n) < 0.3) * 1.0, (g.random(n) < 0.36) * 1.0),
    "booleans, one side constant": lambda g, n: ((g.random(n) < 0.3) * 1.0, np.ones(n // 2)),
    "constant": lambda _, n: (np.full(n, 7.25), np.full(n, 7.25)),
    "constant, then another": lambda _, n: (np.full(n, 7.0), np.full(n // 2, 8.0)),
    "constant reference": lambda g, n: (np.full(n, 7.0), _normal(g, n)),
    "constant current": lambda g, n: (_normal(g, n), np.full(n, 0.1)),
    "tiny scale": lambda g, n: (_normal(g, n, 0, 1e-5), _normal(g, n, 1e-6, 1e-5)),
    "huge scale": lambda g, n: (_normal(g, n, 0, 1e12), _normal(g, n, 1e11, 1e12)),
    "epoch seconds": lambda g, n: (1.7e9 + g.random(n) * 86400, 1.7e9 + 7e4 + g.random(n) * 86400),
    "zero-inflated": lambda g, n: (
        g.exponential(size=n) * (g.random(n) < 0.3),
        g.exponential(size=n) * (g.random(n) < 0.35),
    ),
    "one outlier": lambda g, n: (_normal(g, n), np.append(_normal(g, n), 1e6)),
    "few current rows": lambda g, n: (_normal(g, n), _normal(g, 3)),
    "one current row": lambda g, n: (_normal(g, n), _normal(g, 1)),
}
CATEGORIES = {
    "two": lambda g, n: (g.choice(["a", "b"], n), g.choice(["a", "b"], n - 5, p=[0.46, 0.54])),
    "two, one gone": lambda g, n: (g.choice(["a", "b"], n), np.full(n, "b")),
    "one": lambda _, n: (np.full(n, "a"), np.full(n // 2, "a")),
    "one, then another": lambda _, n: (np.full(n, "a"), np.full(n // 2, "b")),
    "three": lambda g, n: (g.choice(list("abc"), n), g.choice(list("abc"), n // 2)),
    "eight, shifted": lambda g, n: (
        g.choice(list("abcdefgh"), n),
        g.choice(list("abcdefgh"), n, p=[0.2, 0.05, 0.15, 0.1, 0.1, 0.15, 0.1, 0.15]),
    ),
    "fifty": lambda g, n: (g.integers(0, 50, n).astype(str), g.integers(0, 50, n).astype(str)),
    "one-sided": lambda g, n: (g.integers(0, 9, n).astype(str), g.integers(4, 15, n).astype(str)),
    "disjoint": lambda g, n: (g.integers(0, 5, n).astype(str), g.integers(5, 9, n).astype(str)),
    "rare": lambda _, n: (
        np.append(np.full(n, "usual"), "rare"),
        np.append(np.full(n, "usual"), ["rare"] * 3),
    ),
}
SIZES = [40, 1000, 1001, 12_000]


class Pair:
    """The same two columns in both forms: pandas for Evidently, samples for us."""

    def __init__(self, case, n):
        draw = NUMBERS.get(case) or CATEGORIES[case]
        self._take(*draw(np.random.default_rng(7), n))

    @classmethod
    def of(cls, reference, current):
        pair = cls.__new__(cls)
        pair._take(reference, current)
        return pair

    def exchanged(self):
        return Pair.of(*reversed(self.arrays))

    def _take(self, reference, current):
        import pandas as pd

        self.is_numeric = reference.dtype.kind in "fi"
        self.arrays = reference, current
        self.series = pd.Series(reference), pd.Series(current)
        self.samples = tuple(map(self._sample, (reference, current)))

    def _sample(self, values):
        return NumericSample.of(values) if self.is_numeric else CategorySample(Counter(values))


def evidently(pair, name=None):
    """Return the stat test that Evidently chooses or is told to use, and its result."""
    from evidently.legacy.calculations.stattests import get_stattest
    from evidently.legacy.core import ColumnType

    kind = ColumnType.Numerical if pair.is_numeric else ColumnType.Categorical
    test = get_stattest(*pair.series, kind, EVIDENTLY_NAMES.get(name, name))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return test.name, test(*(s.copy() for s in pair.series), kind, None)


def evidently_wasserstein_without_floor(pair, value):
    """Return what Evidently's value would be if small scales had no floor."""
    spread = np.std(pair.arrays[0])
    return value * max(spread, 0.001) / spread


def close_to(value, name):
    # Evidently's Jensen-Shannon and Hellinger are the square root of a rounding error near 0,
    # and its p-values near 0 are 1 minus a number near 1.
    is_root_of_rounding = name in {"jensenshannon", "hellinger"} and value < 1e-5
    return pytest.approx(value, rel=1e-9, abs=3e-8 if is_root_of_rounding else 1e-14)


# Where Evidently raises, returns NaN or something meaningless.
MEANINGLESS = {
    ("anderson", "constant"),
    ("cramer_von_mises", "constant"),
    ("cramer_von_mises", "one current row"),
    ("wasserstein", "constant, then another"),
    ("wasserstein", "constant reference"),
    ("chisquare", "one"),
    ("t_test", "constant"),
    ("t_test", "constant, then another"),
}
# Too few values, or distinct ones, for a rank of four.
MEANINGLESS |= {
    ("es", case)
    for case in NUMBERS
    if case.startswith(("constant", "booleans", "three", "a new", "few", "one current"))
}
# Random in Evidently, one-sided, or only for samples of one size; each has a test of its own.
OTHERWISE = {"TVD", "empirical_mmd", "mannw", "g_test", "fisher_exact"}
OUR_OWN = {"chisquare_two_sample", "total_variation"}


def meaningful(kind, cases):
    names = [m.name for m in DRIFT_METHODS.values() if kind in m.kinds]
    names = [name for name in names if name not in OTHERWISE | OUR_OWN]
    return [(n, c) for n in names for c in cases if (n, c) not in MEANINGLESS]


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize(
    ("name", "case"),
    [*meaningful("numeric", NUMBERS), *meaningful("categorical", CATEGORIES)],
)
def test_a_method_returns_evidentlys_value(name, case, n):
    pair = Pair(case, n)
    _, expected = evidently(pair, name)
    score = float(expected.drift_score)
    if (name, case) == ("wasserstein", "tiny scale"):
        score = evidently_wasserstein_without_floor(pair, score)
    assert drift(*pair.samples, name).value == close_to(score, name)


# Evidently's floor of 0.001 under the standard deviation decides these; see the tests below.
DECIDED_BY_FLOOR = {("tiny scale", 1001), ("tiny scale", 12_000)} | {
    ("constant reference", 1001),
    ("constant reference", 12_000),
}


@pytest.mark.parametrize(
    ("case", "n"),
    [(c, n) for c in [*NUMBERS, *CATEGORIES] for n in SIZES if (c, n) not in DECIDED_BY_FLOOR],
)
def test_the_default_is_evidentlys_choice_value_and_verdict(case, n):
    pair = Pair(case, n)
    name, expected = evidently(pair)
    ours = drift(*pair.samples)
    assert ours.method.name == name
    assert ours.value == close_to(float(expected.drift_score), name)
    assert ours.method.threshold == expected.actual_threshold
    assert ours.method.is_drift(ours.value, ours.method.threshold) == expected.drifted


@pytest.mark.parametrize("name", sorted(set(DRIFT_METHODS) - OUR_OWN))
def test_thresholds_are_evidentlys(name):
    from evidently.legacy.calculations.stattests import registry

    kinds = registry._registered_stat_tests[EVIDENTLY_NAMES.get(name, name)]
    assert DRIFT_METHODS[name].threshold == next(iter(kinds.values())).default_threshold
    assert {kind.value for kind in kinds} == {
        {"numeric": "num", "categorical": "cat"}[kind] for kind in DRIFT_METHODS[name].kinds
    }


@pytest.mark.parametrize("case", ["two", "eight, shifted", "one-sided"])
def test_the_permutation_p_value_agrees_within_its_sampling_error(case):
    pair = Pair(case, 150)
    _, expected = evidently(pair, "TVD")
    p = float(expected.drift_score)
    assert drift(*pair.samples, "TVD").value == pytest.approx(
        p, abs=5 * np.sqrt(2 * max(p * (1 - p), 0.001) / 1000)
    )


@pytest.mark.parametrize("case", [case for case in NUMBERS if case != "constant"])
def test_the_rank_test_is_twice_the_smaller_of_evidentlys_two_sides(case):
    pair = Pair(case, 1000)
    sides = [float(evidently(p, "mannw")[1].drift_score) for p in (pair, pair.exchanged())]
    expected = min(1.0, 2 * min(sides))
    assert drift(*pair.samples, "mannw").value == pytest.approx(expected, rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("case", ["eight, shifted", "fifty", "one-sided", "disjoint"])
def test_the_g_test_is_evidentlys_for_samples_of_one_size(case):
    pair = Pair(case, 1000)
    _, expected = evidently(pair, "g_test")
    found = drift(*pair.samples, "g_test").value
    assert found == close_to(float(expected.drift_score), "g_test")


@pytest.mark.parametrize("p", [0.5, 0.46, 0.01])
def test_fishers_test_is_evidentlys_for_samples_of_one_size(p):
    draw = np.random.default_rng(0)
    pair = Pair.of(draw.choice(["a", "b"], 300), draw.choice(["a", "b"], 300, p=[p, 1 - p]))
    _, expected = evidently(pair, "fisher_exact")
    found = drift(*pair.samples, "fisher_exact").value
    assert found == close_to(float(expected.drift_score), "fisher_exact")


@pytest.mark.parametrize("shift", [0.0, 0.2, 1.0])
def test_the_kernel_p_value_agrees_within_its_sampling_error(shift):
    draw = np.random.default_rng(0)
    pair = Pair.of(draw.normal(size=150), draw.normal(shift, 1, 130))
    _, expected = evidently(pair, "empirical_mmd")
    p = float(expected.drift_score)
    assert drift(*pair.samples, "empirical_mmd").value == pytest.approx(
        p, abs=5 * np.sqrt(2 * max(p * (1 - p), 0.01) / 100)
    )


def test_the_drift_of_a_tiny_column_is_seen_although_evidently_misses_it():
    rng = np.random.default_rng(1)
    reference, current = rng.normal(0, 1e-4, 2000), rng.normal(5e-5, 1e-4, 2000)
    value = drift(NumericSample.of(reference), NumericSample.of(current)).value
    assert value == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("n", [1000, 1001])
def test_a_constant_reference_that_starts_to_vary_is_drift_as_in_evidently(n):
    pair = Pair("constant reference", n)
    _, expected = evidently(pair)
    ours = drift(*pair.samples)
    assert ours.method is evidently_default(*pair.samples)
    assert expected.drifted
    assert ours.method.is_drift(ours.value, ours.method.threshold)


def test_a_whole_report_agrees_on_columns_with_missing_and_infinite_values():
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    rng = np.random.default_rng(3)
    reference, current = (
        pd.DataFrame({"x": rng.normal(shift, 1, 1500), "g": rng.choice(list("abc"), 1500)})
        for shift in (0.0, 0.3)
    )
    reference.loc[:20, "x"] = np.nan
    current.loc[:9, "x"] = np.inf
    current.loc[:99, "g"] = None
    definition = DataDefinition(numerical_columns=["x"], categorical_columns=["g"])
    report = Report([ValueDrift(column="x"), ValueDrift(column="g")]).run(
        *(Dataset.from_pandas(f, definition) for f in (current, reference))
    )
    expected = [metric["value"] for metric in report.dict()["metrics"]]
    numbers = (NumericSample.of(f["x"].to_numpy()) for f in (reference, current))
    categories = (CategorySample(Counter(f["g"].dropna())) for f in (reference, current))
    ours = [drift(*numbers).value, drift(*categories).value]
    assert ours == pytest.approx(expected, rel=1e-9)
