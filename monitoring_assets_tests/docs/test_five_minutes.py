"""The path of the README from a folder of logs to a monitored model, as it is written there."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

FIRST_DAY = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 4


def _rows(days, first, seed):
    """Return a log as a service would write it: 200 predictions a day, times without a zone."""
    rng = np.random.default_rng(seed)
    n = 200 * days
    seconds = np.sort(rng.integers(0, 86_400 * days, n))
    income, region = rng.normal(40, 10, n), rng.choice(["north", "south", "east"], n)
    score = 1 / (1 + np.exp(-(income - 40) / 5))
    start = int(first.timestamp())
    return pa.table(
        {
            "timestamp": pa.array((start + seconds) * 1_000_000, pa.timestamp("us")),
            "income": np.round(income, 2),
            "region": region,
            "score": np.round(score, 3),
            "predicted_default": (score > 0.5).astype(int),
            "defaulted": (rng.uniform(size=n) < score).astype(int),
        }
    )


def _write_inputs(folder):
    (folder / "logs").mkdir()
    for n in range(DAYS):
        day = FIRST_DAY + timedelta(days=n)
        pa.csv.write_csv(_rows(1, day, n), folder / "logs" / f"{day:%Y-%m-%d}.csv")
    before = FIRST_DAY - timedelta(days=20)
    pq.write_table(_rows(20, before, 99), folder / "reference.parquet")


def _commands(readme):
    block = next(
        b
        for b in readme.section("## Monitor your own model in five minutes").blocks("console")
        if "mlmon init" in b
    )
    return [line.removeprefix("mlmon ") for line in block.splitlines()]


def _mlmon(command, folder, environ):
    words = [sys.executable, "-m", "monitoring_assets.cli.main", *shlex.split(command)]
    return subprocess.run(
        words, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=180
    )


@pytest.fixture
def folder(tmp_path):
    _write_inputs(tmp_path)
    return tmp_path


@pytest.fixture
def environ(folder):
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("MLMON", "SLACK", "DAGSTER"))}
    return ours | {"MLMON_HOME": str(folder / "home")}


def test_the_readme_has_the_four_steps(readme):
    assert [c.split()[0] for c in _commands(readme)] == ["init", "validate", "backfill", "up"]


def test_what_init_writes_is_valid_as_it_stands(readme, folder, environ):
    init, validate, *_ = _commands(readme)
    written, checked = _mlmon(init, folder, environ), _mlmon(validate, folder, environ)
    assert (written.returncode, checked.returncode) == (0, 0), written.stderr + checked.stderr
    assert "1 model ok" in checked.stdout


def test_what_init_writes_can_be_replayed(readme, folder, environ):
    _mlmon(_commands(readme)[0], folder, environ)
    replayed = _mlmon("backtest my_model", folder, environ)
    assert f"{DAYS} windows" in replayed.stdout, replayed.stderr


@pytest.mark.slow
@pytest.mark.end_to_end
def test_the_backfill_monitors_every_day_of_the_log(readme, folder, environ, database_url):
    init, _, backfill, _ = _commands(readme)
    environ |= {"MLMON_DATABASE_URL": database_url}
    _mlmon(init, folder, environ)
    done = _mlmon(backfill, folder, environ)
    assert f"{DAYS} windows monitored" in done.stdout, done.stderr
    with sa.create_engine(database_url).connect() as connection:
        days = connection.scalars(sa.text("SELECT window_key FROM monitoring.decision"))
        assert min(days) == f"{FIRST_DAY:%Y-%m-%d}"


@pytest.mark.slow
@pytest.mark.end_to_end
def test_up_serves_until_it_is_told_to_end(readme, folder, environ, database_url):
    init, *_, up = _commands(readme)
    _mlmon(init, folder, environ)
    command = [sys.executable, "-m", "monitoring_assets.cli.main", *shlex.split(up)]
    command += ["--port", str(_free_port())]
    environ |= {"MLMON_DATABASE_URL": database_url}
    with subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            said = _read_until(server, "the UI is at", seconds=120)
        finally:
            server.send_signal(signal.SIGTERM)
        assert re.search(r"http://127\.0\.0\.1:\d+", said)
        assert server.wait(timeout=60) == 0


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _read_until(server, words, seconds):
    deadline, said = time.monotonic() + seconds, ""
    while words not in said and time.monotonic() < deadline:
        line = server.stdout.readline()
        said += line
        if not line:
            break
    return said
