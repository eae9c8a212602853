import io

import pytest

from monitoring_assets.config.alerts import (
    EmailDestination,
    PagerDutyDestination,
    SlackDestination,
    WebhookDestination,
)
from monitoring_assets.domain.errors import DeliveryError, Fault
from monitoring_assets.notifiers.registry import CHANNELS, fallback, open_channel
from monitoring_assets_tests.notifiers.situations import PAGE
from monitoring_assets_tests.providers.slack import NAME, TOKEN

PLACES = {
    place.key: place
    for place in (
        SlackDestination(type="slack", channel="#ml"),
        PagerDutyDestination(type="pagerduty", routing_key_env="ONCALL_KEY"),
        WebhookDestination(type="webhook", url_env="HOOK"),
        EmailDestination(type="email", to=("ml@example.org",)),
    )
}


def opened(key, environment=None):
    return open_channel(key, PLACES, environment or {}, io.StringIO())


@pytest.mark.parametrize(
    ("key", "environment", "name"),
    [
        ("slack", {}, "terminal"),
        ("slack:#ml", {"SLACK_BOT_TOKEN": ""}, "terminal"),
        ("slack", {"SLACK_BOT_TOKEN": TOKEN}, "slack"),
        ("slack:#ml", {"SLACK_BOT_TOKEN": TOKEN}, "slack"),
        ("slack", {"MLMON_SLACK_TOKEN_ENV": "OURS", "SLACK_BOT_TOKEN": TOKEN}, "terminal"),
        ("slack", {"MLMON_SLACK_TOKEN_ENV": "OURS", "OURS": TOKEN}, "slack"),
        ("pagerduty", {}, "pagerduty"),
        ("pagerduty:ONCALL_KEY", {}, "pagerduty"),
        ("webhook:HOOK", {}, "webhook"),
        ("email:ml@example.org", {}, "email"),
    ],
)
def test_a_destination_has_its_channel(key, environment, name):
    assert opened(key, environment).name == name


def test_a_destination_that_no_model_names_any_more_lets_messages_wait():
    with pytest.raises(DeliveryError, match="webhook:GONE") as failed:
        opened("webhook:GONE")
    assert failed.value.fault is Fault.DESTINATION


def test_the_environment_says_where_slack_is_and_which_channel(slack):
    environment = {
        "SLACK_BOT_TOKEN": TOKEN,
        "MLMON_SLACK_CHANNEL": NAME,
        "MLMON_SLACK_API_URL": slack.url,
    }
    channel = opened("slack", environment)
    channel.send(PAGE, delivery_id="id", thread=None, is_retry=False)
    assert len(slack.messages) == 1


def test_every_type_of_destination_has_a_channel():
    assert {place.type for place in PLACES.values()} == set(CHANNELS)


@pytest.mark.parametrize(
    ("destination", "environment", "expected"),
    [
        ("slack", {}, None),
        ("slack:#ml", {"PAGERDUTY_ROUTING_KEY": "key"}, "pagerduty"),
        ("pagerduty", {}, "slack"),
        ("webhook:HOOK", {}, "slack"),
        ("webhook:HOOK", {"MLMON_FALLBACK": "email:ml@example.org"}, "email:ml@example.org"),
        ("slack", {"MLMON_FALLBACK": "slack"}, None),
    ],
)
def test_another_destination_learns_what_one_could_not_be_told(destination, environment, expected):
    assert fallback(destination, environment) == expected
