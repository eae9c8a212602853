import queue

import pytest

from monitoring_assets.domain.errors import ConfigurationError
from monitoring_assets.notifiers.slack_actions import Press, listening, presses
from monitoring_assets.notifiers.slack_message import ACKNOWLEDGE, SNOOZE
from monitoring_assets_tests.providers.socket_mode import APP_TOKEN, SocketMode

GROUP = "6d1f6a0e-2b7c-4c57-8f0e-000000000001"


@pytest.fixture
def socket_mode(slack):
    slack.socket_mode = SocketMode().start()
    yield slack.socket_mode
    slack.socket_mode.stop()


@pytest.mark.parametrize(("action", "is_snooze"), [(ACKNOWLEDGE, False), (SNOOZE, True)])
def test_a_press_is_confirmed_and_heard(slack, socket_mode, action, is_snooze):
    heard = queue.Queue()
    with listening(APP_TOKEN, heard.put, base_url=slack.url):
        envelope = socket_mode.press(action, GROUP)
        press = heard.get(timeout=10)
        assert socket_mode.is_acknowledged.wait(10)
    assert press == Press(is_snooze=is_snooze, group=GROUP, user="slack:ada")
    assert socket_mode.acknowledged == [envelope]


def test_a_token_that_slack_does_not_take_is_an_error_without_the_token(slack, socket_mode):
    with (
        pytest.raises(ConfigurationError, match="connections:write") as failed,
        listening("xapp-canary-wrong", print, base_url=slack.url),
    ):
        pass
    assert "canary" not in str(failed.value)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"actions": [{"action_id": "another", "value": GROUP}]},
        {"actions": [{"action_id": ACKNOWLEDGE, "value": "<!channel>"}]},
        {"actions": [{"action_id": ACKNOWLEDGE}]},
    ],
)
def test_what_is_none_of_our_buttons_is_ignored(payload):
    assert list(presses(payload)) == []
