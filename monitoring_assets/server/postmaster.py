"""The main process of Postgres: whether one serves a data directory, and waiting for it.

Border: it is told from `postmaster.pid` and the process table only, without a connection. A
killed server leaves the file behind. Its process id may then belong to nobody, to a zombie (in a
container whose first process does not reap) or to a stranger that got the same number.
"""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from monitoring_assets.domain.errors import DatabaseServerError

_PORT_LINE = 3
_STATE_LINE = 7
_PAUSE_SECONDS = 0.03
_IMPOSSIBLE_PID = 2**31 - 1  # above the kernel's largest pid_max, 2**22


@dataclass(frozen=True, slots=True, kw_only=True)
class Postmaster:
    """A living main process of Postgres.

    Attributes:
        pid: Its process id.
        port: Its TCP port, 0 while it has not written one.
        state: `starting`, `ready` or `stopping`; empty in the first moments.
    """

    pid: int
    port: int
    state: str


def living_postmaster(data: Path) -> Postmaster | None:
    """Return the process that serves a data directory, None if there is none."""
    lines = _lines(data)
    pid = _number(lines, 0)
    if pid <= 0 or not _serves(pid, data):
        return None
    state = lines[_STATE_LINE].strip() if len(lines) > _STATE_LINE else ""
    return Postmaster(pid=pid, port=_number(lines, _PORT_LINE), state=state)


def ready_postmaster(data: Path, seconds: float) -> Postmaster | None:
    """Wait while a server is coming up or going down; None if there is none in the end.

    Raises:
        DatabaseServerError: If it is neither ready nor gone after so many seconds.
    """
    return _await(data, lambda postmaster: postmaster.state == "ready", seconds)


def shut_down_postmaster(data: Path, seconds: float) -> None:
    """Have the server roll back what is open and end; do nothing if there is none.

    Raises:
        DatabaseServerError: If it is still there after so many seconds.
    """
    if postmaster := living_postmaster(data):
        os.kill(postmaster.pid, signal.SIGINT)  # Postgres calls this a fast shutdown
        _await(data, lambda _: False, seconds)


def _await(
    data: Path, is_reached: Callable[[Postmaster], bool], seconds: float
) -> Postmaster | None:
    deadline = time.monotonic() + seconds
    while postmaster := living_postmaster(data):
        if is_reached(postmaster):
            return postmaster
        if time.monotonic() > deadline:
            raise DatabaseServerError(
                f"Postgres (process {postmaster.pid}, {data}) is still"
                f" {postmaster.state or 'starting'} after {seconds:.0f} s; its log says why."
            )
        time.sleep(_PAUSE_SECONDS)
    return None


def disown_dead_postmaster(data: Path) -> None:
    """Make Postgres see that the process in a left-over `postmaster.pid` is gone.

    Postgres takes a zombie, or a stranger with the same id, for a running server. The file is
    not removed: it also names the shared memory by which Postgres notices back ends of the dead
    server that still write, and two servers on one data directory would destroy it.
    """
    lines = _lines(data)
    if not lines or living_postmaster(data) is not None:
        return
    # Without following a link: root writes here into a directory of an unprivileged account.
    descriptor = os.open(data / "postmaster.pid", os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join([str(_IMPOSSIBLE_PID), *lines[1:]]) + "\n")


def _lines(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _number(lines: list[str], index: int) -> int:
    text = lines[index].strip() if len(lines) > index else ""
    return int(text) if text.isdecimal() else 0


def _serves(pid: int, data: Path) -> bool:
    """Return whether a process is alive and was started for this data directory."""
    if not Path("/proc/self/stat").exists():
        return _exists(pid)
    try:  # a zombie has no arguments left
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(data) in arguments


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
