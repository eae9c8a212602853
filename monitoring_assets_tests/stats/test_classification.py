import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring_assets.stats import classification as c

rows = st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=1, max_size=60)


@pytest.fixture
def scored():
    rng = np.random.default_rng(0)
    score = np.round(rng.beta(2, 3, 800), 2)
    return rng.random(800) < score, score


def counted(scored, threshold=0.5):
    truth, score = scored
    return c.BinaryCounts.of(truth, score >= threshold)


@pytest.fixture
def confusion():
    rng = np.random.default_rng(0)
    truth = rng.choice(list("abcd"), 700, p=[0.5, 0.3, 0.15, 0.05])
    prediction = np.where(rng.random(700) < 0.6, truth, rng.choice(list("abcd"), 700))
    return truth, prediction


@pytest.mark.parametrize(
    ("metric", "oracle"),
    [(c.precision, "precision_score"), (c.recall, "recall_score"), (c.f1, "f1_score")],
)
def test_a_metric_of_predicted_classes_is_scikit_learns(metric, oracle, scored):
    from sklearn import metrics

    expected = getattr(metrics, oracle)(scored[0], scored[1] >= 0.5)
    assert metric(counted(scored)).value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("metric", "oracle"),
    [(c.roc_auc, "roc_auc_score"), (c.log_loss, "log_loss"), (c.brier, "brier_score_loss")],
)
def test_a_metric_of_probabilities_is_scikit_learns(metric, oracle, scored):
    from sklearn import metrics

    assert metric(*scored).value == pytest.approx(getattr(metrics, oracle)(*scored), rel=1e-12)


@pytest.mark.parametrize(
    ("metric", "oracle"),
    [
        (c.macro_precision, "precision_score"),
        (c.macro_recall, "recall_score"),
        (c.macro_f1, "f1_score"),
    ],
)
@pytest.mark.parametrize("never_predicted", [None, "d"])
@pytest.mark.parametrize("never_true", [None, "c"])
def test_a_macro_average_is_scikit_learns(metric, oracle, confusion, never_predicted, never_true):
    from sklearn import metrics

    truth, prediction = confusion
    kept = (truth != never_true) & (prediction != never_predicted)
    truth, prediction = truth[kept], prediction[kept]
    expected = getattr(metrics, oracle)(truth, prediction, average="macro", zero_division=0)
    assert metric(c.ConfusionMatrix.of(truth, prediction)).value == pytest.approx(expected)


def test_accuracy_is_the_share_of_equal_classes():
    estimate = c.accuracy(np.array(["a", "b", "c"]), np.array(["a", "b", "b"]))
    assert (estimate.value, estimate.n) == (pytest.approx(2 / 3), 3)


@given(rows)
def test_auc_does_not_depend_on_the_scale_of_the_score(drawn):
    truth, score = np.array([t for t, _ in drawn]), np.array([s for _, s in drawn]) * 1.0
    assert c.roc_auc(truth, score) == c.roc_auc(truth, np.exp(score))


@given(rows)
def test_the_auc_of_the_opposite_score_is_the_complement(drawn):
    truth, score = np.array([t for t, _ in drawn]), np.array([s for _, s in drawn]) * 1.0
    auc, opposite = c.roc_auc(truth, score).value, c.roc_auc(truth, -score).value
    assert auc is None or auc + opposite == pytest.approx(1)


def test_delongs_standard_error_is_that_of_the_definition(scored):
    truth, score = scored
    wins = np.sign(score[truth][:, None] - score[~truth][None, :]) / 2 + 0.5
    variance = wins.mean(1).var(ddof=1) / truth.sum() + wins.mean(0).var(ddof=1) / (~truth).sum()
    estimate = c.roc_auc(*scored)
    assert estimate.upper - estimate.value == pytest.approx(1.959964 * np.sqrt(variance))


