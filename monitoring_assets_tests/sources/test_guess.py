"""The first guess about a log, and the YAML file that is made of it."""

import os
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
import yaml

from monitoring_assets.config.loader import read_model
from monitoring_assets.config.model import LoadedModel, SourceSettings
from monitoring_assets.sources.guess import guess, guess_source, render_yaml

DATA = Path(
    os.environ.get("MLMON_SHARED_DATA") or Path(__file__).parents[2].parent / "shared" / "data"
)

KNOWN = {
    "car_loan": {
        "task": "binary",
        "timestamp": "timestamp",
        "is_naive": True,
        "prediction_id": None,
        "prediction": "y_pred",
        "score": "y_pred_proba",
        "label": "repaid",
        "positive_class": 1,
        "start": date(2018, 10, 30),
    },
    "car_price": {
        "task": "regression",
        "timestamp": "timestamp",
        "is_naive": True,
        "prediction_id": "id",
        "prediction": "y_pred",
        "score": None,
        "label": "y_true",
        "positive_class": None,
        "start": date(2017, 2, 16),
    },
    "employment": {
        "task": "binary",
        "timestamp": None,
        "is_naive": False,
        "prediction_id": "id",
        "prediction": "prediction",
        "score": "predicted_probability",
        "label": None,
        "positive_class": 1,
        "start": None,
    },
    "electricity": {
        "task": "binary",
        "timestamp": "timestamp",
        "is_naive": False,
        "prediction_id": "prediction_id",
        "prediction": "prediction",
        "score": "predicted_probability",
        "label": "label",
        "positive_class": 1,
        "start": date(1996, 8, 27),
    },
    "bike_sharing": {
        "task": "regression",
        "timestamp": "timestamp",
        "is_naive": False,
        "prediction_id": "prediction_id",
        "prediction": "prediction",
        "score": None,
        "label": "cnt",
        "positive_class": None,
        "start": date(2011, 7, 1),
    },
}
CATEGORICAL = {
    "car_loan": {"salary_range", "repaid_loan_on_prev_car", "size_of_downpayment"},
    "car_price": {"fuel", "transmission"},
    "electricity": {"day"},
    "bike_sharing": {"season", "mnth", "holiday", "weekday", "workingday", "weathersit"},
}
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not here")


def look(name):
    return guess_source(SourceSettings(path=str(DATA / name / "monitoring.parquet")), {})


def render(found, **places):
    return render_yaml(
        found,
        name="some_model",
        owner="team:scoring",
        predictions_path=places.get("predictions", "log/*.parquet"),
        reference_path=places.get("reference", "reference.parquet"),
    )


def loaded(text, folder):
    file = folder / "model.yaml"
    file.write_text(text, encoding="utf-8")
    model = read_model(file)
    assert isinstance(model, LoadedModel), [str(problem) for problem in model]
    return model.config


@needs_data
@pytest.mark.parametrize("name", KNOWN)
def test_public_data_sets_are_understood(name):
    found = look(name)
    assert {role: getattr(found, role) for role in KNOWN[name]} == KNOWN[name]


@needs_data
@pytest.mark.parametrize("name", CATEGORICAL)
def test_categories_of_public_data_sets_are_told_from_numbers(name):
    features = look(name).features
    assert {column for column, kind in features.items() if kind == "categorical"} == (
        CATEGORICAL[name]
    )


@needs_data
@pytest.mark.parametrize("name", KNOWN)
def test_the_first_yaml_of_public_data_sets_is_valid(name, tmp_path):
    config = loaded(render(look(name)), tmp_path)
    assert config.task == KNOWN[name]["task"]
    assert config.columns.label == KNOWN[name]["label"]


def rows(**columns):
    n = 40
    base = {
        "scoredAt": pa.array([1_767_225_600_000 + i * 60_000 for i in range(n)]),
        "requestId": [f"r-{i}" for i in range(n)],
        "predictedClass": ["churn" if i % 3 else "stay" for i in range(n)],
        "churn_probability": [0.9 - i / 1000 if i % 3 else 0.1 + i / 1000 for i in range(n)],
        "modelVersion": ["v1"] * n,
        "no": [i * 1.5 for i in range(n)],
        "plan": ["basic" if i % 2 else "plus" for i in range(n)],
    }
    return pa.table(base | columns)


