"""What a measurement found, kept as JSON: a part measured again replaces its predecessor."""

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.engine.processes import Run, Spent

_PACKAGES = ("monitoring-assets", "numpy", "pyarrow", "scipy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The medians of several runs of one job; see `processes.Run`.

    Attributes:
        runs: How many.
        scaled_from: From how many windows the times of all are scaled, 0 if all were measured.
    """

    runs: int
    whole: Spent
    peak: float
    written: float
    parts: Mapping[str, Spent]
    first_number: float
    scaled_from: int = 0

    @property
    def window(self) -> Spent:
        """Return what the windows took within the process."""
        return self.parts["window"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One part of the measurement.

    Attributes:
        rows: Of a window.
        reference_rows: Of the reference.
        columns: Of both.
        windows: How many in one process.
        figures: By the names of jobs.
        facts: What else was measured or checked, by name.
        drifted: How many columns each tool calls drifted, by the names of jobs.
        failures: Why a peer could not be measured, by its name.
        taken: The day.
        machine: Where.
        versions: Of what is measured.
    """

    rows: int
    columns: int
    figures: Mapping[str, Figure]
    taken: str
    machine: str
    versions: Mapping[str, str]
    reference_rows: int = 0
    windows: int = 1
    facts: Mapping[str, float | bool] = field(default_factory=dict)
    drifted: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)


Results = Mapping[str, Result]


def figure_of(runs: Sequence[Run], *, scaled_from: int = 0) -> Figure:
    """Return the medians of runs."""
    parts = {name: _median([run.parts[name] for run in runs]) for name in runs[0].parts}
    return Figure(
        runs=len(runs),
        whole=_median([run.whole for run in runs]),
        peak=statistics.median(run.peak for run in runs),
        written=statistics.median(run.written for run in runs),
        parts=parts,
        first_number=statistics.median(run.first_number for run in runs),
        scaled_from=scaled_from,
    )


def _median(several: Sequence[Spent]) -> Spent:
    return Spent(
        wall=statistics.median(one.wall for one in several),
        cpu=statistics.median(one.cpu for one in several),
    )


def own_versions() -> dict[str, str]:
    return {"Python": platform.python_version()} | {name: version(name) for name in _PACKAGES}


def machine() -> str:
    """Return processor, cores, memory and system."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = os.cpu_count()
    return f"{_processor()}, {cores} cores, {memory:.0f} GiB of memory, {_system()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def load(path: Path) -> dict[str, Result]:
    """Return the results of a file, none where there is no file."""
    if not path.exists():
        return {}
    stored = json.loads(path.read_text(encoding="utf-8"))
    return {name: _result(found) for name, found in stored.items()}


def save(path: Path, results: Results) -> None:
    """Write results, readable by people and by `diff`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = {name: _rounded(asdict(result)) for name, result in results.items()}
    path.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


def _rounded(value: Any) -> Any:
    """Return the value with floats of six digits, which is more than a clock can tell."""
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _result(found: dict[str, Any]) -> Result:
    figures = {name: _figure(one) for name, one in found["figures"].items()}
    return Result(**(found | {"figures": figures}))


def _figure(found: dict[str, Any]) -> Figure:
    parts = {name: Spent(**one) for name, one in found["parts"].items()}
    return Figure(**(found | {"whole": Spent(**found["whole"]), "parts": parts}))
