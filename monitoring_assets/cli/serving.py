"""The processes of a running system: code server, webserver, daemon, and the report pages."""

import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from monitoring_assets.composition import ALERTS_FILE, REPORTS_URL, UI_URL, Workspace
from monitoring_assets.domain.errors import MonitoringError
from monitoring_assets.reports.pages import ReportPages
from monitoring_assets.server.processes import ProcessGroup

_START_SECONDS = 120.0
LOCATION = "monitoring_assets"
_WORKSPACE = """\
load_from:
  - grpc_server:
      host: 127.0.0.1
      port: {port}
      location_name: {name}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the servers listen; all of them on loopback only."""

    ui_port: int
    reports_port: int
    code_port: int

    @property
    def ui_url(self) -> str:
        """Return the address of the Dagster UI."""
        return f"http://127.0.0.1:{self.ui_port}"

    @classmethod
    def free(cls, ui_port: int) -> "Addresses":
        """Return ports that are free now: the wanted one, else any other."""
        return cls(
            ui_port=_free_port(ui_port),
            reports_port=_free_port(ui_port + 1),
            code_port=_free_port(0),
        )

    def environment(self) -> dict[str, str]:
        """Return the settings that make links in metadata and messages right."""
        return {UI_URL: self.ui_url, REPORTS_URL: f"http://127.0.0.1:{self.reports_port}"}


@contextmanager
def serving(ready: Mapping[str, str], at: Addresses) -> Iterator[ProcessGroup]:
    """Start everything; all of it is gone when the block ends.

    Args:
        ready: The environment of `database.ready_environment`.
        at: Where the servers listen.
    """
    home = Path(ready["DAGSTER_HOME"])
    alerts = home / "alerts.txt"
    alerts.touch()
    environ = dict(ready) | at.environment() | {ALERTS_FILE: str(alerts)}
    workspace = home / "workspace.yaml"
    workspace.write_text(_WORKSPACE.format(port=at.code_port, name=LOCATION), encoding="utf-8")
    # Dagster empties the folder `logs` of its home.
    with ProcessGroup(home.parent / "logs", environ) as children:
        children.start("code-server", _code_server(at))
        children.start("webserver", _dagster("webserver", workspace, "-p", str(at.ui_port)))
        children.start("daemon", _dagster("daemon", workspace))
        _report_pages(environ, at)
        yield children


def wait_until_ready(children: ProcessGroup, at: Addresses) -> None:
    """Wait until the UI answers and knows the assets.

    Raises:
        MonitoringError: If a process ends, or two minutes pass.
    """
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        children.require_alive()
        if _shows_assets(at.ui_url):
            return
        time.sleep(0.3)
    raise MonitoringError(f"the UI is not ready after two minutes:\n{children.tail('webserver')}")


def wait_until_interrupted(children: ProcessGroup) -> None:
    """Show messages until Ctrl-C or a termination signal.

    Raises:
        KeyboardInterrupt: When it comes.
        MonitoringError: If a process ends by itself.
    """
    with Path(children.environ[ALERTS_FILE]).open(encoding="utf-8") as alerts:
        alerts.seek(0, 2)
        while True:
            children.require_alive()
            sys.stdout.write(alerts.read())
            sys.stdout.flush()
            time.sleep(1)


def end_on_signals() -> None:
    """Make Ctrl-C and a termination signal end the command in good order.

    A shell starts background commands with Ctrl-C ignored, so that it is set here too.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _code_server(at: Addresses) -> list[str]:
    module = "monitoring_assets.definitions"
    return [
        *(sys.executable, "-m", "dagster", "code-server", "start", "-m", module),
        *("-h", "127.0.0.1", "-p", str(at.code_port), "--location-name", LOCATION),
    ]


def _dagster(part: str, workspace: Path, *more: str) -> list[str]:
    if part == "daemon":
        return [sys.executable, "-m", "dagster._daemon", "run", "-w", str(workspace)]
    return [
        sys.executable,
        "-m",
        "dagster_webserver",
        "-h",
        "127.0.0.1",
        "-w",
        str(workspace),
        *more,
    ]


def _report_pages(environ: Mapping[str, str], at: Addresses) -> None:
    workspace = Workspace(environ)

    def link(model: str, window_key: str) -> str:
        return workspace.settings.partition_link(model, "evidently_report", window_key)

    ReportPages(workspace.artifacts, link).start(at.reports_port)


def _shows_assets(url: str) -> bool:
    query = b'{"query":"{assetNodes{id}}"}'
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{url}/graphql", data=query, headers={"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return b'"id"' in answer.read()
    except (urllib.error.URLError, OSError):
        return False


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise MonitoringError("no free port on 127.0.0.1")
