"""What a stored log probably is, and a first YAML file for it.

Names decide first and values second; every guess says why, since a user will check it. What the
columns of a sample show belongs to `sources.column_facts`, and which of them plays which role to
`sources.column_roles`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Protocol, cast

import pyarrow as pa
import pyarrow.compute as pc
import yaml

from monitoring_assets.config.model import SourceSettings
from monitoring_assets.sources.column_facts import ColumnFacts, column_facts
from monitoring_assets.sources.column_roles import (
    MOST_CATEGORIES,
    MOST_CLASSES,
    MOST_CODES,
    ColumnsByRole,
    why,
)
from monitoring_assets.sources.registry import Request, open_source

SAMPLE_ROWS = 50_000

_POSITIVE = ("1", "true", "yes", "y", "positive")

_SEGMENT_VALUES = range(2, 13)
_MOST_SEGMENTS = 3


class Sampled(Protocol):
    """A source that shows some of its rows with all columns."""

    def sample(self, rows: int) -> pa.Table:
        """Return up to `rows` rows with all columns."""

    def earliest(self) -> datetime | None:
        """Return the earliest event time, None where there is none."""

    def latest(self) -> datetime | None:
        """Return the latest event time, None where there is none."""


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
        end: The last day of the log.
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
    end: date | None = None
    positive_class: bool | int | float | str | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)


def guess_source(settings: SourceSettings, environ: Mapping[str, str]) -> Guess:
    """Look at a file, a folder, a table or a query, and guess what its columns are.

    Raises:
        ConfigurationError: If the database's variable is not set.
        SourceError: If nothing can be read.
    """
    rows = _sampled(settings, environ, None).sample(SAMPLE_ROWS)
    timestamp = ColumnsByRole(column_facts(rows)).timestamp()
    if timestamp is None:
        return guess(rows)
    whole = _sampled(settings, environ, timestamp.name)
    return guess(rows, whole.earliest(), whole.latest())


def _sampled(
    settings: SourceSettings, environ: Mapping[str, str], timestamp: str | None
) -> Sampled:
    request = Request(settings=settings, columns=(), timestamp=timestamp)
    return cast("Sampled", open_source(request, environ))


def guess(rows: pa.Table, first: datetime | None = None, last: datetime | None = None) -> Guess:
    """Guess what the columns of a sample are.

    Args:
        rows: Some rows with all columns.
        first: The earliest event time of the whole log, if it is known.
        last: The latest event time of the whole log, if it is known.
    """
    columns = ColumnsByRole(column_facts(rows))
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
    reasons = {role: why(role, column) for role, column in roles.items()}
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
        end=last.astimezone(UTC).date() if last else None,
        positive_class=positive,
        reasons=reasons | {"task": why_task, "label": why_label, "positive_class": why_positive},
    )


def _name(column: ColumnFacts | None) -> str | None:
    return None if column is None else column.name


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
        if n <= MOST_CLASSES or prediction.is_text:
            return "multiclass", f"{prediction.name} has {n} different values"
    return "regression", f"{prediction.name} holds numbers with {n:,} different values"


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
    if column.is_text and column.distinct > MOST_CATEGORIES:
        return f"has {column.distinct:,} different texts"
    if not (column.is_text or column.is_number or column.is_boolean):
        return f"is of type {column.kind}"
    return ""


def _feature_type(column: ColumnFacts) -> str:
    is_code = column.is_whole and column.distinct <= MOST_CODES
    return "categorical" if column.is_text or column.is_boolean or is_code else "numeric"


def _segments(columns: Iterable[ColumnFacts], features: Mapping[str, str]) -> tuple[str, ...]:
    found = [
        column.name
        for column in columns
        if features.get(column.name) == "categorical"
        and column.distinct in _SEGMENT_VALUES
        and column.most_frequent[0][1] <= 0.95 * len(column.values)
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
    is_ended: bool = False,
) -> str:
    """Return a first model file with a comment on every guess; it is valid as it stands.

    Args:
        guess: What the log probably is.
        name: The name of the model.
        owner: An e-mail address or `team:name`.
        predictions_path: Where the log is: a path, or the settings of a database.
        reference_path: Where the reference is, in the same form.
        is_ended: Whether nothing is logged any more, so that later windows are not missed.
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
                *_indented(1, _cadence(guess, is_ended=is_ended)),
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


def _cadence(guess: Guess, *, is_ended: bool) -> Iterator[str]:
    yield "every: day  # or hour"
    if guess.start is None:
        yield "start: 2026-01-01  # not found in the data: the first day to be monitored"
    else:
        yield f"start: {guess.start.isoformat()}  # the first day of the log"
    if is_ended and guess.end is not None:
        yield f"end: {guess.end.isoformat()}  # the last day of the log: remove it for a live one"


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
