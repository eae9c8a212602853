"""What a stored log probably is, and a first YAML file for it.

Names decide first and values second; every guess says why, since a user will check it. What the
columns of a sample show belongs to `sources.column_facts`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from monitoring_assets.config.model import SourceSettings
from monitoring_assets.sources.column_facts import ColumnFacts, column_facts
from monitoring_assets.sources.registry import Request, open_source

SAMPLE_ROWS = 50_000

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
_POSITIVE = ("1", "true", "yes", "y", "positive")

_MOST_CLASSES = 20
_MOST_CATEGORIES = 50  # whole numbers with more values are numeric, text with more is left out
_MOST_CODES = 12  # whole numbers with at most so many values are codes, such as a month
_SEGMENT_VALUES = range(2, 13)
_MOST_SEGMENTS = 3
_LEAST_AGREEMENT = 0.6
_LEAST_CORRELATION = 0.6


class Sampled(Protocol):
    """A source that shows some of its rows with all columns."""

    def sample(self, rows: int) -> pa.Table:
        """Return up to `rows` rows with all columns."""

    def earliest(self) -> datetime | None:
        """Return the earliest event time, None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredColumn:
    """A column and its stored type, for people."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What a log probably is; a role that was not found is None.

    Attributes:
        columns: Every stored column.
        task: `binary`, `multiclass` or `regression`.
        is_naive: Whether the timestamps carry no time zone.
        features: `numeric` or `categorical` by column.
        left_out: Columns that are no feature, each with the reason.
        segments: Categorical columns with few values of which none is nearly all.
        start: The first day of the log.
        positive_class: The class that the score is the probability of, for binary tasks.
        reasons: Why each role was guessed, by role.
    """

    columns: tuple[StoredColumn, ...]
    task: str
    timestamp: str | None = None
    is_naive: bool = False
    prediction_id: str | None = None
    prediction: str | None = None
    score: str | None = None
    label: str | None = None
    model_version: str | None = None
    features: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    segments: tuple[str, ...] = ()
    start: date | None = None
    positive_class: bool | int | float | str | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)


def guess_source(settings: SourceSettings, environ: Mapping[str, str]) -> Guess:
    """Look at a file, a folder, a table or a query, and guess what its columns are.

    Raises:
        ConfigurationError: If the database's variable is not set.
        SourceError: If nothing can be read.
    """
    rows = _sampled(settings, environ, None).sample(SAMPLE_ROWS)
    timestamp = _Columns(column_facts(rows)).timestamp()
    first = _sampled(settings, environ, timestamp.name).earliest() if timestamp else None
    return guess(rows, first)


def _sampled(settings: SourceSettings, environ: Mapping[str, str], timestamp: str | None) -> Any:
    request = Request(settings=settings, columns=(), timestamp=timestamp)
    return open_source(request, environ)


def guess(rows: pa.Table, first: datetime | None = None) -> Guess:
    """Guess what the columns of a sample are.

    Args:
        rows: Some rows with all columns.
        first: The earliest event time of the whole log, if it is known.
    """
    columns = _Columns(column_facts(rows))
    timestamp, prediction_id = columns.timestamp(), columns.prediction_id()
    score = columns.score()
    prediction = columns.prediction()
    task, why_task = _task(prediction, score)
    label, why_label = columns.label(rows, task, prediction)
    model_version = columns.model_version()
    positive, why_positive = _positive_class(rows, task, prediction, score)
    features, left_out = _features(columns.free())
    start = first or _first_time(timestamp)
    roles = {
        "timestamp": timestamp,
        "prediction_id": prediction_id,
        "prediction": prediction,
        "score": score,
        "model_version": model_version,
    }
    reasons = {role: _why(role, column) for role, column in roles.items()}
    return Guess(
        columns=tuple(StoredColumn(name=c.name, kind=c.kind) for c in columns.all),
        task=task,
        timestamp=_name(timestamp),
        is_naive=bool(timestamp and timestamp.times and timestamp.times.n_naive),
        prediction_id=_name(prediction_id),
        prediction=_name(prediction),
        score=_name(score) if task != "regression" else None,
        label=_name(label),
        model_version=_name(model_version),
        features=features,
        left_out=left_out,
        segments=_segments(columns.free(), features),
        start=start.astimezone(UTC).date() if start else None,
        positive_class=positive,
        reasons=reasons | {"task": why_task, "label": why_label, "positive_class": why_positive},
    )


