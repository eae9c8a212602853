"""The entry point: help with examples, exit codes, and errors as one line."""

import re
import subprocess
import sys

import pytest

from monitoring_assets.cli import main as entry
from monitoring_assets.cli.main import COMMANDS
from monitoring_assets.domain.errors import SourceError


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_has_an_example(mlmon, command):
    answer = mlmon(command, "--help")
    assert answer.code == 0
    example = answer.out.partition("example")[2]
    assert f"mlmon {command}" in example


def test_the_help_names_every_command(mlmon):
    out = mlmon("--help").out
    assert [name for name in COMMANDS if not re.search(rf"\n    {name}\s", out)] == []


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nonsense"],
        ["validate", "--nonsense"],
        ["backtest"],
        ["db", "nonsense"],
        ["up", "--port", "many"],
        ["up", "--port", "-1"],
        ["demo", "--port", "65535"],
        ["demo", "--seconds-between-days", "soon"],
    ],
)
def test_wrong_arguments_are_2(mlmon, words):
    answer = mlmon(*words)
    assert answer.code == 2
    assert len(answer.err) < 1000


@pytest.mark.parametrize(
    "words",
    [
        ["backtest", "nobody"],
        ["backtest", "nowhere/model.yaml"],
        ["backtest", "churn", "--from", "yesterday"],
        ["backtest", "churn", "--from", "2025-12-31"],
        ["backtest", "churn", "--from", "2026-01-05", "--to", "2026-01-02"],
        ["backtest", "churn", "--json", "nowhere/out.json"],
        ["backfill", "nobody"],
        ["backfill", "churn", "2026-01-32"],
        ["report", "nobody", "2026-01-01"],
        ["report", "churn", "2026-01-01T05:00"],
        ["report", "churn", "2026-01-01"],
        ["validate", "nowhere"],
        ["init", "churn", "logs", "--reference", "reference.parquet"],
        ["init", "other", "nowhere", "--reference", "reference.parquet"],
        ["init", "other", "--reference", "reference.parquet"],
        ["env"],
    ],
)
def test_an_error_is_1_and_said_without_a_traceback(folder, mlmon, words):
    answer = mlmon(*words)
    assert answer.code == 1
    assert answer.err.startswith("mlmon: ")
    assert answer.out == ""


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        ("env", "garbage"),
        ("env", "mysql://me:secret@host/db"),
        ("db", "postgresql://me:secret@h:x/"),
    ],
)
def test_a_wrong_database_url_is_an_error_that_keeps_the_password(
    folder, mlmon, monkeypatch, command, wrong
):
    monkeypatch.setenv("MLMON_DATABASE_URL", wrong)
    answer = mlmon(*([command] if command == "env" else [command, "upgrade"]))
    assert answer.code == 1
    assert "secret" not in answer.out + answer.err


def test_an_error_that_was_foreseen_is_told_in_its_own_words(mlmon, monkeypatch, folder):
    def fail(*_):
        raise SourceError("the log is gone; look for it")

    monkeypatch.setattr("monitoring_assets.cli.schema.run", fail)
    answer = mlmon("schema")
    assert (answer.code, answer.err) == (1, "mlmon: the log is gone; look for it\n")


def test_an_interrupt_is_130(mlmon, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("monitoring_assets.cli.schema.run", interrupt)
    assert mlmon("schema").code == 130


def test_a_reader_that_leaves_early_is_no_news():
    command = f"'{sys.executable}' -m {entry.__name__} schema | head -1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("{\n", "")