def covered(draw, metric, replicates=1000):
    """Return how often the interval of a small sample holds the value of a huge one."""
    exact = metric(*draw(np.random.default_rng(1), 400_000)).value
    rng = np.random.default_rng(2)
    estimates = [metric(*draw(rng, 250)) for _ in range(replicates)]
    return np.mean([e.lower <= exact <= e.upper for e in estimates])


@pytest.mark.parametrize(
    "metric",
    [
        c.roc_auc,
        c.log_loss,
        c.brier,
        lambda t, s: c.precision(counted((t, s))),
        lambda t, s: c.recall(counted((t, s))),
        lambda t, s: c.f1(counted((t, s))),
    ],
)
def test_binary_intervals_hold_the_true_value_19_times_in_20(metric):
    def draw(rng, n):
        score = rng.beta(2, 3, n)
        return rng.random(n) < score, score

    assert 0.925 <= covered(draw, metric) <= 0.975


@pytest.mark.parametrize("macro", [c.macro_precision, c.macro_recall, c.macro_f1])
def test_macro_intervals_hold_the_true_value_19_times_in_20(macro):
    def draw(rng, n):
        truth = rng.choice(list("abc"), n, p=[0.5, 0.3, 0.2])
        return truth, np.where(rng.random(n) < 0.5, truth, rng.choice(list("abc"), n))

    def metric(truth, prediction):
        return macro(c.ConfusionMatrix.of(truth, prediction))

    assert 0.92 <= covered(draw, metric, replicates=500) <= 0.98


@pytest.mark.parametrize("metric", [c.precision, c.recall, c.f1])
def test_without_positives_there_is_no_value(metric):
    nothing = np.zeros(5, dtype=bool)
    assert metric(c.BinaryCounts.of(nothing, nothing)).value is None


@pytest.mark.parametrize("truth", [[], [True, True], [False, False]])
def test_auc_needs_both_classes(truth):
    truth = np.array(truth, dtype=bool)
    assert c.roc_auc(truth, np.linspace(0, 1, len(truth))).value is None


def test_a_perfect_auc_has_no_interval():
    estimate = c.roc_auc(np.array([True, True, False, False]), np.array([4.0, 3.0, 2.0, 1.0]))
    assert (estimate.value, estimate.lower) == (1.0, None)


@pytest.mark.parametrize("metric", [c.log_loss, c.brier])
@pytest.mark.parametrize("score", [[0.5, 1.5], [-0.1, 0.5]])
def test_scores_that_are_no_probabilities_have_no_loss(metric, score):
    estimate = metric(np.array([True, False]), np.array(score))
    assert (estimate.value, estimate.n) == (None, 2)


def test_a_certain_mistake_has_a_finite_log_loss():
    assert c.log_loss(np.array([True]), np.array([0.0])).value == pytest.approx(36.04, abs=0.01)


@pytest.mark.parametrize("metric", [c.log_loss, c.brier])
def test_no_scores_have_no_loss(metric):
    assert metric(np.empty(0, dtype=bool), np.empty(0)).value is None


@pytest.mark.parametrize("macro", [c.macro_precision, c.macro_recall, c.macro_f1])
def test_no_rows_have_no_macro_average(macro):
    assert (
        macro(c.ConfusionMatrix.of(np.empty(0, dtype=str), np.empty(0, dtype=str))).value is None
    )


def test_the_confusion_matrix_names_its_classes_in_order():
    matrix = c.ConfusionMatrix.of(np.array(["b", "b", "a"]), np.array(["a", "b", "c"]))
    assert matrix.classes == ("a", "b", "c")
    assert matrix.counts.tolist() == [[0, 0, 1], [1, 1, 0], [0, 0, 0]]


def test_a_row_without_a_prediction_is_no_class_of_its_own():
    truth, prediction = np.array(["a", "b"], dtype=object), np.array(["a", None], dtype=object)
    assert c.ConfusionMatrix.of(truth, prediction).classes == ("a",)
