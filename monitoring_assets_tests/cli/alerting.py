"""A model of which one run has failed, so that one page waits; on a database of its own."""

from datetime import timedelta

import pytest

from monitoring_assets.application.ports import RunInfo
from monitoring_assets.composition import Workspace
from monitoring_assets.stores.schema import upgrade


@pytest.fixture
def workspace(folder, database_url):
    workspace = Workspace(
        {
            "MLMON_DATABASE_URL": database_url,
            "MLMON_MODELS": str(folder / "models"),
            "MLMON_HOME": str(folder / "home"),
            "MLMON_ALERTS_FILE": str(folder / "alerts.txt"),
        }
    )
    upgrade(workspace.engine)
    model = workspace.model("churn")
    window = model.config.cadence.windows.first()
    run = RunInfo(run_id="run-1", computed_at=window.end + timedelta(hours=1))
    workspace.monitor(model).alerts.fail(window, "SourceError: gone", run, is_backfill=False)
    yield workspace
    workspace.engine.dispose()