class _Columns:
    """The columns of a sample; each gets at most one role, in the order of the calls."""

    def __init__(self, columns: Sequence[ColumnFacts]) -> None:
        self.all = columns
        self._taken: set[str] = set()

    def free(self) -> list[ColumnFacts]:
        """Return the columns without a role."""
        return [column for column in self.all if column.name not in self._taken]

    def timestamp(self) -> ColumnFacts | None:
        times = [c for c in self.free() if c.times is not None]
        return self._take(_named(times, _TIMESTAMPS) or (times[0] if times else None))

    def prediction_id(self) -> ColumnFacts | None:
        keys = [c for c in self.free() if c.is_key and (c.is_text or c.is_whole)]
        ids = [c for c in keys if c.words[-1:] in {("id",), ("uuid",), ("key",)}]
        return self._take(_named(keys, _IDS) or (ids[0] if ids else None))

    def score(self) -> ColumnFacts | None:
        scores = [c for c in self.free() if c.is_probability and _SCORE_WORDS & set(c.words)]
        predicted = [c for c in scores if c.words[0] in {"predicted", "prediction", "y", "pred"}]
        return self._take(next(iter(predicted or scores), None))

    def prediction(self) -> ColumnFacts | None:
        free = [c for c in self.free() if c.times is None]
        begins = [c for c in free if c.words[:1] in {("predicted",), ("prediction",), ("pred",)}]
        return self._take(_named(free, _PREDICTIONS) or (begins[0] if begins else None))

    def model_version(self) -> ColumnFacts | None:
        few = [c for c in self.free() if c.distinct <= _MOST_CATEGORIES and not c.is_boolean]
        return self._take(_named(few, _VERSIONS))

    def label(
        self, rows: pa.Table, task: str, prediction: ColumnFacts | None
    ) -> tuple[ColumnFacts | None, str]:
        named = self._take(_named(self.free(), _LABELS))
        if named is not None:
            return named, _why("label", named)
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


def _name(column: ColumnFacts | None) -> str | None:
    return None if column is None else column.name


def _why(role: str, column: ColumnFacts | None) -> str:
    if column is None:
        return f"no column looks like a {role.replace('_', ' ')}"
    return f"by its name and its values ({column.kind}, {column.distinct:,} different)"


def _first_time(column: ColumnFacts | None) -> datetime | None:
    if column is None or column.times is None:
        return None
    earliest: datetime | None = pc.min(column.times.values).as_py()
    return earliest


def _task(prediction: ColumnFacts | None, score: ColumnFacts | None) -> tuple[str, str]:
    if prediction is None:
        return "binary", "no prediction was found; correct it"
    n = prediction.distinct
    if prediction.is_text or prediction.is_boolean or prediction.is_whole or score is not None:
        if n <= 2:  # noqa: PLR2004 - what binary means
            return "binary", f"{prediction.name} has {n} different values"
        if n <= _MOST_CLASSES or prediction.is_text:
            return "multiclass", f"{prediction.name} has {n} different values"
    return "regression", f"{prediction.name} holds numbers with {n:,} different values"


def _agreement(rows: pa.Table, prediction: ColumnFacts, column: ColumnFacts) -> float:
    """Return the share of rows in which a column has the prediction's class."""
    if column.distinct > _MOST_CLASSES or column.is_boolean != prediction.is_boolean:
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
    if not column.is_number or column.distinct <= _MOST_CODES:
        return 0.0
    pair = [rows.column(c.name).cast(pa.float64()).to_numpy() for c in (prediction, column)]
    known = np.isfinite(pair[0]) & np.isfinite(pair[1])
    if known.sum() < 3 or min(np.std(values[known]) for values in pair) == 0:  # noqa: PLR2004
        return 0.0
    means = sorted(abs(float(np.mean(values[known]))) for values in pair)
    is_same_size = means[0] > means[1] / 3
    return float(np.corrcoef(pair[0][known], pair[1][known])[0, 1]) if is_same_size else 0.0


def _positive_class(
    rows: pa.Table, task: str, prediction: ColumnFacts | None, score: ColumnFacts | None
) -> tuple[Any, str]:
    if task != "binary" or prediction is None or not prediction.most_frequent:
        return None, ""
    classes = [value for value, _ in prediction.most_frequent]
    if score is not None and len(classes) > 1:
        means = {c: _mean_score(rows, prediction.name, score.name, c) for c in classes}
        return max(means, key=lambda c: means[c]), f"its {score.name} is higher on average"
    by_name: Callable[[object], int] = lambda c: str(c).lower() in _POSITIVE  # noqa: E731
    return max(classes, key=lambda c: (by_name(c), str(c))), "by its name"


def _mean_score(rows: pa.Table, prediction: str, score: str, value: object) -> float:
    column = rows.column(prediction)
    of_class = rows.column(score).filter(pc.equal(column, pa.scalar(value, column.type)))
    return float(pc.mean(of_class).as_py() or 0.0)


