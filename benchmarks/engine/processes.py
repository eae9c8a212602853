"""How jobs are run and measured: wall time, CPU time and peak memory of whole processes.

The peak of a child is at least the memory of its parent, so nothing large is imported here.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from benchmarks.engine.stopwatch import STARTED

ROOT = Path(__file__).parents[2]
_MEBIBYTE = 2**20
_BLOCK = 512  # bytes of a block of `ru_oublock`
# Some tools would report their use, which takes time.
_QUIET = {
    "DO_NOT_TRACK": "1",
    "NML_DISABLE_USAGE_LOGGING": "1",
    "DISABLE_DEEPCHECKS_ANONYMOUS_TELEMETRY": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


class FailedJobError(Exception):
    """A job ended with an error; the text is its last line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is run in a process of its own.

    Attributes:
        name: The name of its figure.
        command: The program and its arguments.
        environ: Variables of its environment besides those of this process.
    """

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Seconds: of the clock, and of all cores."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One process.

    Attributes:
        whole: From its start to its end.
        peak: Its largest memory in mebibytes.
        written: Mebibytes that it wrote to disks.
        parts: The parts of its work, in the process.
        first_number: Seconds from its start until it knew its results.
        heavy_imports: Which of the modules that take seconds were imported.
        found: Its results.
    """

    whole: Spent
    peak: float
    written: float
    parts: Mapping[str, Spent]
    first_number: float
    heavy_imports: Sequence[str]
    found: Mapping[str, Any]


def own_job(name: str, job: str, *arguments: object) -> Job:
    """Return a job of `benchmarks.engine.jobs`."""
    command = (sys.executable, "-m", "benchmarks.engine.jobs", job, *map(str, arguments))
    return Job(name=name, command=command, environ={"OPENBLAS_NUM_THREADS": "1"})


def run(job: Job) -> Run:
    """Run a job.

    Raises:
        FailedJobError: If it ends with an error.
    """
    return next(run_together([job]))


def run_together(jobs: Sequence[Job]) -> Iterator[Run]:
    """Run jobs at the same time, one process each; the walls of all are that of the slowest.

    Raises:
        FailedJobError: If one ends with an error.
    """
    began = time.perf_counter()
    children = [_start(job) for job in jobs]
    ended = [_end(child, errors) for child, errors in children]
    wall = time.perf_counter() - began
    for text, usage in ended:
        yield _run(json.loads(text), usage, wall)


def _start(job: Job) -> tuple[subprocess.Popen[str], IO[str]]:
    errors = TemporaryFile("w+")  # noqa: SIM115
    started = {STARTED: repr(time.monotonic())}
    child = subprocess.Popen(
        job.command,
        cwd=ROOT,
        env={**_environ(), **_QUIET, **job.environ, **started},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )
    return child, errors


def _environ() -> dict[str, str]:
    """Return the environment of this process with Python's default: bytecode is kept.

    Where it is not, Evidently compiles for four seconds at every start.
    """
    return {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _end(child: subprocess.Popen[str], errors: IO[str]) -> tuple[str, Any]:
    assert child.stdout is not None
    with errors, child.stdout as output:
        text = output.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            errors.seek(0)
            last = (errors.read().strip().splitlines() or [f"ended with {child.returncode}"])[-1]
            raise FailedJobError(last)
    return text, usage


def _run(told: dict[str, Any], usage: Any, wall: float) -> Run:
    return Run(
        whole=Spent(wall=wall, cpu=usage.ru_utime + usage.ru_stime),
        peak=usage.ru_maxrss * _unit() / _MEBIBYTE,
        written=usage.ru_oublock * _BLOCK / _MEBIBYTE,
        parts={name: Spent(wall=part[0], cpu=part[1]) for name, part in told["parts"].items()},
        first_number=told["first_number"],
        heavy_imports=told["heavy_imports"],
        found=told["found"],
    )


def _unit() -> int:
    """Return the bytes of a unit of `ru_maxrss`."""
    return 1 if sys.platform == "darwin" else 1024
