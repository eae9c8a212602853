"""What all parts of a measurement share: inputs, sizes, peers, and runs in turn."""

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.engine.environments import Peer, known_peers, peer_job, python_of
from benchmarks.engine.processes import FailedJobError, Job, Run, own_job, run
from benchmarks.engine.results import machine, own_versions
from benchmarks.engine.rows import Rows

_FEW = Rows(rows=2_000, columns=5, seed=3)  # with fewer, Evidently tests instead of measuring
Runs = dict[str, list[Run]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where and how much is measured.

    Attributes:
        folder: Where inputs are kept.
        rows_at_most: No input has more rows, for a quick look.
        rounds_at_most: No job runs more often.
        pythons: The interpreters of the peers that are ready.
        failures: Why other peers are not, by name.
    """

    folder: Path
    rows_at_most: int
    rounds_at_most: int
    pythons: Mapping[str, Path] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)

    def rows(self, wanted: int) -> int:
        """Return how many rows are measured instead."""
        return min(wanted, self.rows_at_most)

    def rounds(self, wanted: int) -> int:
        """Return how often a job runs instead."""
        return min(wanted, self.rounds_at_most)

    def written(self, wanted: Rows) -> Path:
        """Return a file with these rows, written where it is not there."""
        fields = {name: int(value) for name, value in asdict(wanted).items() if value is not None}
        path = self.folder / f"rows-{'-'.join(map(str, fields.values()))}.parquet"
        run(own_job("write", "write", path, *(f"{name}={n}" for name, n in fields.items())))
        return path

    def reference(self, rows: int, columns: int) -> Path:
        """Return the file of a reference."""
        return self.written(Rows(rows=self.rows(rows), columns=columns, seed=1))

    def windows(self, rows: int, columns: int, count: int) -> list[Path]:
        """Return windows, of which every fifth numeric column is shifted."""
        needed = count * self.rows(rows) * columns * 8
        if shutil.disk_usage(self.folder).free < 2 * needed:
            sys.exit(f"{self.folder} has no room for {2 * needed / 1e9:.0f} GB: give a --folder")
        return [
            self.written(Rows(rows=self.rows(rows), columns=columns, seed=10 + k, is_shifted=True))
            for k in range(count)
        ]

    def prepared(self, reference: Path, *, correlations: bool) -> Path:
        """Return the folder in which a reference is prepared."""
        parts = "all" if correlations else "plain"
        folder = self.folder / f"prepared-{reference.stem}-{parts}"
        if not folder.exists():
            run(own_job("prepare", "prepare", reference, folder, parts))
        return folder

    def peer_jobs(self, names: Sequence[str], reference: Path, *windows: Path) -> list[Job]:
        """Return the jobs of those peers that are ready."""
        peers = known_peers()
        return [
            peer_job(peers[name], self.pythons[name], reference, *windows)
            for name in names
            if name in self.pythons
        ]

    def versions(self) -> dict[str, str]:
        """Return the versions of what is measured."""
        peers = known_peers()
        return own_versions() | {peers[name].title: peers[name].version for name in self.pythons}

    def about(self) -> dict[str, Any]:
        """Return when, where and what is measured, as fields of a result."""
        today = datetime.now(UTC).date().isoformat()
        return {"taken": today, "machine": machine(), "versions": self.versions()}


def with_peers(bench: Bench, peers: Sequence[Peer], cache: Path) -> Bench:
    """Return the bench with those peers that can be installed and judge a small window."""
    pythons: dict[str, Path] = {}
    failures: dict[str, str] = {}
    few = bench.written(_FEW)
    for peer in peers:
        say(f"{peer.title} {peer.version}: made ready")
        try:
            python = python_of(peer, cache)
            run(peer_job(peer, python, few, few))
            pythons[peer.name] = python
        except FailedJobError as error:
            failures[peer.name] = str(error)
            say(f"{peer.title} cannot be measured: {error}")
    return replace(bench, pythons=pythons, failures=failures)


def in_turn(
    own: Sequence[Job], peers: Sequence[Job], *, rounds: int, peer_rounds: int
) -> tuple[Runs, dict[str, str]]:
    """Run all jobs once, then all once more, and so on; return runs, and why peers failed."""
    runs: Runs = {}
    failures: dict[str, str] = {}
    for n in range(rounds):
        for job in own:
            runs.setdefault(job.name, []).append(_told(job))
        for job in peers if n < peer_rounds else ():
            if job.name not in failures:
                try:
                    runs.setdefault(job.name, []).append(_told(job))
                except FailedJobError as error:
                    failures[job.name] = str(error)
                    say(f"  {job.name} failed: {error}")
    return {name: several for name, several in runs.items() if several}, failures


def _told(job: Job) -> Run:
    done = run(job)
    say(f"  {job.name:32} {done.whole.wall:9.2f} s {done.peak:7.0f} MiB")
    return done


def say(text: str) -> None:
    """Tell how far the measurement is."""
    print(text, file=sys.stderr, flush=True)
