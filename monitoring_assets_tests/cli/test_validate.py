"""`mlmon validate`: what is wrong, with file and line, for people and for programs."""

import json

import pytest


@pytest.fixture
def model_file(folder):
    return folder / "models" / "churn.yaml"


def replace(file, old, new):
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_good_folder_is_summed_up(folder, mlmon):
    answer = mlmon("validate")
    assert answer.code == 0
    assert "churn (binary, daily, 2 features)" in answer.out
    assert answer.out.endswith("1 model ok\n")


def test_files_and_folders_can_be_named(folder, mlmon, model_file):
    assert mlmon("validate", model_file, "models").code == 1  # the same name twice
    assert mlmon("validate", model_file).code == 0


def test_the_environment_names_the_folder(folder, mlmon, monkeypatch):
    (folder / "models").rename(folder / "elsewhere")
    monkeypatch.setenv("MLMON_MODELS", "elsewhere")
    assert mlmon("validate").code == 0


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("task: binary", "task: ternary", "churn.yaml:4: task: "),
        ("  features:", "  featurs:", "churn.yaml:22: featurs: unknown key; did you mean"),
        ("owner: team:growth", "owner: somebody", "churn.yaml:5: owner: "),
        ("start: 2026-01-01", "start: soon", "churn.yaml:8: cadence.start: "),
        ("active: v1", "active: v2", "churn.yaml:13: "),
    ],
)
def test_a_problem_is_named_with_its_line(mlmon, model_file, old, new, expected):
    replace(model_file, old, new)
    answer = mlmon("validate")
    assert answer.code == 1
    assert expected in answer.err


def test_all_problems_of_all_files_are_named(folder, mlmon, model_file):
    replace(model_file, "task: binary", "task: ternary")
    replace(model_file, "owner: team:growth", "owner: somebody")
    (folder / "models" / "other.yaml").write_text("nonsense: [", encoding="utf-8")
    lines = mlmon("validate").err.splitlines()
    assert len([line for line in lines if ".yaml:" in line]) == 3


def test_a_reference_that_is_not_there_is_a_problem(folder, mlmon):
    (folder / "reference.parquet").unlink()
    answer = mlmon("validate")
    assert answer.code == 1
    assert "reference.versions.v1.path" in answer.err


def test_logs_may_come_later(folder, mlmon):
    for file in (folder / "logs").iterdir():
        file.unlink()
    assert mlmon("validate").code == 0


def test_json_of_a_good_folder(folder, mlmon):
    answer = mlmon("validate", "--json")
    assert answer.code == 0
    assert json.loads(answer.out) == {"models": ["churn"], "problems": []}


def test_json_of_a_broken_file(mlmon, model_file):
    replace(model_file, "task: binary", "task: ternary")
    answer = mlmon("validate", "--json")
    assert answer.code == 1
    found = json.loads(answer.out)
    assert found["models"] == []
    [problem] = found["problems"]
    assert (problem["line"], problem["where"]) == (4, "task")
    assert problem["file"].endswith("churn.yaml")


def test_json_of_a_name_that_is_given_twice(folder, mlmon, model_file):
    (folder / "models" / "again.yaml").write_text(model_file.read_text(), encoding="utf-8")
    answer = mlmon("validate", "--json")
    assert answer.code == 1
    assert "names must differ" in answer.out


def test_json_of_a_reference_that_is_not_there(folder, mlmon):
    (folder / "reference.parquet").unlink()
    answer = mlmon("validate", "--json")
    assert answer.code == 1
    assert "does not exist" in answer.out


def test_a_file_that_is_not_there_is_a_problem(folder, mlmon):
    answer = mlmon("validate", "models/nobody.yaml")
    assert answer.code == 1
    assert "models/nobody.yaml" in answer.err
