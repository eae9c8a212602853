import os
import signal
import subprocess
import sys
import time

import sqlalchemy as sa

from monitoring_assets.domain.message import Act
from monitoring_assets.stores.outbox_conformance import message
from monitoring_assets_tests.cli.alerting import workspace  # noqa: F401  a fixture


def test_what_waits_is_delivered_once(workspace, mlmon, monkeypatch):  # noqa: F811
    for name, value in workspace.environ.items():
        monkeypatch.setenv(name, value)
    first, second = mlmon("dispatch"), mlmon("dispatch")
    assert (first.code, second.code) == (0, 0)
    assert "1 delivered" in first.err
    assert "0 delivered" in second.err


def test_what_cannot_be_delivered_waits_and_the_exit_code_says_so(
    workspace,  # noqa: F811
    mlmon,
    monkeypatch,
):
    environment = {
        **workspace.environ,
        "SLACK_BOT_TOKEN": "xoxb-canary",
        "MLMON_SLACK_CHANNEL": "#ml",
        "MLMON_SLACK_API_URL": "http://127.0.0.1:1/api/",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    answer = mlmon("dispatch")
    assert answer.code == 1
    assert "1 failed, 0 given up, 1 waiting" in answer.err
    assert "canary" not in answer.err


def test_dispatch_forever_hears_of_a_message_at_once_and_ends_in_good_order(
    workspace,  # noqa: F811
    folder,
):
    log = folder / "alerts.txt"
    process = subprocess.Popen(
        [sys.executable, "-m", "monitoring_assets.cli.main", "dispatch", "--forever"],
        env={**os.environ, **workspace.environ},
        stderr=subprocess.PIPE,
    )
    try:
        _wait_for(log, "[page] churn")
        workspace.outbox.say(message(Act.OPEN), "slack")
        _wait_for(log, "[ticket] drill")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    finally:
        process.kill()
        process.communicate()
    with workspace.engine.connect() as connection:
        states = connection.scalars(sa.text("SELECT state FROM monitoring.outbox")).all()
    assert set(states) == {"sent"}


def _wait_for(file, text):
    end = time.monotonic() + 60
    while not file.exists() or text not in file.read_text():
        assert time.monotonic() < end
        time.sleep(0.05)
