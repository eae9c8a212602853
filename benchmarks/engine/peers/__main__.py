"""Run a peer in its own environment: `python -m benchmarks.engine.peers NAME REFERENCE WINDOW…`.

A peer's module has two functions. `prepare` gets the reference as a pandas frame and returns all
that can be kept of it; `judge` gets that and a window and returns, for each column, a distance or
p-value and whether the tool calls it drift. Its docstring begins with the tool and the methods.
"""

import sys
import warnings
from contextlib import redirect_stdout
from importlib import import_module

from benchmarks.engine.stopwatch import Stopwatch


def main() -> None:
    """Prepare the reference once, judge each window."""
    name, reference, *windows = sys.argv[1:]
    watch = Stopwatch()
    warnings.simplefilter("ignore")
    found = []
    with redirect_stdout(sys.stderr):
        with watch.part("imports"):
            import pandas as pd

            peer = import_module(f"benchmarks.engine.peers.{name}")
        with watch.part("reference"):
            prepared = peer.prepare(pd.read_parquet(reference))
        for window in windows:
            with watch.part("window"):
                found.append(peer.judge(prepared, pd.read_parquet(window)))
    watch.tell(
        {
            "windows": [{name: value for name, (value, _) in judged.items()} for judged in found],
            "drifted": sorted(name for name, (_, is_drift) in found[-1].items() if is_drift),
        }
    )


if __name__ == "__main__":
    main()