def _features(columns: Iterable[ColumnFacts]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the types of the features, and why the other columns are none."""
    features: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for column in columns:
        reason = _no_feature(column)
        if reason:
            left_out[column.name] = reason
        else:
            features[column.name] = _feature_type(column)
    return features, left_out


def _no_feature(column: ColumnFacts) -> str:
    if not len(column.values):
        return "has no value"
    if column.times is not None:
        return "holds times"
    if column.is_key and not column.is_probability and (column.is_text or column.is_whole):
        return "has a different value in every row"
    if column.is_text and column.distinct > _MOST_CATEGORIES:
        return f"has {column.distinct:,} different texts"
    if not (column.is_text or column.is_number or column.is_boolean):
        return f"is of type {column.kind}"
    return ""


def _feature_type(column: ColumnFacts) -> str:
    is_code = column.is_whole and column.distinct <= _MOST_CODES
    return "categorical" if column.is_text or column.is_boolean or is_code else "numeric"


def _segments(columns: Iterable[ColumnFacts], features: Mapping[str, str]) -> tuple[str, ...]:
    found = [
        column.name
        for column in columns
        if features.get(column.name) == "categorical"
        and column.distinct in _SEGMENT_VALUES
        and column.most_frequent[0][1] <= 0.95 * len(column.values)  # noqa: PLR2004
    ]
    return tuple(found[:_MOST_SEGMENTS])


# The YAML file


def render_yaml(
    guess: Guess,
    *,
    name: str,
    owner: str,
    predictions_path: str | SourceSettings,
    reference_path: str | SourceSettings,
) -> str:
    """Return a first model file with a comment on every guess; it is valid as it stands.

    Args:
        guess: What the log probably is.
        name: The name of the model.
        owner: An e-mail address or `team:name`.
        predictions_path: Where the log is: a path, or the settings of a database.
        reference_path: Where the reference is, in the same form.
    """
    lines = [
        "type: monitoring_assets.MonitoredModel",
        "attributes:",
        *_indented(
            1,
            [
                f"name: {_scalar(name)}",
                f"task: {guess.task}  # {guess.reasons.get('task', '')}",
                f"owner: {_scalar(owner)}",
                "cadence:",
                *_indented(1, _cadence(guess)),
                "predictions:",
                *_indented(1, _place(predictions_path)),
                "reference:",
                "  active: v1",
                "  versions:",
                "    v1:  # labelled rows from a time when the model was known to work",
                *_indented(3, _place(reference_path)),
                "columns:",
                *_indented(1, _roles(guess)),
                *_labels_elsewhere(guess),
                *_positive_lines(guess),
                "features:",
                *_indented(1, _feature_lines(guess)),
                *_segment_lines(guess),
            ],
        ),
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _indented(levels: int, lines: Iterable[str]) -> Iterator[str]:
    return ("  " * levels + line for line in lines)


def _scalar(value: object) -> str:
    """Return a value as YAML, quoted where it would be read as something else.

    >>> _scalar("no"), _scalar("plan"), _scalar(1)
    ("'no'", 'plan', '1')
    """
    text: str = yaml.safe_dump(value, allow_unicode=True, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")


def _cadence(guess: Guess) -> Iterator[str]:
    yield "every: day  # or hour"
    if guess.start is None:
        yield "start: 2026-01-01  # not found in the data: the first day to be monitored"
    else:
        yield f"start: {guess.start.isoformat()}  # the first day of the log"


def _place(place: str | SourceSettings) -> Iterator[str]:
    if isinstance(place, str):
        yield f"path: {_scalar(place)}"
        return
    for key, value in place.model_dump(exclude_none=True).items():
        yield f"{key}: {_scalar(value)}"


def _roles(guess: Guess) -> Iterator[str]:
    yield from _required_role(guess, "timestamp", guess.timestamp)
    if guess.is_naive:
        yield "timestamp_zone: UTC  # the times carry no zone: write the one they are in"
    yield from _optional_role(guess, "prediction_id", guess.prediction_id)
    yield from _required_role(guess, "prediction", guess.prediction)
    if guess.task != "regression":
        yield from _optional_role(guess, "score", guess.score)
    yield from _optional_role(guess, "label", guess.label)
    yield from _optional_role(guess, "model_version", guess.model_version)


def _required_role(guess: Guess, role: str, column: str | None) -> Iterator[str]:
    reason = guess.reasons.get(role, "")
    yield f"{role}: {_scalar(column or role)}  # {'' if column else 'CORRECT THIS: '}{reason}"


def _optional_role(guess: Guess, role: str, column: str | None) -> Iterator[str]:
    reason = guess.reasons.get(role, "")
    yield f"{role}: {_scalar(column)}  # {reason}" if column else f"# {role}: {reason}"


def _labels_elsewhere(guess: Guess) -> Iterator[str]:
    if guess.label is not None:
        return
    yield "# labels:  # if the truth arrives elsewhere"
    yield "#   path: labels/"
    yield f"#   prediction_id: {_scalar(guess.prediction_id or 'prediction_id')}"
    yield "#   label: label"


def _positive_lines(guess: Guess) -> Iterator[str]:
    if guess.positive_class is not None:
        reason = guess.reasons.get("positive_class", "")
        yield f"positive_class: {_scalar(guess.positive_class)}  # {reason}"


def _feature_lines(guess: Guess) -> Iterator[str]:
    for name, kind in guess.features.items():
        yield f"{_scalar(name)}: {kind}"
    if not guess.features:
        yield "feature: numeric  # CORRECT THIS: no column looks like a feature"
    for name, reason in guess.left_out.items():
        yield f"# {_scalar(name)}: left out, it {reason}"


def _segment_lines(guess: Guess) -> Iterator[str]:
    if guess.segments:
        yield f"segments: [{', '.join(map(_scalar, guess.segments))}]"
