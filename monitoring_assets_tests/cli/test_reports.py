"""`mlmon reports`: pages where `mlmon up` does not serve them."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request

from monitoring_assets.reports.evidently import report_path
from monitoring_assets.stores.artifacts import FileArtifacts

COMMAND = [sys.executable, "-m", "monitoring_assets.cli.main", "reports", "--port"]


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_stored_report_is_served_until_the_command_is_told_to_end(tmp_path):
    artifacts = FileArtifacts(str(tmp_path / "artifacts"))
    artifacts.write_text(report_path("churn", "2026-01-31"), "<p>all is well</p>")
    port = _free_port()
    environ = os.environ | {"MLMON_HOME": str(tmp_path)}
    with subprocess.Popen(
        [*COMMAND, str(port)], env=environ, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout.readline() == f"reports are at http://127.0.0.1:{port}\n"
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/churn/2026-01-31.html") as page:
                assert page.read() == b"<p>all is well</p>"
        finally:
            server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=30) == 0


def test_a_port_that_is_taken_is_named(mlmon):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answer = mlmon("reports", "--port", taken.getsockname()[1])
    assert answer.code == 1
    assert "give another --port" in answer.err
