"""What `postmaster.pid` says about the server of a data directory, and whether it is true.

A killed server leaves the file behind. Its process id may then belong to nobody, to a zombie
(in a container whose first process does not reap) or to a stranger that got the same number.
"""

import os
from dataclasses import dataclass
from pathlib import Path

_STATE_LINE = 7
_PORT_LINE = 3
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
    process = Path("/proc") / str(pid)
    if not Path("/proc/self").exists():
        return _exists(pid)
    try:
        state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        arguments = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return state not in {"Z", "X"} and os.fsencode(data) in arguments


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


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
