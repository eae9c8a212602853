"""Child processes that end together: whatever was started here is gone afterwards.

Each child leads a process group of its own, so that its own children (Dagster's code server has
one that outlives an interrupt) end with it.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from monitoring_assets.domain.errors import MonitoringError

# The daemon waits for a tick whose code server has just ended.
GRACE_SECONDS = 8.0


@dataclass(slots=True)
class ProcessGroup:
    """Children that run until the `with` block ends.

    Attributes:
        logs: The folder of the children's output.
        environ: The environment of the children.
        grace_seconds: How long they may take to end before they are killed.
    """

    logs: Path
    environ: Mapping[str, str]
    grace_seconds: float = GRACE_SECONDS
    _children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict, init=False)

    def __enter__(self) -> Self:
        """Make the folder of the logs."""
        self.logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End all children, politely and then not."""
        try:
            self._ask_to_end()
        finally:  # an impatient second Ctrl-C must not leave anything behind
            for child in self._children.values():
                _signal(child, signal.SIGKILL)
                child.wait()

    def _ask_to_end(self) -> None:
        for child in self._children.values():
            _signal(child, signal.SIGTERM)
        deadline = time.monotonic() + self.grace_seconds
        for child in self._children.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, deadline - time.monotonic()))

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a child; its output goes to `<logs>/<name>.log`."""
        with (self.logs / f"{name}.log").open("wb") as log:
            self._children[name] = subprocess.Popen(
                list(command),
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def require_alive(self) -> None:
        """Make sure that every child still runs.

        Raises:
            MonitoringError: If one ended; the message holds the end of its log.
        """
        for name, child in self._children.items():
            if child.poll() is not None:
                raise MonitoringError(
                    f"{name} ended with code {child.returncode}:\n{self.tail(name)}"
                )

    def tail(self, name: str, lines: int = 15) -> str:
        """Return the last lines of a child's output."""
        text = (self.logs / f"{name}.log").read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])


def _signal(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)
