"""Which column of a log plays which role, guessed from names first and from values second."""

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitoring_assets.sources.column_facts import ColumnFacts

MOST_CLASSES = 20
# Whole numbers with at most so many values are codes, such as a month.
MOST_CODES = 12
# Text with more values is a name or prose, and no category.
MOST_CATEGORIES = 50
_LEAST_AGREEMENT = 0.6
_LEAST_CORRELATION = 0.6

_TIMESTAMPS = (
    "timestamp",
    "prediction_timestamp",
    "prediction_time",
    "predicted_at",
    "scored_at",
    "event_time",
    "event_timestamp",
    "request_time",
    "datetime",
    "ts",
    "time",
    "created_at",
    "date",
)
_IDS = (
    "prediction_id",
    "request_id",
    "inference_id",
    "event_id",
    "transaction_id",
    "uuid",
    "id",
    "row_id",
)
_PREDICTIONS = (
    "prediction",
    "y_pred",
    "predicted_class",
    "predicted_label",
    "predicted_value",
    "predicted",
    "pred",
    "y_hat",
    "yhat",
    "prediction_value",
    "prediction_label",
    "forecast",
    "output",
)
_LABELS = (
    "label",
    "y_true",
    "target",
    "ground_truth",
    "truth",
    "actual",
    "actual_value",
    "true_label",
    "outcome",
    "y",
)
_VERSIONS = ("model_version", "version", "model_id", "model_name")
_SCORE_WORDS = frozenset({"proba", "probability", "score", "prob", "confidence"})


class ColumnsByRole:
    """The columns of a sample; each gets at most one role, in the order of the calls."""

    def __init__(self, columns: Sequence[ColumnFacts]) -> None:
        self.all = columns
        self._taken: set[str] = set()

    def free(self) -> list[ColumnFacts]:
        """Return the columns without a role."""
        return [column for column in self.all if column.name not in self._taken]

    def timestamp(self) -> ColumnFacts | None:
        """Return the column of event times."""
        times = [c for c in self.free() if c.times is not None]
        return self._take(_named(times, _TIMESTAMPS) or (times[0] if times else None))

    def prediction_id(self) -> ColumnFacts | None:
        """Return the column that names predictions: its values differ in every row."""
        nearly = [c for c in self.free() if c.is_nearly_key and (c.is_text or c.is_whole)]
        endings = {("id",), ("uuid",), ("key",)}
        ids = [c for c in nearly if c.is_key and c.words[-1:] in endings]
        return self._take(_named(nearly, _IDS) or (ids[0] if ids else None))

    def score(self) -> ColumnFacts | None:
        """Return the column of predicted probabilities."""
        scores = [c for c in self.free() if c.is_probability and _SCORE_WORDS & set(c.words)]
        predicted = [c for c in scores if c.words[0] in {"predicted", "prediction", "y", "pred"}]
        return self._take(next(iter(predicted or scores), None))

    def prediction(self) -> ColumnFacts | None:
        """Return the column of predicted classes or values."""
        free = [c for c in self.free() if c.times is None]
        begins = [c for c in free if c.words[:1] in {("predicted",), ("prediction",), ("pred",)}]
        return self._take(_named(free, _PREDICTIONS) or (begins[0] if begins else None))

    def model_version(self) -> ColumnFacts | None:
        """Return the column that names the model's version."""
        few = [c for c in self.free() if c.distinct <= MOST_CATEGORIES and not c.is_boolean]
        return self._take(_named(few, _VERSIONS))

    def label(
        self, rows: pa.Table, task: str, prediction: ColumnFacts | None
    ) -> tuple[ColumnFacts | None, str]:
        """Return the column of the truth, and why: by its name, else close to the prediction."""
        named = self._take(_named(self.free(), _LABELS))
        if named is not None:
            return named, why("label", named)
        if prediction is None:
            return None, "no column has the name of a label"
        closeness = _correlation if task == "regression" else _agreement
        found = [(closeness(rows, prediction, c), c.name, c) for c in self.free()]
        share, _, column = max(found, default=(0.0, "", prediction))
        least = _LEAST_CORRELATION if task == "regression" else _LEAST_AGREEMENT
        if share < least:
            return None, "no column holds the truth; labels may arrive elsewhere"
        how = "correlates with" if task == "regression" else "agrees with"
        return self._take(column), f"{column.name} {how} the prediction ({share:.2f})"

    def _take(self, column: ColumnFacts | None) -> ColumnFacts | None:
        if column is not None:
            self._taken.add(column.name)
        return column


def _named(columns: Iterable[ColumnFacts], names: Sequence[str]) -> ColumnFacts | None:
    """Return the column whose name stands first among the names."""
    ranked = [(names.index(c.plain_name), c) for c in columns if c.plain_name in names]
    return min(ranked, key=lambda pair: pair[0])[1] if ranked else None


def _agreement(rows: pa.Table, prediction: ColumnFacts, column: ColumnFacts) -> float:
    """Return the share of rows in which a column has the prediction's class."""
    if column.distinct > MOST_CLASSES or column.is_boolean != prediction.is_boolean:
        return 0.0
    if column.is_text != prediction.is_text or column.distinct < 2:  # noqa: PLR2004 - a constant
        return 0.0
    classes = {value for value, _ in prediction.most_frequent}
    if not {value for value, _ in column.most_frequent} <= classes:
        return 0.0
    same = pc.equal(rows.column(column.name), rows.column(prediction.name))
    return float(pc.mean(same).as_py() or 0.0)


def _correlation(rows: pa.Table, prediction: ColumnFacts, column: ColumnFacts) -> float:
    """Return the correlation of a column with the prediction, 0 where their sizes differ."""
    if not column.is_number or column.distinct <= MOST_CODES:
        return 0.0
    pair = [rows.column(c.name).cast(pa.float64()).to_numpy() for c in (prediction, column)]
    known = np.isfinite(pair[0]) & np.isfinite(pair[1])
    if known.sum() < 3 or min(np.std(values[known]) for values in pair) == 0:  # noqa: PLR2004
        return 0.0
    means = sorted(abs(float(np.mean(values[known]))) for values in pair)
    is_same_size = means[0] > means[1] / 3
    return float(np.corrcoef(pair[0][known], pair[1][known])[0, 1]) if is_same_size else 0.0


def why(role: str, column: ColumnFacts | None) -> str:
    """Return why a column has a role, or why no column has it."""
    if column is None:
        return f"no column looks like a {role.replace('_', ' ')}"
    return f"by its name and its values ({column.kind}, {column.distinct:,} different)"
