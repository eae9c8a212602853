import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring_assets.metrics.drift_methods import DRIFT_METHODS, drift
from monitoring_assets.profiles.building import profile_of
from monitoring_assets.profiles.comparison import Verdict, compare
from monitoring_assets.profiles.layout import layout_of
from monitoring_assets.stats.samples import CategorySample, NumericSample
from monitoring_assets_tests.profiles.cases import DISTRIBUTIONS, numbers, pair

DISTANCES = [
    *("wasserstein", "energy_distance", "jensenshannon", "psi", "kl_div", "hellinger"),
    *("total_variation", "t_test", "ks"),
]


def samples(reference, current):
    return NumericSample.of(np.asarray(reference)), NumericSample.of(np.asarray(current))


def assert_contains(found, exact, tolerance=1e-9):
    slack = tolerance * (1 + abs(exact))
    assert found.low - slack <= exact <= found.high + slack, (found, exact)
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize("shift", [0.0, 0.05, 1.0])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("method", DISTANCES)
def test_the_exact_value_is_within_the_bounds(name, shift, method):
    reference = DISTRIBUTIONS[name](np.random.default_rng(1), 0.0)
    current = DISTRIBUTIONS[name](np.random.default_rng(2), shift)[:2500]
    layout, r, c = pair(reference, current)
    exact = drift(*samples(reference, current), method)
    found = compare(layout, r, c, "x", method)
    if found.found is None:  # a reference of few values against a window of many
        assert name in {"few values", "boolean", "constant"}, found.reason
        return
    assert_contains(found.found, exact.value)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_wasserstein_is_known_to_a_hundredth_of_the_threshold(name):
    reference = DISTRIBUTIONS[name](np.random.default_rng(1), 0.0)
    current = DISTRIBUTIONS[name](np.random.default_rng(2), 0.1)
    layout, r, c = pair(reference, current)
    found = compare(layout, r, c, "x", "wasserstein").found
    exact = drift(*samples(reference, current), "wasserstein").value
    assert found.high - found.low < 0.02 * max(1, exact)
    assert found.value == pytest.approx(exact, abs=1e-3)


floats = st.floats(-1e6, 1e6) | st.integers(-3, 3).map(float) | st.floats(-1e-3, 1e-3)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(floats, min_size=1, max_size=60),
    st.lists(floats, min_size=1, max_size=60),
    st.sampled_from(DISTANCES[:-1]),
)
def test_bounds_hold_for_any_values(reference, current, method):
    exact = drift(*samples(reference, current), method).value
    layout, r, c = pair(reference, current)
    found = compare(layout, r, c, "x", method).found
    if found is not None and exact is not None:
        assert_contains(found, exact, 1e-7)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(floats, min_size=30, max_size=40),
    st.lists(floats, min_size=1, max_size=40),
    st.lists(floats, min_size=1, max_size=40),
    st.sampled_from(DISTANCES[:-1]),
)
def test_bounds_hold_between_two_windows_on_the_grid_of_a_third(grid, reference, current, method):
    layout = layout_of(numbers(grid), ["x"], [])
    r, c = (profile_of(numbers(side), layout) for side in (reference, current))
    exact = drift(*samples(reference, current), method).value
    found = compare(layout, r, c, "x", method).found
    if found is not None and exact is not None:
        assert_contains(found, exact, 1e-7)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("size", [900, 3000])
def test_the_default_method_is_evidently_s(name, size):
    reference = DISTRIBUTIONS[name](np.random.default_rng(1), 0.0)[:size]
    current = DISTRIBUTIONS[name](np.random.default_rng(2), 0.0)
    layout, r, c = pair(reference, current)
    assert compare(layout, r, c, "x").method == drift(*samples(reference, current)).method


@pytest.mark.parametrize("shift", [0.0, 0.3])
@pytest.mark.parametrize("name", ["normal", "rounded", "small integers"])
def test_the_k_s_p_value_of_few_rows_is_the_exact_one_s(name, shift):
    reference = DISTRIBUTIONS[name](np.random.default_rng(1), 0.0)[:700]
    current = DISTRIBUTIONS[name](np.random.default_rng(2), shift)[:500]
    layout, r, c = pair(reference, current)
    found = compare(layout, r, c, "x").found
    assert_contains(found, drift(*samples(reference, current)).value)


