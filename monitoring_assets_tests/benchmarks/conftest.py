"""The benchmarks are no part of the installed package, so their tests look beside it."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
