"""What commands import: nobody waits for libraries that a command does not use."""

import json
import os
import subprocess
import sys

import pytest

VALIDATE = """
from monitoring_assets.cli.main import main
assert main(["validate"]) == 0
"""
# One window through Dagster, in this process.
MATERIALIZE = """
import os
from monitoring_assets.cli.database import ready_environment
from monitoring_assets.composition import Workspace
from monitoring_assets.definitions import build_definitions
from monitoring_assets.defs.backfill import backfill

with ready_environment(dict(os.environ)) as ready:
    build_definitions(ready)
    workspace = Workspace(ready)
    window = workspace.model("churn").config.cadence.windows.first()
    assert backfill(workspace, "churn", [window], lambda _: None) == 1
"""
REPORT = "import json, sys; print(json.dumps(sorted(sys.modules)))"


def modules_after(code, folder, **environ):
    done = subprocess.run(
        [sys.executable, "-c", code + REPORT],
        cwd=folder,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_validating_imports_no_heavy_library(folder):
    heavy = {"dagster", "evidently", "sklearn", "scipy", "pandas", "boto3", "sqlalchemy"}
    assert modules_after(VALIDATE, folder) & (heavy | {"numpy", "pyarrow"}) == set()


@pytest.mark.slow
def test_monitoring_a_window_imports_what_it_uses_only(folder, database_url):
    imported = modules_after(MATERIALIZE, folder, MLMON_DATABASE_URL=database_url)
    assert imported & {"evidently", "sklearn", "boto3", "dagster_aws", "slack_sdk"} == set()
    assert "dagster" in imported
