"""How a job is run and measured: wall time, CPU time and peak memory of its whole process.

The peak of a child is at least the memory of its parent, so nothing large is imported here.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a process took: seconds, seconds of CPU, mebibytes."""

    wall: float
    cpu: float
    peak: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One process: what it cost and what it printed."""

    cost: Cost
    found: dict[str, Any]


def run(*arguments: object) -> Run:
    """Run a job in a fresh process."""
    return next(run_together([arguments]))


def run_together(jobs: list[tuple[object, ...]]) -> Iterator[Run]:
    """Run jobs at the same time, one process each; all walls are those of the slowest."""
    began = time.perf_counter()
    children = [_start(arguments) for arguments in jobs]
    ended = [_end(child) for child in children]
    wall = time.perf_counter() - began
    for text, usage in ended:
        cpu = usage.ru_utime + usage.ru_stime
        yield Run(
            cost=Cost(wall=wall, cpu=cpu, peak=usage.ru_maxrss / 1024), found=json.loads(text)
        )


def _start(arguments: tuple[object, ...]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.engine.jobs", *map(str, arguments)]
    environ = os.environ | ({} if arguments[0] == "evidently" else _ONE_THREAD)
    return subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def _end(child: subprocess.Popen[str]) -> tuple[str, Any]:
    assert child.stdout is not None
    text = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"a job ended with {child.returncode}: {child.args!r}")
    return text, usage


def median_of(runs: list[Run]) -> Cost:
    """Return the medians of several runs."""
    costs = [one.cost for one in runs]
    return Cost(
        wall=statistics.median(cost.wall for cost in costs),
        cpu=statistics.median(cost.cpu for cost in costs),
        peak=statistics.median(cost.peak for cost in costs),
    )
