"""The environments of peers: made by uv from pinned requirements, kept for the next time."""

import ast
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from benchmarks.engine.processes import FailedJobError, Job

_FOLDER = Path(__file__).with_name("peers")
_PYTHON = "3.11"  # the newest that all of them support


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Another tool.

    Attributes:
        name: Its module's name.
        title: Its own name.
        version: The version that is measured.
        method: What it is asked for.
    """

    name: str
    title: str
    version: str
    method: str

    @property
    def requirements(self) -> Path:
        """Return the pinned requirements; their first line names what was asked for."""
        return _FOLDER / f"{self.name}.txt"


def known_peers() -> dict[str, Peer]:
    """Return all peers, Evidently first."""
    names = sorted(path.stem for path in _FOLDER.glob("*.txt"))
    names.sort(key="evidently".__ne__)
    return {name: _peer(name) for name in names}


def _peer(name: str) -> Peer:
    text = (_FOLDER / f"{name}.py").read_text(encoding="utf-8")
    title, _, method = (ast.get_docstring(ast.parse(text)) or "").splitlines()[0].partition(": ")
    first = (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()[0]
    version = first.partition(" of: ")[2].split()[0].partition("==")[2]
    return Peer(name=name, title=title, version=version, method=method.rstrip("."))


def peer_job(peer: Peer, python: Path, reference: Path, *windows: Path) -> Job:
    """Return the job that has a peer judge windows."""
    module = "benchmarks.engine.peers"
    command = (str(python), "-m", module, peer.name, str(reference), *map(str, windows))
    return Job(name=peer.name, command=command)


def default_cache() -> Path:
    """Return the folder of environments."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "monitoring-assets" / "peers"


def python_of(peer: Peer, cache: Path) -> Path:
    """Return the interpreter of a peer's environment, which is made where it is not there.

    Raises:
        FailedJobError: If it cannot be made.
    """
    digest = sha256(peer.requirements.read_bytes()).hexdigest()[:12]
    folder = cache / f"{peer.name}-{digest}"
    python, complete = folder / "bin" / "python", folder / "complete"
    if not complete.exists():
        shutil.rmtree(folder, ignore_errors=True)
        _uv("venv", "--python", _PYTHON, str(folder))
        options = ("--python", str(python), "--no-deps", "--compile-bytecode")
        _uv("pip", "install", *options, "-r", str(peer.requirements))
        complete.touch()
    return python


def _uv(*arguments: str) -> None:
    beside = Path(sys.executable).with_name("uv")
    program = str(beside) if beside.exists() else shutil.which("uv")
    if program is None:
        raise FailedJobError("uv is needed to make its environment: pip install uv")
    done = subprocess.run(
        [program, *arguments, "--quiet"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise FailedJobError(" ".join(done.stderr.split())[:300])
