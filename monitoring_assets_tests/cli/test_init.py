"""`mlmon init`: a first model file that is valid as it stands."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

DATA = Path(
    os.environ.get("MLMON_SHARED_DATA") or Path(__file__).parents[2].parent / "shared" / "data"
)
needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason="the public data sets are not here; MLMON_SHARED_DATA names them"
)


def written(folder, name):
    document = yaml.safe_load((folder / "models" / f"{name}.yaml").read_text(encoding="utf-8"))
    return document["attributes"]


def test_what_was_written_can_be_replayed(folder, mlmon):
    assert mlmon("init", "fresh", "logs/*.parquet", "--reference", "reference.parquet").code == 0
    assert mlmon("validate").code == 0
    assert mlmon("backtest", "fresh", "--to", "2026-01-02").code == 0


def test_what_was_guessed_is_explained(folder, mlmon):
    out = mlmon("init", "fresh", "logs", "--reference", "reference.parquet").out
    assert "  label: " in out
    assert "next: correct models/fresh.yaml where it is wrong" in out.replace(f"{folder}/", "")
    assert ": \n" not in out


def test_paths_are_seen_from_the_file(folder, mlmon):
    mlmon("init", "fresh", "logs", "--reference", folder / "reference.parquet")
    config = written(folder, "fresh")
    assert config["predictions"]["path"] == "../logs"
    assert config["reference"]["versions"]["v1"]["path"] == "../reference.parquet"


def test_an_existing_file_is_kept(folder, mlmon):
    before = (folder / "models" / "churn.yaml").read_text(encoding="utf-8")
    answer = mlmon("init", "churn", "logs", "--reference", "reference.parquet")
    assert answer.code == 1
    assert "--force replaces it" in answer.err
    assert (folder / "models" / "churn.yaml").read_text(encoding="utf-8") == before


def test_an_existing_file_is_replaced_on_request(folder, mlmon):
    words = ["init", "churn", "logs", "--reference", "reference.parquet", "--owner", "a@b.org"]
    assert mlmon(*words, "--force").code == 0
    assert written(folder, "churn")["owner"] == "a@b.org"


def test_a_log_that_ended_long_ago_gets_an_end(folder, mlmon):
    mlmon("init", "fresh", "logs", "--reference", "reference.parquet")
    assert str(written(folder, "fresh")["cadence"]["end"]) == "2026-01-06"


def test_a_live_log_gets_none(folder, mlmon):
    table = pq.read_table(folder / "logs" / "0.parquet")
    age = datetime.now(UTC) - table["predicted_at"][0].as_py() - timedelta(hours=8)
    later = pa.array([moment.as_py() + age for moment in table["predicted_at"]])
    index = table.column_names.index("predicted_at")
    pq.write_table(table.set_column(index, "predicted_at", later), folder / "logs" / "0.parquet")
    mlmon("init", "fresh", "logs", "--reference", "reference.parquet")
    assert "end" not in written(folder, "fresh")["cadence"]


def test_a_name_that_cannot_be_used_is_said(folder, mlmon):
    answer = mlmon("init", "My-Model", "logs", "--reference", "reference.parquet")
    assert answer.code == 1
    assert "to correct: " in answer.err


@needs_data
@pytest.mark.parametrize(
    ("name", "task", "label"),
    [
        ("car_loan", "binary", "repaid"),
        ("car_price", "regression", "y_true"),
        ("electricity", "binary", "label"),
        ("bike_sharing", "regression", "cnt"),
        ("employment", "binary", None),
    ],
)
def test_public_data_sets_are_understood(folder, mlmon, name, task, label):
    reference = DATA / name / "reference.parquet"
    mlmon("init", name, DATA / name / "monitoring.parquet", "--reference", reference)
    config = written(folder, name)
    assert (config["task"], config["columns"].get("label")) == (task, label)
    assert mlmon("validate").code == 0
