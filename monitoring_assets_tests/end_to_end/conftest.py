"""`mlmon` as a process in a home of its own, and what must be gone when it ended."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import pytest

DATA = Path(
    os.environ.get("MLMON_SHARED_DATA") or Path(__file__).parents[2].parent / "shared" / "data"
)
MLMON = [sys.executable, "-m", "monitoring_assets.cli.main"]


def pytest_collection_modifyitems(items):
    """Mark what is in this folder."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.end_to_end)
            item.add_marker(pytest.mark.slow)


@dataclass(frozen=True, slots=True)
class Home:
    """A folder for everything that `mlmon` keeps, and the environment that names it."""

    folder: Path
    more: dict[str, str] = field(default_factory=dict)

    @property
    def environ(self):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MLMON_", "DAGSTER_"))}
        return kept | {"MLMON_HOME": str(self.folder)} | self.more

    def run(self, *words, timeout=240):
        """Run a command to its end."""
        return subprocess.run(
            [*MLMON, *map(str, words)],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start(self, *words):
        """Start a command that serves, in a process group of its own."""
        return Running(
            subprocess.Popen(
                [*MLMON, *map(str, words)],
                cwd=self.folder,
                env=self.environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        )

    def processes(self):
        """Return the living processes whose command or environment names this home."""
        found = {}
        for place in Path("/proc").glob("[0-9]*"):
            try:
                told = (place / "cmdline").read_bytes() + (place / "environ").read_bytes()
                state = (place / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if str(self.folder).encode() in told and state != "Z":
                found[int(place.name)] = told.replace(b"\0", b" ")[:120]
        return found


class Running:
    """A process that serves; what it prints is collected as it comes."""

    def __init__(self, process):
        self.process = process
        self.lines = []
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        self.lines.extend(iter(self.process.stdout.readline, ""))

    @property
    def text(self):
        return "".join(self.lines)

    def wait_for(self, pattern, seconds):
        """Return the match of a pattern in what was printed."""
        deadline = time.monotonic() + seconds
        while (found := re.search(pattern, self.text)) is None:
            assert self.process.poll() is None, f"it ended:\n{self.text}"
            assert time.monotonic() < deadline, f"no {pattern!r} in:\n{self.text}"
            time.sleep(0.1)
        return found

    def end(self, number, seconds):
        """Send a signal; return the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(seconds)
        self._reader.join(10)
        return code


def new_folder():
    """Return a folder that the server's account may pass through, also where we are root."""
    folder = Path(tempfile.mkdtemp(prefix="mlmon-e2e-"))
    folder.chmod(0o711)
    return folder


@pytest.fixture(scope="module")
def home():
    """Yield an empty home for the tests of one module."""
    home = Home(new_folder())
    yield home
    home.run("db", "stop")
    shutil.rmtree(home.folder)
