"""A stored window whose column names and categories are hostile, and a browser to look with."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring_assets.application.monitor import ModelMonitor
from monitoring_assets.application.ports import RunInfo
from monitoring_assets.composition import Workspace
from monitoring_assets.domain.window import Window

CHROMIUM = shutil.which("chromium")
# Runs wherever it is taken as HTML and not as text, and leaves a mark on the page.
PAYLOAD = "</script><script>document.documentElement.dataset.owned = 'yes'</script>"
MARK = 'data-owned="yes"'
MODEL = f"""
type: monitoring_assets.MonitoredModel
attributes:
  name: churn
  task: binary
  owner: team:growth
  cadence: {{every: day, start: 2026-01-02, end: 2026-01-04}}
  predictions: {{path: ../log.parquet}}
  reference: {{active: v1, versions: {{v1: {{path: ../reference.parquet}}}}}}
  columns: {{timestamp: predicted_at, prediction: churns, score: score}}
  features:
    plan: categorical
    never_filled: numeric
    {json.dumps(PAYLOAD)}: numeric
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A model whose window `full` holds rows; `empty` was read too, `unread` was not."""

    monitor: ModelMonitor
    full: Window
    empty: Window
    unread: Window


@pytest.fixture(scope="session")
def stored(tmp_path_factory):
    home = tmp_path_factory.mktemp("reports")
    (home / "models").mkdir()
    (home / "models" / "churn.yaml").write_text(MODEL, encoding="utf-8")
    pq.write_table(rows(day=1), home / "reference.parquet")
    pq.write_table(rows(day=2), home / "log.parquet")
    workspace = Workspace({"MLMON_HOME": str(home), "MLMON_MODELS": str(home / "models")})
    monitor = workspace.replaying_monitor(workspace.model("churn"))
    monitor.take_reference("v1")
    cadence = monitor.config.cadence.windows
    full, empty, unread = (cadence.window(f"2026-01-0{day}") for day in (2, 3, 4))
    for window in (full, empty):
        monitor.take_log(window, RunInfo(run_id="a-run", computed_at=window.end))
    return Stored(monitor=monitor, full=full, empty=empty, unread=unread)


def rows(day, n=300):
    rng = np.random.default_rng(day)
    begin = datetime(2026, 1, day, tzinfo=UTC)
    return pa.table(
        {
            "predicted_at": [begin + timedelta(minutes=minute) for minute in range(n)],
            "churns": rng.integers(0, 2, n),
            "score": rng.random(n),
            "plan": rng.choice(["free", PAYLOAD], n),
            "never_filled": pa.nulls(n, pa.float64()),
            PAYLOAD: rng.normal(size=n),
        }
    )


@pytest.fixture
def browsed(tmp_path):
    """Return a function that gives the page of an address after its scripts have run."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium to look at the page with")

    def look(url):
        command = [CHROMIUM, "--headless", "--disable-gpu", "--virtual-time-budget=10000"]
        command += ["--no-sandbox"] if os.geteuid() == 0 else []
        command += [f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout

    return look


def visible_text(page):
    """Return the text of a page without its scripts, styles and tags."""
    body = re.sub(r"(?s)<(script|style)\b.*?</\1>", " ", page)
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


def write_page(folder: Path, html):
    file = folder / "page.html"
    file.write_text(html, encoding="utf-8")
    return file.as_uri()
