"""Every channel keeps the promises of `notifiers.conformance`, against its provider's protocol."""

import json
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from monitoring_assets.notifiers.conformance import CHANNEL_CHECKS
from monitoring_assets.notifiers.email import EmailChannel, Variables
from monitoring_assets.notifiers.pagerduty import PagerDutyChannel
from monitoring_assets.notifiers.slack import SlackChannel
from monitoring_assets.notifiers.webhook import WebhookChannel
from monitoring_assets_tests.providers import pagerduty as pagerduty_provider
from monitoring_assets_tests.providers import slack as slack_provider
from monitoring_assets_tests.providers import smtp as smtp_provider
from monitoring_assets_tests.providers import webhook as webhook_provider


@dataclass
class OverHttp:
    server: object
    channel: object
    secrets: tuple

    def fail_next(self, *, after):
        self.server.faults.queue.append("dropped_after" if after else "dropped_before")

    def refuse_next(self):
        self.server.faults.queue.append("rate_limited")


class InSlack(OverHttp):
    def arrived(self):
        return [json.dumps([m.text, m.arguments]) for m in self.server.messages]

    def lock_out(self):
        self.server.token = "another"


class InPagerDuty(OverHttp):
    def arrived(self):
        return [json.dumps([i.summary, i.details]) for i in self.server.incidents]

    def lock_out(self):
        self.server.routing_keys = {"another"}


class AtWebhook(OverHttp):
    def arrived(self):
        return [json.dumps(event) for event in self.server.events.values()]

    def lock_out(self):
        self.server.key = b"another"


@dataclass
class ByMail:
    server: object
    channel: object
    secrets: tuple

    def arrived(self):
        by_id = {mail["Message-ID"]: mail for mail in self.server.messages}
        return [f"{mail['Subject']} {mail.get_content()}" for mail in by_id.values()]

    def fail_next(self, *, after):
        self.server.faults.queue.append("dropped_after" if after else "dropped_before")

    def refuse_next(self):
        self.server.faults.queue.append("busy")

    def lock_out(self):
        self.server.password = "another"


def slack_channel(server, **settings):
    environment = {"SLACK_BOT_TOKEN": slack_provider.TOKEN}
    settings = {"channel": slack_provider.CHANNEL, "timeout_seconds": 0.15} | settings
    return SlackChannel(environment, base_url=server.url, **settings)


def pagerduty_channel(server):
    environment = {"KEY": pagerduty_provider.ROUTING_KEY}
    return PagerDutyChannel(environment, key_env="KEY", base_url=server.url)


def webhook_channel(server):
    environment = {"HOOK": server.url, "SECRET": webhook_provider.SECRET}
    return WebhookChannel(environment, url_env="HOOK", secret_env="SECRET")


def email_channel(server):
    environment = {
        "SMTP_HOST": f"127.0.0.1:{server.port}",
        "SMTP_USER": smtp_provider.USER,
        "SMTP_PASSWORD": smtp_provider.PASSWORD,
        "SMTP_FROM": "Monitoring <monitoring@example.org>",
    }
    return EmailChannel(environment, to=("ml@example.org",), names=Variables())


@pytest.fixture
def providers(slack, pagerduty, receiver, mail):
    return SimpleNamespace(
        slack=InSlack(slack, slack_channel(slack), (slack_provider.TOKEN,)),
        pagerduty=InPagerDuty(
            pagerduty, pagerduty_channel(pagerduty), (pagerduty_provider.ROUTING_KEY,)
        ),
        webhook=AtWebhook(
            receiver, webhook_channel(receiver), (webhook_provider.SECRET, receiver.address)
        ),
        email=ByMail(mail, email_channel(mail), (smtp_provider.PASSWORD,)),
    )


@pytest.mark.parametrize("name", ["slack", "pagerduty", "webhook", "email"])
@pytest.mark.parametrize("check", CHANNEL_CHECKS, ids=lambda check: check.__name__)
def test_a_channel_keeps_its_promises(check, name, providers):
    check(getattr(providers, name))
