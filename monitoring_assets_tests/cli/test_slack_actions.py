from datetime import UTC, datetime

import pytest

from monitoring_assets.cli.slack_actions import act
from monitoring_assets.domain.incident import State
from monitoring_assets.notifiers.slack_actions import Press
from monitoring_assets_tests.cli.alerting import workspace  # noqa: F401  a fixture

NOW = datetime(2026, 1, 2, 3, tzinfo=UTC)


def press(workspace, *, is_snooze=False):  # noqa: F811
    (incident,) = workspace.alerts.find("churn")
    return Press(is_snooze=is_snooze, group=incident.group_id, user="slack:ada")


@pytest.mark.parametrize(
    ("is_snooze", "state"), [(False, State.ACKNOWLEDGED), (True, State.SNOOZED)]
)
def test_a_press_does_what_the_command_does(workspace, is_snooze, state):  # noqa: F811
    act(workspace, press(workspace, is_snooze=is_snooze), NOW)
    (incident,) = workspace.alerts.find("churn")
    assert incident.state is state


def test_a_press_is_in_the_audit_with_who_it_was(workspace):  # noqa: F811
    act(workspace, press(workspace), NOW)
    (entry,) = workspace.alerts.audit()
    assert entry.actor == "slack:ada"


def test_a_press_below_a_message_that_nobody_knows_changes_nothing(workspace):  # noqa: F811
    said = act(workspace, Press(is_snooze=False, group="gone", user="slack:ada"), NOW)
    assert "no thread gone" in said


def test_without_a_token_the_command_names_the_variable(mlmon, folder, monkeypatch):
    monkeypatch.delenv("SLACK_APP_TOKEN", raising=False)
    answer = mlmon("slack-actions")
    assert (answer.code, "SLACK_APP_TOKEN" in answer.err) == (1, True)
