from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from pydantic import ValidationError

from monitoring_assets.config.loader import load_models
from monitoring_assets.config.model import LoadedModel, ModelConfig
from monitoring_assets.config.values import parse_duration
from monitoring_assets_tests.config.files import GOOD

ATTRIBUTES = yaml.safe_load(GOOD)["attributes"]
COLUMNS = ATTRIBUTES["columns"]
NO_LABEL = {"timestamp": "at", "prediction": "predicted"}
LABELS = {"path": "labels", "prediction_id": "key", "label": "truth"}
WITH_ID = {**NO_LABEL, "prediction_id": "id"}
START = {"start": date(2026, 1, 1)}


def model(**changes: object) -> ModelConfig:
    return ModelConfig.model_validate(ATTRIBUTES | changes)


def reference(**version: object) -> dict:
    return {"active": "v1", "versions": {"v1": {"path": "reference.parquet", **version}}}


REFUSED = [
    ({"cadence": {**START, "every": "hour", "timezone": "Europe/Berlin"}}, "always UTC"),
    ({"cadence": {**START, "end": date(2025, 1, 1)}}, "end 2025-01-01 is before start 2026-01-01"),
    (
        {"cadence": {**START, "deadline": "2d", "look_back": "2d"}},
        "look_back must be longer than the deadline of 2d",
    ),
    (
        {"cadence": {**START, "look_back": "14d"}},
        "look_back must be longer than the 14d of performance.complete_after",
    ),
    ({"predictions": {}}, "give either `path`"),
    ({"predictions": {"path": "x", "url_env": "URL"}}, "give either `path`"),
    ({"predictions": {"path": "x", "table": "t"}}, "need `url_env`, not `path`"),
    ({"predictions": {"url_env": "URL"}}, "give either `table` or `query`"),
    ({"predictions": {"url_env": "URL", "table": "t", "query": "q"}}, "give either `table`"),
    ({"predictions": {"url_env": "db://u:p@h", "table": "t"}}, "is the name of an environment"),
    ({"reference": {**reference(), "active": "v2"}}, "active: 'v2' is none of"),
    (
        {"reference": {"active": "a/b", "versions": {"a/b": {"path": "x"}}}},
        "use letters, digits, dots, dashes",
    ),
    (
        {"reference": reference(**{"from": "2026-02-01", "to": "2026-02-01"})},
        "is not before to 2026-02-01",
    ),
    ({"columns": {**COLUMNS, "timestamp_zone": "Berlin"}}, "is no IANA time zone"),
    ({"columns": {**COLUMNS, "score": "predicted"}}, "is both prediction and score"),
    ({"columns": {**COLUMNS, "label": "age"}}, "is both a feature and columns.label"),
    ({"columns": COLUMNS, "labels": LABELS}, "give the truth once"),
    ({"columns": NO_LABEL, "labels": LABELS}, "name it in `columns.prediction_id`"),
    (
        {"columns": WITH_ID, "labels": {**LABELS, "label": "predicted"}},
        "labels.label: 'predicted' is also a column of the predictions",
    ),
    ({"task": "regression", "columns": {**COLUMNS, "score": "s"}}, "is for classifiers"),
    ({"features": {"age": {"type": "categorical", "min": 0}}}, "are for numeric features"),
    ({"features": {"age": {"type": "numeric", "allowed": [1]}}}, "is for categorical features"),
    ({"features": {"age": {"type": "numeric", "min": 2, "max": 1}}}, "min 2 is above max 1"),
    ({"segments": ["age"]}, "segments: 'age' holds no categories"),
    ({"segments": ["at"]}, "segments: 'at' holds no categories"),
    ({"columns": WITH_ID, "segments": ["id"]}, "segments: 'id' holds no categories"),
    (
        {"columns": {**COLUMNS, "score": "s"}, "segments": ["s"]},
        "segments: 's' holds no categories",
    ),
    ({"quality": {"min_volume": 2, "max_volume": 2}}, "min_volume 2 is not below max_volume 2"),
    ({"drift": {"method": "ks"}}, "ks compares numbers and 'plan' holds categories"),
    (
        {
            "features": {"age": "numeric"},
            "drift": {"method": "wasserstein"},
        },
        "wasserstein compares numbers and 'predicted' holds categories",
    ),
    ({"performance": {"judged": []}}, "at least 1 item"),
    ({"performance": {"judged": ["mae"]}}, "'mae' cannot be judged here"),
    ({"performance": {"judged": ["roc_auc"]}}, "'roc_auc' cannot be judged here"),
    (
        {"task": "regression", "performance": {"judged": ["mean_error"]}},
        "'mean_error' cannot be judged here; choose from mae, rmse, r2, mape",
    ),
    ({"owner": "somebody"}, "write an e-mail address or team:name"),
    ({"name": "1st"}, "should match pattern"),
    ({"min_rows": 1}, "greater than or equal to 2"),
    ({"max_correlation_change": 0}, "greater than 0"),
    ({"drift": {"threshold": float("inf")}}, "finite number"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED, ids=[r[1] for r in REFUSED])
def test_what_cannot_work_is_refused(changes, message):
    with pytest.raises(ValidationError) as error:
        model(**changes)
    assert message in str(error.value)


ACCEPTED = [
    {"columns": {**COLUMNS, "score": "s"}, "performance": {"judged": ["roc_auc"]}},
    {"columns": NO_LABEL, "cadence": {**START, "look_back": "7d"}},
    {"columns": WITH_ID, "labels": LABELS},
    {"columns": {**COLUMNS, "model_version": "v"}, "segments": ["plan", "v", "region"]},
    {"segments": ["predicted"]},
    {"task": "regression", "features": {"age": "numeric"}, "drift": {"method": "ks"}},
    {"features": {"plan": {"type": "categorical", "drift": {"method": "psi"}}}},
    {"reference": reference(**{"from": "2026-01-01", "to": "2026-02-01"})},
    {"owner": "a.b@example.org"},
]


@pytest.mark.parametrize("changes", ACCEPTED, ids=str)
def test_what_can_work_is_accepted(changes):
    assert model(**changes).name == "churn"


@pytest.mark.parametrize(
    ("text", "length"),
    [("30m", timedelta(minutes=30)), ("6h", timedelta(hours=6)), (" 14 d ", timedelta(days=14))],
)
def test_a_duration_is_a_number_and_a_unit(text, length):
    assert parse_duration(text) == length


@pytest.mark.parametrize("text", ["", "6", "h", "1.5h", "-1h", "6 hours", "P1D", None])
def test_other_durations_are_refused(text):
    with pytest.raises(ValueError, match="is no duration"):
        parse_duration(text)


@pytest.mark.parametrize("duration", ["90m", "6h", "2d", "36h", "0m"])
def test_a_duration_survives_being_written(duration):
    config = model(cadence={**START, "deadline": duration})
    again = ModelConfig.model_validate_json(config.model_dump_json(by_alias=True))
    assert again == config
    assert config.model_dump()["cadence"]["deadline"] == duration


@pytest.mark.parametrize(
    ("positive", "text"),
    [(1, "1"), (1.0, "1"), (True, "1"), (False, "0"), (0.5, "0.5"), ("yes", "yes")],
)
def test_the_positive_class_is_compared_as_text(positive, text):
    assert model(positive_class=positive).positive_text == text


def test_a_feature_is_a_type_or_a_mapping():
    config = model(features={"a": "numeric", "b": {"type": "numeric"}})
    assert config.features["a"] == config.features["b"]


def test_the_log_has_each_column_once():
    config = model(columns={**COLUMNS, "score": "s"}, segments=["plan", "region"])
    assert config.log_columns == ("at", "predicted", "s", "churned", "age", "plan", "region")


@pytest.mark.parametrize(
    ("changes", "column", "is_numeric"),
    [
        ({}, "age", True),
        ({}, "plan", False),
        ({}, "predicted", False),
        ({}, "churned", False),
        ({"columns": {**COLUMNS, "score": "s"}}, "s", True),
        ({"task": "regression"}, "predicted", True),
        ({"task": "regression"}, "churned", True),
        ({"segments": ["region"]}, "region", False),
    ],
)
def test_some_columns_are_compared_as_numbers(changes, column, is_numeric):
    assert model(**changes).is_numeric(column) is is_numeric


def test_the_truth_is_a_column_of_the_log_or_of_the_labels():
    assert model().label_column == "churned"
    assert model(columns=WITH_ID, labels=LABELS).label_column == "truth"
    assert model(columns=NO_LABEL).label_column is None


def test_a_time_of_the_reference_without_a_zone_is_in_the_models():
    version = model(reference=reference(**{"from": "2026-01-01", "to": "2026-01-02T06:00:00"}))
    v1, zone = version.reference.versions["v1"], ZoneInfo("Europe/Berlin")
    assert v1.start_in(zone) == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert v1.end_in(zone) == datetime(2026, 1, 2, 5, tzinfo=UTC)


def test_a_feature_may_be_judged_in_its_own_way():
    own = {"type": "numeric", "drift": {"method": "ks", "threshold": 0.01}}
    config = model(features={"age": own, "plan": "categorical"})
    assert config.drift_of("age").method == "ks"
    assert config.drift_of("plan") == config.drift_of("predicted") == config.drift


def test_paths_begin_at_the_folder_of_the_file(tmp_path):
    loaded = LoadedModel(config=model(), file=tmp_path / "models" / "churn.yaml")
    assert loaded.located("../log") == str(tmp_path / "log")
    assert loaded.located("s3://bucket/log") == "s3://bucket/log"
    assert loaded.located(str(tmp_path)) == str(tmp_path)
    assert loaded.located("~/log") == str(Path.home() / "log")


def test_a_model_cannot_be_changed():
    with pytest.raises(ValidationError):
        model().name = "other"


def test_the_right_file_of_these_tests_is_right(tmp_path):
    file = tmp_path / "churn.yaml"
    file.write_text(GOOD)
    assert load_models([file])[0].config == model()