def test_names_in_camel_case_and_epoch_times_are_understood():
    found = guess(rows())
    assert (found.timestamp, found.prediction_id) == ("scoredAt", "requestId")
    assert (found.prediction, found.score) == ("predictedClass", "churn_probability")
    assert found.model_version == "modelVersion"
    assert found.start == date(2026, 1, 1)
    assert not found.is_naive


def test_an_id_may_repeat_in_a_few_rows():
    ids = [f"r-{max(i, 2)}" for i in range(40)]
    assert guess(rows(requestId=ids)).prediction_id == "requestId"


def test_the_positive_class_is_the_one_with_the_higher_score():
    assert guess(rows()).positive_class == "churn"


def test_columns_that_are_no_feature_are_left_out_with_the_reason():
    found = guess(
        rows(
            comment=[f"text {i}" for i in range(40)],
            nothing=pa.nulls(40),
            tags=[["a"]] * 40,
            paid_on=pa.array([date(2026, 1, 1)] * 40),
        )
    )
    assert set(found.features) == {"no", "plan"}
    assert set(found.left_out) == {"comment", "nothing", "tags", "paid_on"}


def test_a_label_is_found_by_agreement_with_the_prediction():
    truth = ["churn" if i % 3 or i == 0 else "stay" for i in range(40)]
    found = guess(rows(left_us=truth))
    assert found.label == "left_us"
    assert "(0.97)" in found.reasons["label"]


def test_a_log_without_a_label_has_none():
    assert guess(rows()).label is None


@pytest.mark.parametrize(
    ("predictions", "task"),
    [
        (["a", "b", "c", "d"] * 10, "multiclass"),
        ([True, False] * 20, "binary"),
        ([float(i) for i in range(40)], "regression"),
        (list(range(40)), "regression"),
        ([1, 2, 3, 4] * 10, "multiclass"),
    ],
)
def test_the_task_follows_from_the_predictions(predictions, task):
    table = rows().drop(["churn_probability", "predictedClass"])
    assert guess(table.append_column("prediction", pa.array(predictions))).task == task


def test_the_first_yaml_quotes_what_yaml_would_take_for_something_else(tmp_path):
    config = loaded(render(guess(rows())), tmp_path)
    assert dict(config.features)["no"].type == "numeric"
    assert config.positive_class == "churn"
    assert config.segments == ("plan",)


def test_times_without_a_zone_are_written_as_utc_with_a_remark():
    times = pa.array([1_767_225_600_000 + i for i in range(40)], pa.timestamp("ms"))
    text = render(guess(rows(scoredAt=times)))
    assert "timestamp_zone: UTC  # the times carry no zone" in text


def test_a_log_in_which_nothing_is_recognised_still_gives_a_valid_file(tmp_path):
    text = render(guess(pa.table({"a": [[1]]})))
    loaded(text, tmp_path)
    assert text.count("CORRECT THIS") == 3


def test_a_folder_is_looked_at_from_its_first_to_its_last_file(tmp_path):
    for name, plan in (("1", "basic"), ("2", "plus"), ("3", "gold")):
        ids = [f"{name}-{i}" for i in range(40)]
        pq.write_table(rows(plan=[plan] * 40, requestId=ids), tmp_path / f"{name}.parquet")
    found = guess_source(SourceSettings(path=str(tmp_path)), {})
    assert found.features == {"no": "numeric", "plan": "categorical"}
    assert found.segments == ("plan",)


def test_a_table_is_looked_at_and_written_without_its_url(tmp_path):
    url = f"sqlite:///{tmp_path}/log.db"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE log (ts TEXT, amount REAL, prediction INTEGER)"))
        stored = [
            {"t": f"2026-01-{30 - i:02} 12:00:00", "a": i / 7, "p": i % 2} for i in range(20)
        ]
        connection.execute(sa.text("INSERT INTO log VALUES (:t, :a, :p)"), stored)
    engine.dispose()
    settings = SourceSettings(url_env="LOG_URL", table="log")
    found = guess_source(settings, {"LOG_URL": url})
    assert (found.timestamp, found.start, found.is_naive) == ("ts", date(2026, 1, 11), True)
    config = loaded(render(found, predictions=settings), tmp_path)
    assert config.predictions == settings


def test_every_line_of_the_first_yaml_is_read_back_as_it_was_guessed():
    found = guess(rows())
    attributes = yaml.safe_load(render(found))["attributes"]
    assert attributes["features"] == found.features
    assert attributes["columns"] == {
        "timestamp": "scoredAt",
        "prediction_id": "requestId",
        "prediction": "predictedClass",
        "score": "churn_probability",
        "model_version": "modelVersion",
    }
