import numpy as np
import pytest

from monitoring_assets.metrics.performance import PERFORMANCE_METRICS, Outcomes, performance
from monitoring_assets.stats import classification, regression


def classes(*names):
    return np.array(names)


BINARY = Outcomes(
    truth=classes("yes", "no", "yes", "no"),
    prediction=classes("yes", "no", "no", "no"),
    score=np.array([0.9, 0.1, 0.4, 0.3]),
    positive="yes",
)
NUMBERS = Outcomes(truth=np.array([1.0, 2.0, 4.0]), prediction=np.array([1.0, 3.0, 3.0]))


@pytest.mark.parametrize(
    ("task", "outcomes", "names"),
    [
        ("binary", BINARY, "accuracy precision recall f1 roc_auc log_loss brier"),
        ("multiclass", BINARY, "accuracy macro_precision macro_recall macro_f1"),
        ("regression", NUMBERS, "mae rmse r2 mape mean_error"),
    ],
)
def test_each_task_has_its_metrics(task, outcomes, names):
    assert [*performance(task, outcomes)] == names.split()


def test_without_scores_the_metrics_that_need_them_are_left_out():
    outcomes = Outcomes(truth=BINARY.truth, prediction=BINARY.prediction, positive="yes")
    assert [*performance("binary", outcomes)] == ["accuracy", "precision", "recall", "f1"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("accuracy", 0.75), ("precision", 1.0), ("recall", 0.5), ("f1", 2 / 3), ("roc_auc", 1.0)],
)
def test_binary_metrics_are_about_the_positive_class(name, value):
    assert performance("binary", BINARY)[name].value == pytest.approx(value)


@pytest.mark.parametrize("name", ["mae", "rmse", "r2", "mape", "mean_error"])
def test_regression_metrics_are_about_numbers(name):
    expected = getattr(regression, name)(NUMBERS.truth, NUMBERS.prediction)
    assert performance("regression", NUMBERS)[name] == expected


def test_rows_without_a_score_count_only_where_none_is_needed():
    score = np.array([np.nan, 0.1, 0.4, 0.3])
    outcomes = Outcomes(
        truth=BINARY.truth, prediction=BINARY.prediction, score=score, positive="yes"
    )
    result = performance("binary", outcomes)
    assert (result["accuracy"].n, result["brier"].n) == (4, 3)


def test_numbers_that_are_not_finite_are_left_out():
    outcomes = Outcomes(
        truth=np.array([1.0, np.nan, 3.0]), prediction=np.array([2.0, 2.0, np.inf])
    )
    assert performance("regression", outcomes)["mae"].n == 1


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_no_rows_give_estimates_without_a_value(task):
    outcomes = Outcomes(truth=np.empty(0), prediction=np.empty(0), score=np.empty(0))
    result = performance(task, outcomes)
    assert {(e.value, e.lower, e.upper, e.n) for e in result.values()} == {(None, None, None, 0)}


def test_classes_of_variable_length_text_are_compared_like_fixed_ones():
    as_objects = Outcomes(
        truth=BINARY.truth.astype(object),
        prediction=BINARY.prediction.astype(object),
        score=BINARY.score,
        positive="yes",
    )
    assert performance("binary", as_objects) == performance("binary", BINARY)


def test_a_metric_that_needs_a_score_has_no_value_without_one():
    outcomes = Outcomes(truth=BINARY.truth, prediction=BINARY.prediction, positive="yes")
    assert PERFORMANCE_METRICS["roc_auc"].compute(outcomes).value is None


def test_work_that_several_metrics_share_is_done_once(monkeypatch):
    calls = []
    counted = classification.ConfusionMatrix.of
    monkeypatch.setattr(
        classification.ConfusionMatrix,
        "of",
        lambda *arrays: calls.append(1) or counted(*arrays),
    )
    performance("multiclass", Outcomes(truth=BINARY.truth, prediction=BINARY.prediction))
    assert len(calls) == 1


def test_only_metrics_of_a_task_are_judged_in_it_by_default():
    for metric in PERFORMANCE_METRICS.values():
        assert metric.judged_by_default <= metric.tasks
