import numpy as np
import pyarrow as pa
import pytest

from monitoring_assets.config.model import DriftMethodName
from monitoring_assets.domain.measurement import Kind, Measurement, Status
from monitoring_assets.evaluation.drift import CHECKS, measure_drift
from monitoring_assets.metrics.drift_methods import DRIFT_METHODS, drift
from monitoring_assets_tests.evaluation.models import day, model, profile, reference, table

N = 1000


def measured(rows: pa.Table, config=None, known: pa.Table | None = None) -> list[Measurement]:
    config = config or model()
    against = reference(config, known)
    return list(measure_drift(profile(rows, against), against, day(config)))


def of(found: list[Measurement], column: str, metric: str = "drift") -> Measurement:
    (only,) = [m for m in found if (m.metric, m.column, m.segment) == (metric, column, "")]
    return only


def moved(by: float) -> pa.Table:
    return table(N, x=table(N)["x"].to_numpy() + by)


def test_a_column_that_moved_is_bad_and_says_by_how_much():
    x = of(measured(moved(1)), "x")
    assert (x.status, x.kind, x.check) == (Status.BAD, Kind.FEATURE_DRIFT, "feature_drift")
    assert x.reason.startswith("x: wasserstein distance ")
    assert x.reason.endswith(" is above 0.1")


def test_other_columns_stay_ok():
    found = measured(moved(1))
    assert [of(found, c).status for c in ("y", "c", "s")] == [Status.OK] * 3


@pytest.mark.parametrize(
    ("factor", "status"), [(0.99, Status.BAD), (1.0, Status.BAD), (1.01, Status.OK)]
)
def test_a_distance_drifts_from_its_limit_on(factor, status):
    value = of(measured(moved(1)), "x").value
    config = model(drift={"threshold": value * factor})
    assert of(measured(moved(1), config), "x").status is status


@pytest.mark.parametrize(
    ("factor", "status"), [(0.99, Status.OK), (1.0, Status.BAD), (1.01, Status.BAD)]
)
def test_a_p_value_drifts_up_to_its_limit(factor, status):
    features = {"x": {"type": "numeric", "drift": {"method": "ks"}}}
    value = of(measured(moved(0.05), model(features=features)), "x").value
    own = {"method": "ks", "threshold": value * factor}
    config = model(features={"x": {"type": "numeric", "drift": own}})
    assert of(measured(moved(0.05), config), "x").status is status


def test_a_feature_may_have_a_limit_of_its_own():
    features = {"x": {"type": "numeric", "drift": {"threshold": 9}}, "y": "numeric"}
    assert of(measured(moved(1), model(features=features)), "x").status is Status.OK


def test_the_score_is_the_prediction_that_may_drift():
    s = of(measured(table(N, s=table(N)["s"].to_numpy() / 2)), "s")
    assert (s.status, s.kind, s.check) == (
        Status.BAD,
        Kind.PREDICTION_DRIFT,
        "prediction_drift",
    )


def test_without_a_score_the_class_may_drift():
    config = model(columns={"timestamp": "at", "prediction": "p"})
    assert of(measured(table(N, p=["1"] * N), config), "p").status is Status.BAD


@pytest.mark.parametrize(("n", "status"), [(29, Status.UNJUDGED), (30, Status.BAD)])
def test_too_few_values_are_not_judged(n, status):
    x = pa.array([9.0] * n + [None] * (N - n))
    assert of(measured(table(N, x=x)), "x").status is status


def test_a_column_without_values_is_unjudged_and_the_others_are_judged():
    found = measured(table(N, x=pa.nulls(N, pa.float64())))
    assert of(found, "x").status is Status.UNJUDGED
    assert of(found, "y").status is Status.OK


def test_a_column_that_the_reference_lacks_is_unjudged():
    found = measured(table(N), known=table(2000).drop(["x"]))
    assert of(found, "x").status is Status.UNJUDGED
    assert "the reference has no value" in of(found, "x").reason


def test_an_empty_window_leaves_every_check_unjudged():
    found = measured(table(0))
    assert [m.check for m in found] == list(CHECKS)
    assert {m.status for m in found} == {Status.UNJUDGED}


def test_the_share_of_drifted_features_counts_those_that_were_judged():
    rows = moved(1).set_column(5, "y", pa.nulls(N, pa.float64()))
    share = of(measured(rows), "", "drifted_share")
    assert (share.value, share.reason) == (0.5, "1 of 2 judged features")


def test_names_of_measurements_are_unique():
    config = model(segments=("c",))
    for rows in (table(0), table(N)):
        found = measured(rows, config)
        keys = [(m.metric, m.column, m.segment, m.version) for m in found]
        assert len(set(keys)) == len(keys)


# -- correlations --------------------------------------------------------------------------------


