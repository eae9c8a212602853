import numpy as np
import pyarrow as pa
import pytest

from monitoring_assets.domain.measurement import Kind, Measurement, Status
from monitoring_assets.evaluation.performance import measure_performance
from monitoring_assets.metrics.performance import PERFORMANCE_METRICS
from monitoring_assets.stats.intervals import share
from monitoring_assets.stats.samples import Estimate
from monitoring_assets_tests.evaluation.models import model, table

N = 400
NO_SCORE = {"timestamp": "at", "prediction": "p", "label": "truth"}


def coverage(value: float | None) -> Measurement:
    return Measurement(metric="label_coverage", kind=Kind.NO_DATA, value=value, n=N)


def right(n_right: int, n: int = N) -> pa.Table:
    """Return rows of which `n_right` are predicted right."""
    truth = np.array(["0", "1"])[np.arange(n) % 2]
    wrong = np.where(truth == "0", "1", "0")
    return table(n, truth=truth, p=np.where(np.arange(n) < n_right, truth, wrong))


def measured(
    rows: pa.Table,
    baseline: dict[str, Estimate],
    *,
    covered: float | None = 1.0,
    config=None,
) -> list[Measurement]:
    config = config or model(columns=NO_SCORE)
    return list(measure_performance(config, rows, coverage(covered), baseline))


def of(found: list[Measurement], metric: str) -> Measurement:
    (only,) = [m for m in found if (m.metric, m.segment, m.version) == (metric, "", "")]
    return only


def known(accuracy: float) -> dict[str, Estimate]:
    return {"accuracy": Estimate(value=accuracy, n=10_000)}


@pytest.mark.parametrize(
    ("n_right", "status"),
    [(341, Status.OK), (340, Status.OK), (339, Status.BAD), (200, Status.BAD)],
)
def test_accuracy_may_fall_by_a_limit(n_right, status):
    accuracy = of(measured(right(n_right), known(0.9)), "accuracy")
    assert (accuracy.status, accuracy.threshold) == (status, pytest.approx(0.85))


def test_a_fall_that_may_be_chance_is_ok():
    rows = right(32, n=40)  # 80 %, with an interval up to 90 %
    accuracy = of(measured(rows, known(0.88)), "accuracy")
    assert accuracy.value < accuracy.threshold
    assert accuracy.status is Status.OK


def test_a_rise_of_accuracy_is_ok():
    assert of(measured(right(N), known(0.9)), "accuracy").status is Status.OK


def test_what_is_bad_says_how_it_was():
    accuracy = of(measured(right(200), known(0.9)), "accuracy")
    assert accuracy.reason == "accuracy is 0.5, the reference has 0.9"


@pytest.mark.parametrize(
    ("covered", "status"),
    [(0.89, Status.UNJUDGED), (0.9, Status.BAD), (0.91, Status.BAD), (None, Status.UNJUDGED)],
)
def test_performance_is_judged_when_enough_labels_are_there(covered, status):
    assert of(measured(right(200), known(0.9), covered=covered), "accuracy").status is status


def test_few_labels_are_measured_all_the_same():
    accuracy = of(measured(right(200), known(0.9), covered=0.5), "accuracy")
    assert accuracy.value == 0.5
    assert accuracy.reason == "50% of predictions are labelled, min_coverage is 90%"


@pytest.mark.parametrize(("n", "status"), [(29, Status.UNJUDGED), (30, Status.BAD)])
def test_few_labelled_rows_are_not_judged(n, status):
    assert of(measured(right(0, n), known(0.9)), "accuracy").status is status


def test_without_labels_nothing_is_judged():
    found = measured(table(N).drop(["truth"]), known(0.9), covered=0.0)
    assert [(m.status, m.value, m.reason) for m in found] == [
        (Status.UNJUDGED, None, "no label has arrived")
    ]


def test_without_a_reference_value_nothing_is_judged():
    accuracy = of(measured(right(200), {}), "accuracy")
    assert (accuracy.status, accuracy.reason) == (
        Status.UNJUDGED,
        "the reference has no accuracy",
    )


def test_metrics_that_nobody_judges_are_told():
    config = model(columns=NO_SCORE, performance={"judged": ["f1"]})
    accuracy = of(measured(right(200), known(0.9), config=config), "accuracy")
    assert (accuracy.status, accuracy.threshold) == (Status.INFO, None)


def test_rows_without_a_prediction_do_not_count():
    rows = right(N)
    rows = rows.set_column(1, "p", pa.array([None] * 100 + rows["p"].to_pylist()[100:]))
    assert of(measured(rows, known(0.9)), "accuracy").n == 300


# -- losses --------------------------------------------------------------------------------------


def off_by(error: float, n: int = N) -> pa.Table:
    truth = np.arange(n, dtype=np.float64)
    return table(n, truth=truth, p=truth + np.where(np.arange(n) % 2, error, -error))


@pytest.mark.parametrize(
    ("error", "status"), [(1.24, Status.OK), (1.25, Status.OK), (1.26, Status.BAD)]
)
def test_an_error_may_rise_by_a_share(error, status):
    config = model(task="regression", columns=NO_SCORE)
    baseline = {"mae": Estimate(value=1.0, n=10_000), "rmse": Estimate(value=9.0, n=10_000)}
    mae = of(measured(off_by(error), baseline, config=config), "mae")
    assert (mae.status, mae.threshold) == (status, 1.25)


def test_every_metric_but_the_mean_error_can_be_judged():
    offered = set()
    for task, columns in [
        ("binary", {**NO_SCORE, "score": "s"}),
        ("multiclass", NO_SCORE),
        ("regression", NO_SCORE),
    ]:
        for name in PERFORMANCE_METRICS:
            try:
                model(task=task, columns=columns, performance={"judged": [name]})
            except ValueError:
                continue
            offered.add(name)
    assert set(PERFORMANCE_METRICS) - offered == {"mean_error"}


# -- groups --------------------------------------------------------------------------------------


def test_segments_and_versions_are_measured_and_not_judged():
    columns = {**NO_SCORE, "model_version": "v"}
    config = model(columns=columns, segments=("c",))
    rows = right(200).append_column("v", pa.array(["1"] * 300 + ["2"] * 100))
    groups = {
        (m.segment, m.version): m
        for m in measured(rows, known(0.9), config=config)
        if m.metric == "accuracy"
    }
    assert set(groups) == {("", ""), ("c=a", ""), ("c=b", ""), ("", "1"), ("", "2")}
    assert groups["", "2"].value == 0
    assert {m.status for key, m in groups.items() if key != ("", "")} == {Status.INFO}


def test_small_groups_are_left_out():
    config = model(columns=NO_SCORE, segments=("c",))
    rows = right(200).set_column(6, "c", pa.array(["a"] * (N - 29) + ["b"] * 29))
    found = measured(rows, known(0.9), config=config)
    assert {m.segment for m in found} == {"", "c=a"}


def test_a_value_carries_its_interval():
    accuracy = of(measured(right(360), known(0.9)), "accuracy")
    expected = share(360, N)
    assert (accuracy.lower, accuracy.upper) == (expected.lower, expected.upper)
