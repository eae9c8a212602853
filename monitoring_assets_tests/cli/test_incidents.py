"""The commands that people have about incidents: list, take, snooze, silence, close, explain."""

import json

import pytest

from monitoring_assets.domain.incident import Resolution, State
from monitoring_assets_tests.cli.alerting import workspace  # noqa: F401  a fixture


@pytest.fixture
def alerts(workspace, monkeypatch):  # noqa: F811
    """Yield the store of a model with one open page; commands use it."""
    for name, value in workspace.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("USER", "ada")
    return workspace.alerts


@pytest.fixture
def incident(alerts):
    (found,) = alerts.find("churn")
    return found


def test_what_is_open_is_listed(mlmon, incident):
    answer = mlmon("incidents")
    assert answer.code == 0
    (line, summary) = answer.out.splitlines()
    assert line.startswith(f"{incident.id[:8]}  page   notified     churn")
    assert line.endswith("window not monitored: SourceError: gone [told]")
    assert summary == "1 incident"


def test_a_list_for_machines_has_every_field(mlmon, incident):
    (found,) = json.loads(mlmon("incidents", "churn", "--json").out)
    assert (found["id"], found["state"], found["kind"]) == (incident.id, "notified", "pipeline")
    assert (found["check"], found["column"], found["first_window"]) == (
        *("pipeline", ""),
        "2026-01-01",
    )


def test_what_is_over_is_listed_if_asked_for(mlmon, incident):
    assert mlmon("incidents", "--resolve", incident.id[:8]).code == 0
    assert mlmon("incidents").out == "0 incidents\n"
    assert incident.id[:8] in mlmon("incidents", "--all").out


def test_an_incident_can_be_closed_by_hand(mlmon, incident, alerts):
    assert mlmon("incidents", "--resolve", incident.id).out.startswith("closed: churn window")
    (closed,) = alerts.find("churn")
    assert (closed.state, closed.resolution) == (State.RESOLVED, Resolution.MANUAL)


def test_an_incident_can_be_taken(mlmon, incident, alerts):
    answer = mlmon("ack", incident.id[:6], "--by", "bob")
    assert (answer.code, answer.out) == (
        0,
        f"acknowledged: churn window not monitored ({incident.id[:8]})\n",
    )
    (taken,) = alerts.find("churn")
    assert (taken.state, taken.acked_by) == (State.ACKNOWLEDGED, "bob")
    assert [(e.actor, e.action) for e in alerts.audit(incident.id)] == [("bob", "ack")]


def test_an_incident_can_be_snoozed(mlmon, incident, alerts):
    assert json.loads(mlmon("snooze", incident.id, "--for", "2d", "--json").out)["snooze_until"]
    (entry,) = alerts.audit(incident.id)
    assert (entry.actor, entry.action) == ("ada", "snooze")
    assert entry.expires_at is not None
    assert entry.undo == f"mlmon ack {incident.id}"


def test_a_silence_is_begun_listed_and_ended(mlmon, alerts):
    begun = json.loads(
        mlmon("silence", "churn", "--for", "2h", "--reason", "release", "--json").out
    )
    assert (begun[0]["model"], begun[0]["created_by"]) == ("churn", "ada")
    assert "ada: release" in mlmon("silence", "--list").out
    (entry,) = alerts.audit(begun[0]["id"])
    assert mlmon(*entry.undo.split()[1:]).code == 0
    (ended,) = alerts.silences()
    assert ended.ends_at.isoformat() < begun[0]["ends_at"].replace(" ", "T")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("ack", "nothing"), "no incident 'nothing': `mlmon incidents --all` lists them"),
        (("ack", ""), "no incident ''"),
        (("snooze", "nothing", "--for", "2d"), "no incident 'nothing'"),
        (("silence", "churn"), "say how long and why: --for 2h --reason 'release 4.2'"),
        (("silence", "fraud", "--for", "2h", "--reason", "x"), "no model 'fraud'"),
        (("silence", "--end", "nothing"), "names no silence"),
        (("incidents", "fraud"), "no model 'fraud'"),
        (("explain", "churn", "2026-01-05"), "churn 2026-01-05 was not decided"),
        (("explain", "nothing"), "no incident 'nothing'"),
    ],
)
def test_what_does_not_exist_is_told(mlmon, alerts, words, says):
    answer = mlmon(*words)
    assert answer.code == 1
    assert says in answer.err


def test_an_incident_that_is_over_cannot_be_taken(mlmon, incident):
    mlmon("incidents", "--resolve", incident.id)
    answer = mlmon("ack", incident.id)
    assert (answer.code, "no open incident" in answer.err) == (1, True)


@pytest.mark.parametrize("words", [("snooze", "x"), ("snooze", "x", "--for", "soon"), ("ack",)])
def test_wrong_arguments_end_with_2(mlmon, words):
    assert mlmon(*words).code == 2


def test_an_incident_is_explained_from_what_is_stored(mlmon, incident):
    mlmon("ack", incident.id)
    told = json.loads(mlmon("explain", incident.id[:8], "--json").out)
    assert told["title"] == f"churn window not monitored ({incident.id[:8]})"
    assert told["what"][1] == "it is a page of kind pipeline, acknowledged"
    assert told["told"][0].startswith("told on 2026-01-02 01:00 in the group ")
    assert told["verdicts"] == ["2026-01-01 error    (n 0) SourceError: gone"]
    assert [event.split(" ")[2] for event in told["events"]] == ["opened:"]
    assert told["audit"][0].endswith("ada: ack")


def test_a_window_is_explained_from_what_was_decided(mlmon, incident):
    out = mlmon("explain", "churn", "2026-01-01").out
    assert "error: told: window not monitored: SourceError: gone" in out
    assert f"incident {incident.id[:8]}: told" in out
