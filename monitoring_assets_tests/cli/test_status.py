"""`mlmon status` and `mlmon exporter`: the same answer as dashboards, without them."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request

import pytest

from monitoring_assets.cli.status import SOMETHING_IS_WRONG, sparkline
from monitoring_assets.stores import schema
from monitoring_assets.stores.engine import create_engine
from monitoring_assets.stores.reader import create_reader
from monitoring_assets_tests.stores.seeded import seed


@pytest.fixture
def seeded(database_url, tmp_path, monkeypatch):
    engine = create_engine(database_url)
    schema.upgrade(engine)
    seed(engine, tmp_path)
    monkeypatch.setenv("MLMON_DATABASE_URL", database_url)
    yield engine
    engine.dispose()


def test_every_model_is_shown_with_what_is_wrong(mlmon, seeded):
    answer = mlmon("status")
    assert answer.code == SOMETHING_IS_WRONG
    lines = answer.out.splitlines()
    assert [line for line in lines if re.match(r"bad: bad in \S+, 1 checks fail", line)]
    assert [line for line in lines if re.match(r"never: no window, STALE", line)]
    assert [line for line in lines if re.match(r"fine: ok in \S+ \(team:risk, tier 1\)", line)]
    assert "no incident is open" in lines


def test_numbers_come_with_their_history(mlmon, seeded):
    out = mlmon("status", "bad").out
    assert re.search(r"drifted +100%  ▁▁▁▁█", out)
    assert re.search(r"rows +104  ▁▂▄▆█", out)
    assert re.search(r"accuracy +0.9  ▁▁▁▁▁  limit 0.8", out)


def test_a_hostile_name_cannot_move_the_cursor(mlmon, seeded):
    out = mlmon("status").out
    assert "am [31mount: wasserstein 0.25, limit 0.1" in out
    assert "\x1b" not in out


def test_one_model_that_is_fine_ends_with_zero(mlmon, seeded):
    answer = mlmon("status", "fine")
    assert answer.code == 0
    assert "bad" not in answer.out


def test_a_model_that_is_not_there_is_an_error(mlmon, seeded):
    answer = mlmon("status", "chrun")
    assert answer.code == 1
    assert "bad" in answer.err


def test_json_has_everything(mlmon, seeded):
    told = json.loads(mlmon("status", "--json").out)
    models = {m["model"]: m for m in told["models"]}
    assert models["bad"]["status"] == "bad"
    assert models["bad"]["needs_attention"]
    assert models["bad"]["history"]["drifted_share"] == [0, 0, 0, 0, 1]
    assert models["never"]["history"] is None
    assert told["pipeline"]["waiting"] == 0


def test_an_empty_database_is_no_trouble(mlmon, database_url, monkeypatch):
    engine = create_engine(database_url)
    schema.upgrade(engine)
    engine.dispose()
    monkeypatch.setenv("MLMON_DATABASE_URL", database_url)
    answer = mlmon("status")
    assert (answer.code, "no model was monitored yet" in answer.out) == (0, True)


@pytest.mark.parametrize(
    ("values", "line"),
    [([], ""), ([None], "·"), ([5.0], "▁"), ([0, 7, None, 3.5], "▁█·▄"), ([-1, 1], "▁█")],
)
def test_a_sparkline_is_one_bar_a_value(values, line):
    assert sparkline(values) == line


@pytest.fixture
def exporter(seeded, tmp_path):
    """Yield the address of an exporter that may read views only."""
    create_reader(seeded, "exporter_reader", "secret")
    url = seeded.url.set(username="exporter_reader", password="secret")
    environ = {**os.environ, "MLMON_DATABASE_URL": url.render_as_string(hide_password=False)}
    process = subprocess.Popen(
        [sys.executable, "-m", "monitoring_assets.cli.main", "exporter", "--port", "0"],
        env=environ,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield re.search(r"http://\S+", process.stdout.readline())[0]
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    with seeded.begin() as connection:
        connection.exec_driver_sql("DROP OWNED BY exporter_reader")
        connection.exec_driver_sql("DROP ROLE exporter_reader")


def test_the_exporter_answers_with_the_rights_of_a_reader(exporter):
    with urllib.request.urlopen(exporter, timeout=20) as answer:  # noqa: S310
        told = answer.read().decode()
    assert 'ml_model_status{model="bad",tier="1"} 3.0' in told
    assert 'ml_model_status{model="fine",tier="1"} 0.0' in told
    assert "ml_monitor_exporter_scrape_success 1.0" in told
