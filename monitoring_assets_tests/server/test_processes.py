"""Whatever a process group started is gone when its block ends."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from monitoring_assets.domain.errors import MonitoringError
from monitoring_assets.server.processes import ProcessGroup

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
# A child that notes its own child, which ignores what the terminal sends.
WITH_A_CHILD = """
import pathlib, subprocess, sys, time
ignoring = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", ignoring])
note = pathlib.Path(sys.argv[1])
note.with_suffix(".part").write_text(str(child.pid))
note.with_suffix(".part").rename(note)
time.sleep(60)
"""
STUBBORN = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).write_text("ready")
time.sleep(60)
"""


@pytest.fixture
def group(tmp_path):
    return ProcessGroup(tmp_path / "logs", dict(os.environ))


def is_alive(pid):
    """Return whether a process runs; a zombie that nobody has reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def pids(group):
    return [child.pid for child in group._children.values()]


def test_children_end_with_the_block(group):
    with group:
        group.start("one", SLEEP)
        group.start("two", SLEEP)
        started = pids(group)
        assert all(map(is_alive, started))
    assert not any(map(is_alive, started))


def test_children_end_when_the_block_fails(group):
    def fail():
        with group:
            group.start("one", SLEEP)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not any(map(is_alive, pids(group)))


def test_children_end_when_another_cannot_be_started(group):
    def fail():
        with group:
            group.start("one", SLEEP)
            group.start("two", ["/nowhere/at/all"])

    with pytest.raises(FileNotFoundError):
        fail()
    assert not any(map(is_alive, pids(group)))


def test_the_children_of_children_end_too(group, tmp_path):
    note = tmp_path / "grandchild"
    with group:
        group.start("parent", [sys.executable, "-c", WITH_A_CHILD, str(note)])
        wait_for(note.exists)
        grandchild = int(note.read_text())
        assert is_alive(grandchild)
    wait_for(lambda: not is_alive(grandchild))


def test_the_children_of_a_killed_child_end_too(group, tmp_path):
    note = tmp_path / "grandchild"
    with group:
        group.start("parent", [sys.executable, "-c", WITH_A_CHILD, str(note)])
        wait_for(note.exists)
        os.kill(pids(group)[0], signal.SIGKILL)
        grandchild = int(note.read_text())
        assert is_alive(grandchild)
    wait_for(lambda: not is_alive(grandchild))


def test_a_child_that_ignores_the_request_is_killed(tmp_path):
    group = ProcessGroup(tmp_path / "logs", dict(os.environ), grace_seconds=0.3)
    note = tmp_path / "ready"
    with group:
        group.start("stubborn", [sys.executable, "-c", STUBBORN, str(note)])
        wait_for(note.exists)
    child = group._children["stubborn"]
    assert child.returncode == -signal.SIGKILL


def test_a_second_interrupt_kills_at_once(group, tmp_path, monkeypatch):
    note = tmp_path / "ready"

    def interrupted(*_):
        raise KeyboardInterrupt

    def run():
        with group:
            group.start("stubborn", [sys.executable, "-c", STUBBORN, str(note)])
            wait_for(note.exists)
            monkeypatch.setattr(ProcessGroup, "_ask_to_end", interrupted)

    with pytest.raises(KeyboardInterrupt):
        run()
    assert group._children["stubborn"].returncode == -signal.SIGKILL


def test_living_children_are_alive(group):
    with group:
        group.start("one", SLEEP)
        group.require_alive()


def test_a_dead_child_is_reported_with_the_end_of_its_log(group):
    script = "print(*range(100), sep='\\n'); raise SystemExit(7)"
    with group:
        group.start("webserver", [sys.executable, "-c", script])
        group._children["webserver"].wait(20)
        with pytest.raises(MonitoringError) as caught:
            group.require_alive()
    assert str(caught.value).splitlines() == [
        "webserver ended with code 7:",
        *map(str, range(85, 100)),
    ]


def test_what_is_said_on_standard_error_is_in_the_log_too(group):
    with group:
        group.start("one", [sys.executable, "-c", "import sys; sys.exit('bad \\N{SNOWMAN}')"])
        group._children["one"].wait(20)
    assert "bad" in group.tail("one")


def test_children_see_the_given_environment_only(tmp_path):
    group = ProcessGroup(tmp_path / "logs", {"MLMON_HOME": "somewhere"})
    with group:
        group.start("one", [sys.executable, "-c", "import os; print(sorted(os.environ))"])
        group._children["one"].wait(20)
    assert "MLMON_HOME" in group.tail("one")
    assert "PATH" not in group.tail("one")