@pytest.mark.parametrize("method", ["chisquare", "z", "jensenshannon", "psi", "kl_div", "TVD"])
def test_numbers_of_few_values_are_compared_exactly(method):
    reference = DISTRIBUTIONS["few values"](np.random.default_rng(1), 0.0)
    current = DISTRIBUTIONS["few values"](np.random.default_rng(2), 0.2)
    layout, r, c = pair(reference, current)
    found = compare(layout, r, c, "x", method).found
    assert found.low == found.high
    exact = drift(*samples(reference, current), method).value
    assert found.value == pytest.approx(exact, rel=1e-9)


def test_a_verdict_needs_bounds_on_one_side_of_the_limit():
    rng = np.random.default_rng(1)
    layout, r, c = pair(rng.normal(size=2000), rng.normal(0.5, 1, 2000))
    found = compare(layout, r, c, "x")
    middle = (found.found.low + found.found.high) / 2
    assert found.verdict() is Verdict.DRIFT
    assert found.verdict(0.6) is Verdict.NO_DRIFT
    assert found.verdict(middle) is Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("reference", "current", "reason"),
    [
        ([1.0], [np.nan], "the window has no value in this column"),
        ([np.nan], [1.0], "the reference has no value in this column"),
        ([1e200, 2.0], [1.0], "cannot be compared in double precision"),
    ],
)
def test_a_column_that_cannot_be_compared_is_undecided(reference, current, reason):
    layout, r, c = pair(reference, current)
    found = compare(layout, r, c, "x", "wasserstein")
    assert found.found is None
    assert reason in found.reason
    assert found.verdict() is Verdict.UNDECIDED


def test_values_that_sums_cannot_tell_apart_are_undecided():
    layout = layout_of(numbers(np.arange(100.0)), ["x"], [])
    r, c = (profile_of(numbers([0.0, tiny]), layout) for tiny in (1e-30, 3e-30))
    assert compare(layout, r, c, "x", "wasserstein").verdict() is Verdict.UNDECIDED


def test_profiles_of_two_layouts_are_not_compared():
    layout, r, _ = pair([1.0, 2.0], [1.0])
    _, _, c = pair([1.0, 3.0], [1.0])
    with pytest.raises(ValueError, match="different layouts"):
        compare(layout, r, c, "x")


def texts(values):
    return pa.table({"c": pa.array(values, pa.string())})


@pytest.mark.parametrize("method", ["evidently", "jensenshannon", "chisquare", "psi", "hellinger"])
def test_categories_are_compared_exactly(method):
    reference, current = ["a"] * 700 + ["b"] * 500, ["a"] * 300 + ["b"] * 10 + ["new"] * 20
    layout = layout_of(texts(reference), [], ["c"])
    found = compare(
        layout,
        profile_of(texts(reference), layout),
        profile_of(texts(current), layout),
        "c",
        method,
    )
    exact = drift(
        CategorySample({"a": 700, "b": 500}),
        CategorySample({"a": 300, "b": 10, "new": 20}),
        method,
    )
    assert (found.found.value, found.method) == (exact.value, exact.method)
    assert found.found.low == found.found.high


@pytest.mark.parametrize("method", ["jensenshannon", "hellinger"])
def test_categories_beyond_the_cap_give_bounds(method):
    rng = np.random.default_rng(3)
    sides = [[f"user {k}" for k in rng.zipf(1.3, 5000) % 4000] for _ in range(2)]
    layout = layout_of(texts(sides[0]), [], ["c"], most_categories=100)
    r, c = (profile_of(texts(side), layout) for side in sides)
    found = compare(layout, r, c, "c", method).found
    exact = drift(*(CategorySample({k: s.count(k) for k in set(s)}) for s in sides), method)
    assert found.low < found.high
    assert_contains(found, exact.value)


def test_a_test_is_undecided_where_categories_are_not_all_counted():
    names = [f"user {k}" for k in range(300)]
    layout = layout_of(texts(names), [], ["c"], most_categories=10)
    r = profile_of(texts(names), layout)
    assert compare(layout, r, r, "c", "psi").verdict() is Verdict.UNDECIDED


def test_every_method_is_answered_or_explained():
    rng = np.random.default_rng(1)
    layout, r, c = pair(rng.normal(size=2000), rng.normal(size=2000))
    for method in DRIFT_METHODS:
        found = compare(layout, r, c, "x", method)
        assert (found.found is None) == bool(found.reason)
