"""Ports, readiness and messages of a served system, without starting one."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from monitoring_assets.cli import serving
from monitoring_assets.cli.serving import Addresses, show_messages, wait_until_ready
from monitoring_assets.composition import ALERTS_FILE
from monitoring_assets.domain.errors import MonitoringError
from monitoring_assets.server.processes import ProcessGroup

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
INTERRUPTED = """
import time
from monitoring_assets.cli.serving import end_on_signals
end_on_signals()
try:
    print("ready", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("begin", flush=True)
    time.sleep(1)
    print("end", flush=True)
"""


class FakeUi(BaseHTTPRequestHandler):
    """Answers as a webserver does that has not loaded the definitions, and later has."""

    answers: tuple[str, ...] = ()

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        kind, *rest = self.answers
        type(self).answers = tuple(rest) or (kind,)
        entry = {"locationOrLoadError": {"__typename": kind}}
        body = json.dumps({"data": {"workspaceOrError": {"locationEntries": [entry]}}}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def ui():
    server = ThreadingHTTPServer(("127.0.0.1", 0), FakeUi)
    Thread(target=server.serve_forever, daemon=True).start()
    yield Addresses(ui_port=server.server_port, reports_port=1, code_port=1)
    server.shutdown()
    server.server_close()


@pytest.fixture
def children(tmp_path):
    alerts = tmp_path / "alerts.txt"
    alerts.write_text("an early message\n", encoding="utf-8")
    environ = dict(os.environ) | {ALERTS_FILE: str(alerts)}
    with ProcessGroup(tmp_path / "logs", environ) as group:
        group.start("code-server", SLEEP)
        group.start("webserver", SLEEP)
        yield group


def test_the_wanted_port_is_taken_if_it_is_free():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert Addresses.free(port).ui_port == port


def test_another_port_is_taken_if_the_wanted_one_is_not_free():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert Addresses.free(port).ui_port != port


def test_all_ports_differ():
    at = Addresses.free(0)
    assert len({at.ui_port, at.reports_port, at.code_port}) == 3


def test_ready_is_when_the_definitions_are_loaded(ui, children):
    FakeUi.answers = ("PythonError", "RepositoryLocation")
    wait_until_ready(children, ui)


def test_who_never_gets_ready_is_told_of_with_the_logs(ui, children, monkeypatch):
    monkeypatch.setattr(serving, "_START_SECONDS", 0.5)
    FakeUi.answers = ("PythonError",)
    with pytest.raises(MonitoringError, match="the UI is not ready"):
        wait_until_ready(children, ui)


def test_a_child_that_ends_is_told_of_at_once(ui, children):
    FakeUi.answers = ("PythonError",)
    children.start("broken", [sys.executable, "-c", "raise SystemExit('no such column')"])
    with pytest.raises(MonitoringError, match="broken ended with code 1:\nno such column"):
        wait_until_ready(children, ui)


def test_messages_are_shown_until_an_interrupt(children, capsys, monkeypatch):
    rounds = iter([1, 2])

    def a_second_later(_seconds):
        if next(rounds) == 2:
            raise KeyboardInterrupt
        with open(children.environ[ALERTS_FILE], "a", encoding="utf-8") as alerts:  # noqa: PTH123
            alerts.write("a new message\n")

    monkeypatch.setattr(time, "sleep", a_second_later)
    show_messages(children)
    assert capsys.readouterr().out == "an early message\na new message\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_second_signal_does_not_cut_the_end_short(number):
    child = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "ready\n"
    child.send_signal(number)
    assert child.stdout.readline() == "begin\n"
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=20)
    assert (out, err, child.returncode) == ("end\n", "\nstopping …\n", 0)
