"""The processes of a running system: code server, webserver, daemon, and the report pages."""

import argparse
import json
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from monitoring_assets.composition import ALERTS_FILE, REPORTS_URL, UI_URL, Workspace
from monitoring_assets.domain.errors import MonitoringError
from monitoring_assets.reports.pages import ReportPages
from monitoring_assets.server.processes import ProcessGroup

DEFAULT_PORT = 3000
_HIGHEST_PORT = 65_535
_START_SECONDS = 120.0
LOCATION = "monitoring_assets"
# A closed terminal hangs up; the children are in sessions of their own and would not notice.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
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
        ui_port = _free_port(ui_port)
        # The UI finds the ticks of a sensor by the address of its code server: it must stay.
        return cls(
            ui_port=ui_port,
            reports_port=_free_port(ui_port + 1),
            code_port=_free_port(ui_port + 2),
        )

    def environment(self) -> dict[str, str]:
        """Return the settings that make links in metadata and messages right."""
        return {UI_URL: self.ui_url, REPORTS_URL: f"http://127.0.0.1:{self.reports_port}"}


@contextmanager
def serving(ready: Mapping[str, str], at: Addresses) -> Iterator[ProcessGroup]:
    """Start the UI and the report pages; all of it is gone when the block ends.

    Args:
        ready: The environment of `database.ready_environment`.
        at: Where the servers listen.
    """
    home = Path(ready["DAGSTER_HOME"])
    alerts = home / "alerts.txt"
    alerts.write_bytes(b"")
    environ = dict(ready) | at.environment() | {ALERTS_FILE: str(alerts)}
    workspace = _workspace_file(environ)
    workspace.write_text(_WORKSPACE.format(port=at.code_port, name=LOCATION), encoding="utf-8")
    # Dagster empties the folder `logs` of its home.
    with ProcessGroup(home.parent / "logs", environ) as children:
        children.start("code-server", _code_server(at))
        children.start("webserver", _webserver(at, workspace))
        report_pages(environ).start(at.reports_port)
        yield children


def start_daemon(children: ProcessGroup) -> None:
    """Start what makes sensors and runs work, beside the children of `serving`."""
    children.start("daemon", _daemon(_workspace_file(children.environ)))


def wait_until_ready(children: ProcessGroup, at: Addresses) -> None:
    """Wait until the UI answers and has loaded the definitions.

    Raises:
        MonitoringError: If a process ends, or two minutes pass.
    """
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        children.require_alive()
        if _has_loaded(at.ui_url):
            return
        time.sleep(0.3)
    logs = "\n".join(children.tail(name) for name in ("code-server", "webserver"))
    raise MonitoringError(f"the UI is not ready after two minutes:\n{logs}")


def show_messages(children: ProcessGroup, announcement: str = "") -> None:
    """Show the messages since the start, until Ctrl-C or another signal: the usual end.

    The announcement comes first; once it is read, Ctrl-C is the usual end.

    Raises:
        MonitoringError: If a process ends by itself.
    """
    with (
        suppress(KeyboardInterrupt),
        Path(children.environ[ALERTS_FILE]).open(encoding="utf-8") as alerts,
    ):
        if announcement:
            print(announcement, flush=True)
        while True:
            children.require_alive()
            sys.stdout.write(alerts.read())
            sys.stdout.flush()
            time.sleep(1)


def end_on_signals() -> None:
    """Make Ctrl-C, a termination signal and a hang-up end the command in good order.

    A shell starts background commands with Ctrl-C ignored, so that it is set here too.
    """
    for number in _SIGNALS:
        signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    for number in _SIGNALS:  # the end takes seconds; a second Ctrl-C must not cut it short
        signal.signal(number, signal.SIG_IGN)
    with suppress(OSError):  # after a hang-up there is no terminal
        os.write(sys.stderr.fileno(), "\nstopping …\n".encode())
    raise KeyboardInterrupt


def add_port(parser: argparse.ArgumentParser) -> None:
    """Declare `--port`."""
    parser.add_argument(
        "--port",
        type=_port,
        metavar="PORT",
        default=DEFAULT_PORT,
        help=f"of the UI (default {DEFAULT_PORT}); any other where it is taken",
    )


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < _HIGHEST_PORT:  # the next one is for the report pages
        raise ValueError
    return port


def _workspace_file(environ: Mapping[str, str]) -> Path:
    return Path(environ["DAGSTER_HOME"]) / "workspace.yaml"


def _code_server(at: Addresses) -> list[str]:
    module = "monitoring_assets.definitions"
    return [
        *(sys.executable, "-m", "dagster", "code-server", "start", "-m", module),
        *("-h", "127.0.0.1", "-p", str(at.code_port), "--location-name", LOCATION),
    ]


def _webserver(at: Addresses, workspace: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "dagster_webserver", "-w", str(workspace)),
        *("-h", "127.0.0.1", "-p", str(at.ui_port)),
    ]


def _daemon(workspace: Path) -> list[str]:
    return [sys.executable, "-m", "dagster._daemon", "run", "-w", str(workspace)]


def report_pages(environ: Mapping[str, str]) -> ReportPages:
    """Return the server of stored reports."""
    workspace = Workspace(environ)

    def link(model: str, window_key: str) -> str:
        return workspace.settings.partition_link(model, "evidently_report", window_key)

    return ReportPages(workspace.artifacts, link)


_LOCATIONS = """
{workspaceOrError {... on Workspace {locationEntries {locationOrLoadError {__typename}}}}}
"""


def _has_loaded(url: str) -> bool:
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{url}/graphql",
        data=json.dumps({"query": _LOCATIONS}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return b'"RepositoryLocation"' in answer.read()
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
