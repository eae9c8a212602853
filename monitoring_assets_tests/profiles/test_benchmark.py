import json
import subprocess
import sys

import pytest

SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "mode",
    [
        [],
        pytest.param(["--stream"], marks=SLOW),
        pytest.param(["--windows", "2"], marks=SLOW),
    ],
)
def test_the_benchmark_measures_and_checks(tmp_path, mode):
    options = ["--rows", "3000", "--columns", "5", "--runs", "1", "--no-evidently", *mode]
    subprocess.run(
        [sys.executable, "-m", "benchmarks.engine", *options, "--json", tmp_path / "found.json"],
        check=True,
        capture_output=True,
    )
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["checks"].get("bounds_hold", True)
    assert found["checks"].get("counts_equal", True)
    assert all(cost["cpu_s"] > 0 for cost in found["costs"].values())
