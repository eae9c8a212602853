"""The rehearsal of deliveries under injected faults; `make chaos` plays ten times as many."""

import subprocess
import sys

import pytest

from monitoring_assets_tests.docs.pages import ROOT


@pytest.mark.slow
def test_faults_lose_nothing_repeat_nothing_and_leave_providers_as_the_database_says():
    played = subprocess.run(
        [sys.executable, "-m", "benchmarks.alerts.chaos", "--faults", "200"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr
