"""The configuration of one monitored model, as written in its YAML file.

Everything here is declared once, typed and frozen; an unknown key is an error. What a key means
is its description, which also ends up in the JSON Schema for editors. Reading files belongs to
`config.loader`.
"""

import re
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from monitoring_assets.config.alerts import AlertSettings
from monitoring_assets.config.engine import EngineSettings
from monitoring_assets.config.responses import ResponseSettings
from monitoring_assets.config.values import Duration, Settings, Share, print_duration
from monitoring_assets.domain.window import Cadence, Every

Scalar = bool | int | float | str
DriftMethodName = Literal[
    "evidently",
    "wasserstein",
    "jensenshannon",
    "ks",
    "chisquare",
    "chisquare_two_sample",
    "z",
    "g_test",
    "fisher_exact",
    "psi",
    "hellinger",
    "kl_div",
    "total_variation",
    "TVD",
    "anderson",
    "cramer_von_mises",
    "t_test",
    "mannw",
    "es",
    "empirical_mmd",
    "energy_distance",
]
# A test holds them to `metrics.drift_methods`, which is not imported here: numpy comes with it.
_NUMERIC_ONLY = {
    *("wasserstein", "energy_distance", "ks", "anderson", "cramer_von_mises"),
    *("t_test", "mannw", "es", "empirical_mmd"),
}


