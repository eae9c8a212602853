import io

import pytest

from monitoring_assets.notifiers.registry import NOTIFIERS, choose
from monitoring_assets_tests.notifiers.fake_slack import NAME, TOKEN
from monitoring_assets_tests.notifiers.test_slack_message import notice


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({}, "terminal"),
        ({"SLACK_BOT_TOKEN": ""}, "terminal"),
        ({"SLACK_BOT_TOKEN": TOKEN}, "slack"),
        ({"MLMON_SLACK_TOKEN_ENV": "OURS", "SLACK_BOT_TOKEN": TOKEN}, "terminal"),
        ({"MLMON_SLACK_TOKEN_ENV": "OURS", "OURS": TOKEN}, "slack"),
    ],
)
def test_a_token_chooses_slack(environment, name):
    assert choose(environment, io.StringIO()).name == name


def test_the_environment_says_where_slack_is_and_which_channel(slack):
    environment = {
        "SLACK_BOT_TOKEN": TOKEN,
        "MLMON_SLACK_CHANNEL": NAME,
        "MLMON_SLACK_API_URL": slack.url,
    }
    channel = choose(environment, io.StringIO())
    channel.send(notice(), delivery_id="id", previous=None, is_retry=False)
    assert len(slack.messages) == 1


@pytest.mark.parametrize("name", sorted(NOTIFIERS))
def test_every_channel_has_the_name_it_is_listed_under(name):
    assert NOTIFIERS[name]({}, io.StringIO()).name == name
