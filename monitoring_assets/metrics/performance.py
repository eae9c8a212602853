"""The metrics of performance by name, for each task.

What a metric is belongs to `stats.classification` and `stats.regression`; which limits it is
judged against belongs to `evaluation`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from monitoring_assets.stats import classification, regression
from monitoring_assets.stats.classification import BinaryCounts, Bools, ConfusionMatrix
from monitoring_assets.stats.samples import Estimate, Floats

BINARY = frozenset({"binary"})
MULTICLASS = frozenset({"multiclass"})
REGRESSION = frozenset({"regression"})
NEVER: frozenset[str] = frozenset()


# Not slotted: work that several metrics share is cached on the instance.
@dataclass(frozen=True, kw_only=True, eq=False)
class Outcomes:
    """Predictions whose truth is known, one row each.

    Attributes:
        truth: The true class (text) or number, shape `(n,)`, without missing values.
        prediction: The predicted class (text) or number, shape `(n,)`, without missing values.
        score: The predicted probability of the positive class, shape `(n,)`, None if there is
            none; rows whose score is not finite are left out of metrics that need one.
        positive: The class that `score` is about; only binary tasks use it.
    """

    truth: NDArray[np.generic]
    prediction: NDArray[np.generic]
    score: Floats | None = None
    positive: str = "1"

    @cached_property
    def is_positive(self) -> Bools:
        """Return whether the truth is the positive class."""
        return np.asarray(self.truth == self.positive, dtype=bool)

    @cached_property
    def binary(self) -> BinaryCounts:
        """Return the confusion matrix of the positive class."""
        predicted = np.asarray(self.prediction == self.positive, dtype=bool)
        return BinaryCounts.of(self.is_positive, predicted)

    @cached_property
    def scored(self) -> tuple[Bools, Floats]:
        """Return whether the truth is positive, and the score, of rows with a finite score."""
        if self.score is None:
            return np.empty(0, dtype=bool), np.empty(0)
        known = np.isfinite(self.score)
        return self.is_positive[known], self.score[known]

    @cached_property
    def confusion(self) -> ConfusionMatrix:
        """Return the confusion matrix of all classes."""
        return ConfusionMatrix.of(self.truth, self.prediction)

    @cached_property
    def numbers(self) -> tuple[Floats, Floats]:
        """Return the truth and the prediction of rows in which both are finite."""
        truth = self.truth.astype(np.float64)
        prediction = self.prediction.astype(np.float64)
        known = np.isfinite(truth) & np.isfinite(prediction)
        return truth[known], prediction[known]


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceMetric:
    """One way to say how well a model does.

    Attributes:
        name: Its name in a model's YAML and in the store.
        tasks: The tasks that it is defined for.
        higher_is_better: Whether a model improves when it rises. For `mean_error` the best value
            is 0, so it is measured and not judged by default.
        needs_score: Whether it needs probabilities.
        judged_by_default: The tasks in which it is judged unless the user says otherwise.
        compute: Returns its value with its interval.
    """

    name: str
    tasks: frozenset[str]
    higher_is_better: bool
    needs_score: bool = False
    judged_by_default: frozenset[str] = NEVER
    compute: Callable[[Outcomes], Estimate]


def _metrics() -> dict[str, PerformanceMetric]:
    classifiers = BINARY | MULTICLASS
    metrics = (
        PerformanceMetric(
            name="accuracy",
            tasks=classifiers,
            higher_is_better=True,
            judged_by_default=classifiers,
            compute=lambda o: classification.accuracy(o.truth, o.prediction),
        ),
        PerformanceMetric(
            name="precision",
            tasks=BINARY,
            higher_is_better=True,
            compute=lambda o: classification.precision(o.binary),
        ),
        PerformanceMetric(
            name="recall",
            tasks=BINARY,
            higher_is_better=True,
            compute=lambda o: classification.recall(o.binary),
        ),
        PerformanceMetric(
            name="f1",
            tasks=BINARY,
            higher_is_better=True,
            judged_by_default=BINARY,
            compute=lambda o: classification.f1(o.binary),
        ),
        PerformanceMetric(
            name="roc_auc",
            tasks=BINARY,
            higher_is_better=True,
            needs_score=True,
            judged_by_default=BINARY,
            compute=lambda o: classification.roc_auc(*o.scored),
        ),
        PerformanceMetric(
            name="log_loss",
            tasks=BINARY,
            higher_is_better=False,
            needs_score=True,
            compute=lambda o: classification.log_loss(*o.scored),
        ),
        PerformanceMetric(
            name="brier",
            tasks=BINARY,
            higher_is_better=False,
            needs_score=True,
            compute=lambda o: classification.brier(*o.scored),
        ),
        PerformanceMetric(
            name="macro_precision",
            tasks=MULTICLASS,
            higher_is_better=True,
            compute=lambda o: classification.macro_precision(o.confusion),
        ),
        PerformanceMetric(
            name="macro_recall",
            tasks=MULTICLASS,
            higher_is_better=True,
            compute=lambda o: classification.macro_recall(o.confusion),
        ),
        PerformanceMetric(
            name="macro_f1",
            tasks=MULTICLASS,
            higher_is_better=True,
            judged_by_default=MULTICLASS,
            compute=lambda o: classification.macro_f1(o.confusion),
        ),
        PerformanceMetric(
            name="mae",
            tasks=REGRESSION,
            higher_is_better=False,
            judged_by_default=REGRESSION,
            compute=lambda o: regression.mae(*o.numbers),
        ),
        PerformanceMetric(
            name="rmse",
            tasks=REGRESSION,
            higher_is_better=False,
            judged_by_default=REGRESSION,
            compute=lambda o: regression.rmse(*o.numbers),
        ),
        PerformanceMetric(
            name="r2",
            tasks=REGRESSION,
            higher_is_better=True,
            compute=lambda o: regression.r2(*o.numbers),
        ),
        PerformanceMetric(
            name="mape",
            tasks=REGRESSION,
            higher_is_better=False,
            compute=lambda o: regression.mape(*o.numbers),
        ),
        PerformanceMetric(
            name="mean_error",
            tasks=REGRESSION,
            higher_is_better=False,
            compute=lambda o: regression.mean_error(*o.numbers),
        ),
    )
    return {metric.name: metric for metric in metrics}


PERFORMANCE_METRICS: Mapping[str, PerformanceMetric] = _metrics()


def performance(task: str, outcomes: Outcomes) -> dict[str, Estimate]:
    """Return every metric of a task that these outcomes allow, in the registry's order.

    Args:
        task: `binary`, `multiclass` or `regression`.
        outcomes: Rows whose truth is known; none give estimates without a value.

    >>> truth, prediction = np.array(["a", "b", "b", "c"]), np.array(["a", "b", "a", "c"])
    >>> performance("multiclass", Outcomes(truth=truth, prediction=prediction))["accuracy"].value
    0.75
    """
    return {
        metric.name: metric.compute(outcomes)
        for metric in PERFORMANCE_METRICS.values()
        if task in metric.tasks and (outcomes.score is not None or not metric.needs_score)
    }