def _zone_name(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is no IANA time zone; write for instance Europe/Berlin")
    return name


class CadenceSettings(Settings):
    """When windows begin and end."""

    every: Every = Every.DAY
    """The length of a window: `day` or `hour`."""
    start: date
    """The first day that is monitored."""
    end: date | None = None
    """The last day that is monitored; for a model that was retired, or a log that has ended."""
    timezone: str = "UTC"
    """The IANA time zone whose midnight divides days. Hourly windows are always UTC."""
    deadline: Duration = timedelta(hours=6)
    """How long after its end a window may stay empty before that is reported as `no_data`."""
    look_back: Duration = timedelta(days=45)
    """Late rows and labels are looked for in windows that ended within this time."""

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        return _zone_name(name)

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.end is not None and self.end < self.start:
            raise ValueError(f"end {self.end} is before start {self.start}")
        return self

    @model_validator(mode="after")
    def _empty_windows_are_noticed(self) -> Self:
        if self.look_back <= self.deadline:
            raise ValueError(
                f"look_back must be longer than the deadline of {print_duration(self.deadline)}, "
                "or a window that stays empty is never noticed"
            )
        return self

    @model_validator(mode="after")
    def _hours_are_utc(self) -> Self:
        if self.every is Every.HOUR and self.timezone != "UTC":
            raise ValueError("hourly windows are always UTC: remove `timezone` or use every: day")
        return self

    @property
    def windows(self) -> Cadence:
        """Return the sequence of windows."""
        return Cadence(every=self.every, start=self.start, end=self.end, timezone=self.timezone)


class SourceSettings(Settings):
    """Where rows are read from: files (`path`) or a database (`url_env`, `table` or `query`)."""

    path: str | None = None
    """A file, a folder or a glob (`logs/date=*/*.parquet`), local or `s3://`; Parquet, CSV,
    JSONL or Feather. Relative paths start at the folder of the YAML file."""
    url_env: str | None = None
    """The name of the environment variable that holds the database URL (never the URL itself)."""
    table: str | None = None
    """A table or view, with its schema if needed."""
    query: str | None = None
    """A SELECT statement instead of a table."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.path is None) == (self.url_env is None):
            raise ValueError("give either `path` (files) or `url_env` (a database), not both")
        if self.url_env is not None and (self.table is None) == (self.query is None):
            raise ValueError("with `url_env`, give either `table` or `query`")
        if self.url_env is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", self.url_env):
            raise ValueError(
                "`url_env` is the name of an environment variable, such as WAREHOUSE_URL; "
                "a URL does not belong into this file"
            )
        if self.path is not None and (self.table or self.query):
            raise ValueError("`table` and `query` need `url_env`, not `path`")
        return self


class LabelSettings(SourceSettings):
    """Where the truth comes from when it is not a column of the predictions."""

    prediction_id: str
    """The column that names the prediction."""
    label: str
    """The column that holds the truth."""
    known_at: str | None = None
    """The column that says when the truth became known; the last one known counts."""


class ReferenceVersion(SourceSettings):
    """One labelled data set that windows are compared with."""

    start: datetime | date | None = Field(default=None, alias="from")
    """Only rows at or after this time, if given."""
    end: datetime | date | None = Field(default=None, alias="to")
    """Only rows before this time, if given."""

    model_config = ConfigDict(populate_by_name=True)

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        start, end = (_moment(t, ZoneInfo("UTC")) for t in (self.start, self.end))
        if start is not None and end is not None and start >= end:
            raise ValueError(f"from {self.start} is not before to {self.end}")
        return self

    def start_in(self, zone: ZoneInfo) -> datetime | None:
        """Return `from` as an aware moment; a time without a zone is in the given one."""
        return _moment(self.start, zone)

    def end_in(self, zone: ZoneInfo) -> datetime | None:
        """Return `to` as an aware moment; a time without a zone is in the given one."""
        return _moment(self.end, zone)


def _moment(value: datetime | date | None, zone: ZoneInfo) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime):
        return datetime.combine(value, time(), zone)
    return value if value.tzinfo else value.replace(tzinfo=zone)


class ReferenceSettings(Settings):
    """The data sets that windows are compared with; one version is active."""

    active: str
    """The version that windows are compared with."""
    match: Literal["all", "weekday"] = "all"
    """Which rows of it a window is compared with: all, or those of the same day of the week."""
    versions: dict[str, ReferenceVersion] = Field(min_length=1)
    """All versions by name."""

    @model_validator(mode="after")
    def _active_exists(self) -> Self:
        if self.active not in self.versions:
            raise ValueError(f"active: {self.active!r} is none of {sorted(self.versions)}")
        for name in self.versions:
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
                raise ValueError(f"version {name!r}: use letters, digits, dots, dashes")
        return self


class ColumnRoles(Settings):
    """Which column of the prediction log plays which role."""

    timestamp: str
    """When the prediction was made."""
    timestamp_zone: str | None = None
    """The time zone of timestamps that carry none. Without it such timestamps are reported."""
    prediction_id: str | None = None
    """The unique name of a prediction; labels from elsewhere are joined on it."""
    prediction: str
    """The predicted class or value."""
    score: str | None = None
    """The predicted probability of the positive class."""
    label: str | None = None
    """The truth, when it is a column of the same rows."""
    model_version: str | None = None
    """The version of the model that made the prediction."""

    @field_validator("timestamp_zone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        return name if name is None else _zone_name(name)

    @model_validator(mode="after")
    def _one_column_per_role(self) -> Self:
        seen: dict[str, str] = {}
        for role, column in self.by_role.items():
            if column in seen:
                raise ValueError(f"column {column!r} is both {seen[column]} and {role}")
            seen[column] = role
        return self

    @property
    def by_role(self) -> dict[str, str]:
        """Return the columns by the names of the roles that were given to them."""
        return self.model_dump(exclude={"timestamp_zone"}, exclude_none=True)

    @property
    def zone(self) -> ZoneInfo | None:
        """Return the zone of timestamps that carry none, None where it was not declared."""
        return None if self.timestamp_zone is None else ZoneInfo(self.timestamp_zone)


class DriftSettings(Settings):
    """How drift is measured and judged."""

    method: DriftMethodName = "evidently"
    """A method of Evidently, or `evidently` for its default choice by type and size."""
    threshold: Annotated[float, Field(gt=0)] | None = None
    """The limit; without it the method's own default (0.1 for distances, 0.05 for p-values)."""


class Feature(Settings):
    """One input of the model."""

    type: Literal["numeric", "categorical"]
    """How its values are compared."""
    min: float | None = None
    """Rows below are not valid and go to quarantine."""
    max: float | None = None
    """Rows above are not valid and go to quarantine."""
    allowed: tuple[Scalar, ...] | Literal["reference"] | None = None
    """The only valid categories, or `reference` for those seen in the reference."""
    nullable: bool = True
    """Whether a row without a value is valid."""
    drift: DriftSettings | None = None
    """How this feature's drift is judged, where it differs from the model's `drift`."""
    max_missing: Share | None = None
    """The largest share of missing values, where it differs from the model's `quality`."""

    @model_validator(mode="after")
    def _limits_fit_type(self) -> Self:
        if self.type == "categorical" and (self.min is not None or self.max is not None):
            raise ValueError("`min` and `max` are for numeric features; use `allowed`")
        if self.type == "numeric" and self.allowed is not None:
            raise ValueError("`allowed` is for categorical features; use `min` and `max`")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        return self


def _feature(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


FeatureType = Literal["numeric", "categorical"]
FeatureOrType = Annotated[
    Feature, BeforeValidator(_feature, json_schema_input_type=FeatureType | Feature)
]


class QualitySettings(Settings):
    """Limits of data quality; a share is of the window's rows."""

    invalid_rows: Share = 0.01
    """The largest share of rows that may break the contract."""
    missing: Share = 0.05
    """How much the share of missing values may exceed the reference's."""
    out_of_range: Share = 0.01
    """The largest share of numbers outside the reference's range."""
    unseen_categories: Share = 0.01
    """The largest share of categories that the reference does not hold."""
    outliers: Share = 0.05
    """How much the share of IQR outliers may exceed the reference's."""
    infinite: Share = 0.001
    """The largest share of infinite numbers."""
    duplicates: Share = 0.01
    """The largest share of repeated prediction ids (or of wholly repeated rows)."""
    expected_rows: Annotated[int, Field(gt=0)] | None = None
    """Rows expected in a window; without it the reference's median for the same weekday."""
    min_volume: Annotated[float, Field(ge=0)] = 0.5
    """The smallest share of the expected rows."""
    max_volume: Annotated[float, Field(gt=0)] = 2.0
    """The largest multiple of the expected rows."""

    @model_validator(mode="after")
    def _volumes_leave_room(self) -> Self:
        if self.min_volume >= self.max_volume:
            raise ValueError(
                f"min_volume {self.min_volume:g} is not below max_volume {self.max_volume:g}"
            )
        return self


# Best at 0, and worse on both sides of it: neither a fall nor a rise alone is bad.
_NEVER_JUDGED = {"mean_error"}


class PerformanceSettings(Settings):
    """Limits of performance, judged when enough labels have arrived."""

    min_coverage: Share = 0.9
    """Performance is judged when this share of the window's predictions is labelled."""
    complete_after: Duration = timedelta(days=14)
    """How long after a window its labels are expected; then missing ones are reported."""
    min_rows: Annotated[int, Field(ge=2)] = 30
    """Fewer labelled rows are not judged."""
    max_drop: Annotated[float, Field(ge=0)] = 0.05
    """How far accuracy, precision, recall, F1, ROC AUC or R² may fall below the reference's."""
    max_rise: Annotated[float, Field(ge=0)] = 0.25
    """How far log loss, Brier, MAE or RMSE may rise above the reference's, as a share of it."""
    judged: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """The metrics that are judged; without it a default by task."""


class ModelConfig(Settings):
    """One monitored model."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    """Lower-case letters, digits and underscores; the prefix of all its assets."""
    task: Literal["binary", "multiclass", "regression"]
    """What the model predicts."""
    owner: str
    """An e-mail address or `team:name`."""
    description: str = ""
    """What the model is for, shown in the UI."""
    tier: Literal[1, 2, 3] = 2
    """How much depends on it: 1 most, 3 least; dashboards and metrics can be filtered by it."""
    cadence: CadenceSettings
    """When windows begin and end."""
    predictions: SourceSettings
    """Where the prediction log is."""
    labels: LabelSettings | None = None
    """Where the truth is; omit it when it is `columns.label` or there is none."""
    reference: ReferenceSettings
    """What windows are compared with."""
    columns: ColumnRoles
    """Which column plays which role."""
    features: dict[str, FeatureOrType] = Field(min_length=1)
    """The inputs of the model by column: `numeric`, `categorical` or a mapping with limits."""
    positive_class: Scalar = 1
    """The class whose probability is `columns.score`, for binary tasks."""
    segments: tuple[str, ...] = ()
    """Categorical columns whose values are also measured one by one."""
    max_segment_values: Annotated[int, Field(ge=1, le=100)] = 12
    """The largest values of a segment column are measured; the rest together as `other`."""
    min_rows: Annotated[int, Field(ge=2)] = 30
    """Windows and segments with fewer rows are not judged."""
    drift: DriftSettings = DriftSettings()
    """How drift is measured and judged."""
    max_correlation_change: Annotated[float, Field(gt=0, le=2)] = 0.3
    """How far the correlation of two numeric features may move."""
    quality: QualitySettings = QualitySettings()
    """Limits of data quality."""
    performance: PerformanceSettings = PerformanceSettings()
    """Limits of performance."""
    alerts: AlertSettings = AlertSettings()
    """Who learns of failures."""
    engine: EngineSettings = EngineSettings()
    """Where the profile of a window is computed."""
    responses: ResponseSettings = ResponseSettings()
    """What is done about failures without asking; nothing by default."""

    @field_validator("owner")
    @classmethod
    def _owner_form(cls, owner: str) -> str:
        if not re.fullmatch(r"team:[\w.\- ]+|[^@\s]+@[^@\s]+\.[^@\s]+", owner):
            raise ValueError("write an e-mail address or team:name")
        return owner

    @model_validator(mode="after")
    def _labels_fit(self) -> Self:
        if self.labels is None:
            return self
        if self.columns.label is not None:
            raise ValueError("give the truth once: either `labels` or `columns.label`")
        if self.columns.prediction_id is None:
            raise ValueError("`labels` are joined by id: name it in `columns.prediction_id`")
        if self.labels.label in self.columns_in_use:
            raise ValueError(
                f"labels.label: {self.labels.label!r} is also a column of the predictions; "
                "the reference holds both, so they need different names"
            )
        return self

    @model_validator(mode="after")
    def _labels_are_awaited(self) -> Self:
        wait = self.performance.complete_after
        if self.label_column is not None and self.cadence.look_back <= wait:
            raise ValueError(
                f"cadence.look_back must be longer than the {print_duration(wait)} of "
                "performance.complete_after, or labels that stay away are never noticed"
            )
        return self

    @model_validator(mode="after")
    def _columns_fit(self) -> Self:
        for role, column in self.columns.by_role.items():
            if column in self.features:
                raise ValueError(f"column {column!r} is both a feature and columns.{role}")
        if self.task == "regression" and self.columns.score is not None:
            raise ValueError("`columns.score` is for classifiers; a regression has `prediction`")
        single = {self.columns.timestamp, self.columns.prediction_id}
        for column in self.segments:
            if column in single or self.is_numeric(column):
                raise ValueError(f"segments: {column!r} holds no categories")
        return self

    @model_validator(mode="after")
    def _engine_finds_rows(self) -> Self:
        if self.engine.name == "ibis" and self.predictions.path and not self.engine.url_env:
            raise ValueError(
                "engine: ibis asks a database, and `predictions` are files: use duckdb or spark, "
                "or give `url_env` and `table`"
            )
        return self

    @model_validator(mode="after")
    def _judged_are_offered(self) -> Self:
        if self.performance.judged is None:
            return self
        from monitoring_assets.metrics.performance import PERFORMANCE_METRICS  # imports numpy

        offered = [
            name
            for name, metric in PERFORMANCE_METRICS.items()
            if self.task in metric.tasks
            and (self.columns.score is not None or not metric.needs_score)
            and name not in _NEVER_JUDGED
        ]
        for name in self.performance.judged:
            if name not in offered:
                raise ValueError(
                    f"performance.judged: {name!r} cannot be judged here; "
                    f"choose from {', '.join(offered)}"
                )
        return self

    @model_validator(mode="after")
    def _methods_fit_types(self) -> Self:
        for column in (*self.features, self.drift_column):
            method = self.drift_of(column).method
            if method in _NUMERIC_ONLY and not self.is_numeric(column):
                raise ValueError(
                    f"drift: {method} compares numbers and {column!r} holds categories; give it a "
                    "method of its own, such as jensenshannon, or use one for both"
                )
        return self

    @property
    def label_column(self) -> str | None:
        """Return the column that holds the truth in the reference, None without labels."""
        return self.labels.label if self.labels is not None else self.columns.label

    @property
    def positive_text(self) -> str:
        """Return the positive class as text, in the form in which classes are compared."""
        positive = self.positive_class
        if isinstance(positive, bool) or (isinstance(positive, float) and positive.is_integer()):
            return str(int(positive))
        return str(positive)

    @property
    def drift_column(self) -> str:
        """Return the column whose drift is prediction drift: the score, else the prediction."""
        return self.columns.score or self.columns.prediction

    @property
    def drift_columns(self) -> tuple[str, ...]:
        """Return the columns whose drift is measured: the features and what is predicted."""
        return tuple(dict.fromkeys([*self.features, self.drift_column]))

    @property
    def numeric_features(self) -> tuple[str, ...]:
        """Return the names of the numeric features."""
        return tuple(n for n, f in self.features.items() if f.type == "numeric")

    def is_numeric(self, column: str) -> bool:
        """Return whether the values of a column are compared as numbers."""
        if column in self.features:
            return self.features[column].type == "numeric"
        return column == self.columns.score or (
            self.task == "regression" and column in {self.columns.prediction, self.label_column}
        )

    @property
    def columns_in_use(self) -> tuple[str, ...]:
        """Return the columns that the prediction log should hold, each once."""
        return tuple(dict.fromkeys([*self.log_columns, *self.features]))

    @property
    def log_columns(self) -> tuple[str, ...]:
        """Return the columns that are copied from the prediction log, each once.

        Features stay where they are if an engine profiles them there.
        """
        c = self.columns
        roles = (c.timestamp, c.prediction_id, c.prediction, c.score, c.label, c.model_version)
        features = () if self.engine.is_in_place else tuple(self.features)
        return tuple(dict.fromkeys([*(r for r in roles if r), *features, *self.segments]))

    def drift_of(self, column: str) -> DriftSettings:
        """Return how the drift of one column is judged."""
        feature = self.features.get(column)
        return feature.drift if feature is not None and feature.drift is not None else self.drift


class LoadedModel(BaseModel):
    """A configuration with the file it came from; relative paths start at that file's folder."""

    model_config = ConfigDict(frozen=True)
    config: ModelConfig
    file: Path

    def located(self, path: str) -> str:
        """Return a path of the configuration as an absolute one; URLs stay as they are."""
        if "://" in path:
            return path
        return str((self.file.parent / Path(path).expanduser()).resolve())
