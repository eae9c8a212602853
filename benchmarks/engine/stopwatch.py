"""How a job tells what it found and how long its parts took; needs the standard library only."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# The name of the variable that holds the monotonic clock at which the process was started.
STARTED = "BENCHMARK_STARTED"
_HEAVY = {"evidently", "pandas", "scipy.stats"}


class Stopwatch:
    """The seconds of the parts of one process: wall and CPU of all its threads."""

    def __init__(self) -> None:
        self._spent: dict[str, tuple[float, float]] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Add the time of a block to a part."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        before = self._spent.get(name, (0.0, 0.0))
        self._spent[name] = (before[0] + wall, before[1] + cpu)

    def tell(self, found: dict[str, Any]) -> None:
        """Print what was found, as one line of JSON."""
        told = {
            "found": found,
            "parts": self._spent,
            "first_number": time.monotonic() - float(os.environ[STARTED]),
            "heavy_imports": sorted(_HEAVY & set(sys.modules)),
        }
        print(json.dumps(told))