def correlated(n: int, r: float, seed: int = 3) -> pa.Table:
    """Return rows whose x and y have exactly the correlation r."""
    rng = np.random.default_rng(seed)
    x, noise = rng.normal(size=(2, n))
    x = (x - x.mean()) / x.std()
    noise -= noise.mean() + x * (noise @ x) / n
    y = r * x + np.sqrt(1 - r**2) * noise / noise.std()
    return table(n, x=x, y=y)


def change(rows: pa.Table, **changes: object) -> Measurement:
    config = model(**changes)
    return of(measured(rows, config, correlated(2000, 0)), "x × y", "correlation_change")


@pytest.mark.parametrize(("r", "status"), [(0.29, Status.OK), (0.31, Status.BAD)])
def test_a_correlation_may_move_by_a_limit(r, status):
    found = change(correlated(N, r))
    assert (found.status, found.value, found.threshold) == (status, pytest.approx(r), 0.3)


def test_a_correlation_that_moved_says_from_where():
    assert change(correlated(N, 0.5)).reason == "x × y: correlation went from 0.00 to 0.50"


@pytest.mark.parametrize(("n", "status"), [(64, Status.OK), (200, Status.BAD)])
def test_few_rows_may_move_by_chance(n, status):
    assert change(correlated(n, 0.45)).status is status


def test_few_common_rows_are_not_compared():
    rows = correlated(N, 0.9)
    x = pa.array([*rows["x"].to_pylist()[:29], *[None] * (N - 29)])
    config = model(features={"x": "numeric", "y": "numeric"})
    (found,) = [m for m in measured(table(N, x=x, y=rows["y"]), config) if m.column == ""][1:]
    assert (found.check, found.status) == ("correlation_change", Status.UNJUDGED)


def test_a_constant_column_has_no_correlation():
    found = measured(table(N, x=np.ones(N)), model(features={"x": "numeric", "y": "numeric"}))
    (bare,) = [m for m in found if m.check == "correlation_change"]
    assert bare.reason == "no two features vary together in enough rows"


def test_one_numeric_feature_has_no_correlation():
    found = measured(table(N), model(features={"x": "numeric", "c": "categorical"}))
    assert [m for m in found if m.check == "correlation_change"] == []


def test_independent_small_windows_rarely_change_their_correlations():
    names = [f"f{i}" for i in range(10)]
    config = model(features=dict.fromkeys(names, "numeric"))
    rng = np.random.default_rng(0)

    def rows(n: int) -> pa.Table:
        return table(n, **{name: rng.normal(size=n) for name in names})

    known = reference(config, rows(5000))
    windows = [measure_drift(profile(rows(40), known), known, day(config)) for _ in range(100)]
    alarms = sum(
        any(m.check == "correlation_change" and m.status is Status.BAD for m in found)
        for found in windows
    )
    assert alarms <= 3


# -- segments ------------------------------------------------------------------------------------


def test_segments_are_measured_and_not_judged():
    found = measured(moved(1), model(segments=("c",)))
    by_segment = [m for m in found if m.segment]
    assert {m.segment for m in by_segment} == {"c=a", "c=b"}
    assert {m.column for m in by_segment} == {"x", "y", "s"}
    assert {(m.status, m.check) for m in by_segment} == {(Status.INFO, "")}


def test_a_segment_is_compared_with_the_same_segment():
    known = table(4000, seed=1)
    x = np.where(np.array(known["c"].to_pylist()) == "a", 10.0, 0.0) + known["x"].to_numpy()
    same = table(4000, seed=1, x=x)
    found = measured(same, model(segments=("c",)), same)
    assert {m.value for m in found if m.segment and m.column == "x"} == {0.0}


def test_small_segments_are_left_out():
    rows = table(N, c=["a"] * (N - 29) + ["b"] * 29)
    assert {m.segment for m in measured(rows, model(segments=("c",))) if m.segment} == {"c=a"}


def test_only_the_largest_segments_are_measured():
    config = model(segments=("c",), max_segment_values=1)
    rows = table(N, c=["a"] * 600 + ["b"] * 400)
    assert {m.segment for m in measured(rows, config) if m.segment} == {"c=a"}


# -- names ---------------------------------------------------------------------------------------


def test_the_yaml_knows_every_method():
    assert set(DriftMethodName.__args__) == {"evidently", *DRIFT_METHODS}


@pytest.mark.parametrize("method", DRIFT_METHODS)
def test_methods_that_the_yaml_refuses_for_categories_cannot_compare_them(method):
    known = reference(model()).whole.samples["c"]
    is_comparable = drift(known, known, method).value is not None
    is_accepted = True
    try:
        model(features={"c": {"type": "categorical", "drift": {"method": method}}})
    except ValueError:
        is_accepted = False
    assert is_accepted == is_comparable
