import json
import subprocess
import sys


def test_the_benchmark_measures_and_compares(tmp_path):
    options = ["--rows", "2000", "--columns", "5", "--runs", "1", "--engines", "duckdb"]
    options += ["--segments", "c0", "--json", str(tmp_path / "found.json")]
    subprocess.run(
        [sys.executable, "-m", "benchmarks.engine.in_database", *options],
        check=True,
        capture_output=True,
    )
    found = json.loads((tmp_path / "found.json").read_text())["engines"]["duckdb"]
    assert found["counts_equal"]
    assert found["largest_relative_error"] < 1e-9
