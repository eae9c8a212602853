import numpy as np
import pytest

from monitoring_assets.stats import regression

ALL = [
    regression.mae,
    regression.mean_error,
    regression.rmse,
    regression.mape,
    regression.r2,
]


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    truth = rng.normal(10, 3, 500)
    return truth, truth + rng.normal(0.5, 1.5, 500)


@pytest.mark.parametrize(
    ("metric", "oracle"),
    [
        (regression.mae, "mean_absolute_error"),
        (regression.rmse, "root_mean_squared_error"),
        (regression.mape, "mean_absolute_percentage_error"),
        (regression.r2, "r2_score"),
    ],
)
def test_a_metric_is_scikit_learns(metric, oracle, pair):
    from sklearn import metrics

    assert metric(*pair).value == pytest.approx(getattr(metrics, oracle)(*pair), rel=1e-12)


def test_the_mean_error_is_positive_where_predictions_are_too_high():
    assert regression.mean_error(np.array([1.0, 2.0]), np.array([2.0, 4.0])).value == 1.5


@pytest.mark.parametrize("metric", ALL)
def test_intervals_hold_the_true_value_19_times_in_20(metric):
    def draw(rng, n):
        truth = rng.gamma(4, 3, n) + 1
        return truth, truth + rng.normal(0.3, 2, n)

    exact = metric(*draw(np.random.default_rng(1), 400_000)).value
    rng = np.random.default_rng(2)
    estimates = [metric(*draw(rng, 200)) for _ in range(1000)]
    assert 0.92 <= np.mean([e.lower <= exact <= e.upper for e in estimates]) <= 0.975


@pytest.mark.parametrize("metric", ALL)
def test_no_rows_give_no_value(metric):
    assert metric(np.empty(0), np.empty(0)).value is None


@pytest.mark.parametrize("metric", ALL)
def test_a_single_row_has_no_interval(metric):
    assert metric(np.array([1.0]), np.array([2.0])).lower is None


def test_a_constant_truth_has_no_explained_variance():
    estimate = regression.r2(np.full(9, 0.1), np.arange(9.0))
    assert (estimate.value, estimate.n) == (None, 9)


def test_rows_whose_truth_is_zero_have_no_relative_error():
    estimate = regression.mape(np.array([0.0, 2.0]), np.array([1.0, 3.0]))
    assert (estimate.value, estimate.n) == (0.5, 1)


def test_a_relative_error_beyond_all_numbers_is_no_value():
    assert regression.mape(np.array([5e-324]), np.array([1.0])).value is None
