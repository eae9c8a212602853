"""`mlmon demo`: from nothing to a monitored model that can be looked at.

The tests of this file follow each other in one home: first the history alone, then it is served.
"""

import json
import re
import shutil
import signal
import time
import urllib.request

import pytest

from monitoring_assets.demo.calendar import load_calendar
from monitoring_assets_tests.end_to_end.conftest import Home, new_folder

READY = r"The UI is at (http://127\.0\.0\.1:\d+)"


@pytest.fixture(scope="module")
def once(home):
    return home.run("demo", "--once")


def test_everything_that_happened_is_found(once):
    assert once.returncode == 0, once.stdout + once.stderr
    told = re.findall(r"^  ([✓✗?]) ", once.stdout, re.MULTILINE)
    assert told == ["✓"] * len(load_calendar().events)


def test_nothing_but_the_story_is_told(once):
    assert once.stderr == ""
    assert "Warning" not in once.stdout


def test_no_process_is_left(home, once):
    assert home.processes() == {}


def test_the_second_time_nothing_is_done_again(home, once):
    began = time.monotonic()
    again = home.run("demo", "--once")
    assert again.returncode == 0, again.stderr
    assert "90 days are monitored already" in again.stdout
    assert "monitoring 90 days" not in again.stdout
    assert time.monotonic() - began < 30


def test_the_report_of_a_day_can_be_written(home, once):
    day = re.search(r"(\S+) … \S+ +promo week", once.stdout)[1]
    done = Home(home.folder, {"MLMON_MODELS": str(home.folder / "demo" / "models")}).run(
        "report", "late_parcel", day
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"{day}.html\n")


@pytest.fixture(scope="module")
def served():
    """Yield a new demo that is served, after its first lines about the UI."""
    home = Home(new_folder())
    running = home.start("demo", "--port", "0", "--seconds-between-days", "1")
    try:
        running.wait_for("Ctrl-C stops everything", 240)
        yield home, running
    finally:
        if running.process.poll() is None:
            running.end(signal.SIGTERM, 60)
        shutil.rmtree(home.folder)


def asked(url, query):
    request = urllib.request.Request(  # noqa: S310
        f"{url}/graphql",
        data=json.dumps({"query": query}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)["data"]


def test_the_ui_shows_the_history(served):
    _, running = served
    url = running.wait_for(READY, 5)[1]
    with urllib.request.urlopen(url, timeout=30) as page:  # noqa: S310
        assert b"Dagster" in page.read()
    nodes = asked(url, "{assetNodes{assetKey{path} partitionStats{numMaterialized}}}")[
        "assetNodes"
    ]
    materialized = {
        node["assetKey"]["path"][-1]: node["partitionStats"]["numMaterialized"] for node in nodes
    }
    assert materialized["alert_decision"] >= 60
    assert materialized["drift_report"] >= 60


def test_a_day_that_arrives_is_monitored_and_told(served):
    _, running = served
    running.wait_for(r"the predictions of \S+ arrived", 30)
    running.wait_for(r"(?m)^\[(page|ticket)\] .*\n  .*warehouse_load", 200)


def test_an_interrupt_ends_it_soon_and_whole(served):
    home, running = served
    began = time.monotonic()
    assert running.end(signal.SIGINT, 60) == 0
    assert time.monotonic() - began < 15
    assert home.processes() == {}
    assert "Traceback" not in running.text
