"""How well predicted classes and probabilities agree with the truth.

Classes are text. A statistic that is not defined (no rows, one class only, a zero denominator)
has a value of None. Which of these a model is judged by belongs to `metrics.performance`.
"""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring_assets.stats import intervals
from monitoring_assets.stats.samples import Estimate, Floats

Bools = NDArray[np.bool_]
Labels = NDArray[np.generic]  # text of fixed or variable length


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryCounts:
    """The four cells of a binary confusion matrix."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    @classmethod
    def of(cls, truth: Bools, prediction: Bools) -> "BinaryCounts":
        """Count whether the truth and the prediction are the positive class, shape `(n,)`."""
        both = int(np.count_nonzero(truth & prediction))
        actual, predicted = int(np.count_nonzero(truth)), int(np.count_nonzero(prediction))
        return cls(
            true_positives=both,
            false_positives=predicted - both,
            false_negatives=actual - both,
            true_negatives=len(truth) - actual - predicted + both,
        )

    @property
    def n(self) -> int:
        """Return the number of rows."""
        return (
            self.true_positives + self.false_positives + self.false_negatives + self.true_negatives
        )


def accuracy(truth: Labels, prediction: Labels) -> Estimate:
    """Return the share of rows predicted right, shape `(n,)` each."""
    return intervals.share(int(np.count_nonzero(truth == prediction)), len(truth))


def precision(counts: BinaryCounts) -> Estimate:
    """Return the share of predicted positives that are positive; n counts those predicted."""
    return intervals.share(counts.true_positives, counts.true_positives + counts.false_positives)


def recall(counts: BinaryCounts) -> Estimate:
    """Return the share of positives that are predicted; n counts the positives."""
    return intervals.share(counts.true_positives, counts.true_positives + counts.false_negatives)


def f1(counts: BinaryCounts) -> Estimate:
    """Return the harmonic mean of precision and recall; n leaves out the true negatives.

    F1 is 2J/(1+J) of the Jaccard index J, the share of true positives in all rows but the true
    negatives, so its interval is that of a share on another scale.
    """
    concerned = counts.n - counts.true_negatives
    jaccard = intervals.share(counts.true_positives, concerned)
    return Estimate(
        value=_f1_of(jaccard.value),
        n=concerned,
        lower=_f1_of(jaccard.lower),
        upper=_f1_of(jaccard.upper),
    )


def _f1_of(jaccard: float | None) -> float | None:
    return None if jaccard is None else 2 * jaccard / (1 + jaccard)


def roc_auc(truth: Bools, score: Floats) -> Estimate:
    """Return the probability that a positive scores above a negative, ties counting half.

    The standard error is DeLong's (1988), from the share of the other class that each row beats:
    O(n log n). Without rows of both classes it is None.
    """
    positives, negatives = np.sort(score[truth]), np.sort(score[~truth])
    n, m = len(positives), len(negatives)
    if n == 0 or m == 0:
        return intervals.undefined(n + m)
    beaten = _share_below(negatives, positives)
    beaten_by = 1 - _share_below(positives, negatives)
    error = 0.0
    if n > 1 and m > 1:
        error = math.sqrt(float(beaten.var(ddof=1)) / n + float(beaten_by.var(ddof=1)) / m)
    return intervals.normal(float(beaten.mean()), error, n + m, lowest=0.0, highest=1.0)


def _share_below(values: Floats, points: Floats) -> Floats:
    """Return for each point the share of sorted values below it, equal ones counting half."""
    twice = np.searchsorted(values, points, "left") + np.searchsorted(values, points, "right")
    shares: Floats = twice / (2 * len(values))
    return shares


def log_loss(truth: Bools, score: Floats) -> Estimate:
    """Return the mean negative log-likelihood (nats), None if a score is no probability.

    Probabilities are kept 2.2e-16 away from 0 and 1, as in scikit-learn.
    """
    if not _are_probabilities(score):
        return intervals.undefined(len(score))
    tiny = np.finfo(np.float64).eps
    given_to_truth = np.clip(np.where(truth, score, 1 - score), tiny, 1 - tiny)
    return intervals.mean(-np.log(given_to_truth), lowest=0.0)


def brier(truth: Bools, score: Floats) -> Estimate:
    """Return the mean squared error of the probability, None if a score is no probability."""
    if not _are_probabilities(score):
        return intervals.undefined(len(score))
    return intervals.mean((score - truth) ** 2, lowest=0.0)


def _are_probabilities(score: Floats) -> bool:
    return bool(np.all((score >= 0) & (score <= 1)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConfusionMatrix:
    """How often each pair of true and predicted class occurs.

    Attributes:
        classes: The classes that occur as truth or as prediction, sorted.
        counts: Rows by true class, columns by predicted class, shape `(k, k)`.
    """

    classes: tuple[str, ...]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, truth: Labels, prediction: Labels) -> "ConfusionMatrix":
        """Count pairs of classes, shape `(n,)` each; a row without both classes is left out."""
        counted = Counter(zip(truth.tolist(), prediction.tolist(), strict=True))
        pairs = {pair: count for pair, count in counted.items() if None not in pair}
        classes = tuple(sorted({name for pair in pairs for name in pair}))
        index = {name: i for i, name in enumerate(classes)}
        counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
        for (true, predicted), count in pairs.items():
            counts[index[true], index[predicted]] = count
        return cls(classes=classes, counts=counts)

    @property
    def n(self) -> int:
        """Return the number of rows."""
        return int(self.counts.sum())


def macro_precision(confusion: ConfusionMatrix) -> Estimate:
    """Return the mean precision of the classes, 0 for a class that is never predicted."""
    return _macro(confusion, weight_of_truth=0.0)


def macro_recall(confusion: ConfusionMatrix) -> Estimate:
    """Return the mean recall of the classes, 0 for a class that never occurs."""
    return _macro(confusion, weight_of_truth=1.0)


def macro_f1(confusion: ConfusionMatrix) -> Estimate:
    """Return the mean F1 of the classes."""
    return _macro(confusion, weight_of_truth=0.5)


def _macro(confusion: ConfusionMatrix, weight_of_truth: float) -> Estimate:
    """Return the mean over classes of right rows / (w true rows + (1 - w) predicted rows).

    That is recall for w = 1, precision for 0 and F1 for ½. The standard error sums the squared
    influence of every row (delta method).
    """
    counts, w = confusion.counts, weight_of_truth
    if confusion.n == 0:
        return intervals.undefined()
    rows = w * counts.sum(axis=1) + (1 - w) * counts.sum(axis=0)
    per_row = np.divide(1.0, rows, out=np.zeros(len(rows)), where=rows > 0)
    ratio = np.diag(counts) * per_row
    lost = ratio * per_row
    influence = np.diag(per_row) - w * lost[:, np.newaxis] - (1 - w) * lost[np.newaxis, :]
    error = math.sqrt(float((counts * influence**2).sum())) / len(rows)
    return intervals.normal(float(ratio.mean()), error, confusion.n, lowest=0.0, highest=1.0)
