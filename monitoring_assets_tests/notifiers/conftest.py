"""Providers for each test, without the proxy settings of the machine."""

import pytest

from monitoring_assets_tests.providers.pagerduty import PagerDuty
from monitoring_assets_tests.providers.slack import Slack
from monitoring_assets_tests.providers.smtp import MailServer
from monitoring_assets_tests.providers.webhook import WebhookReceiver


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def slack():
    yield from _running(Slack())


@pytest.fixture
def pagerduty():
    yield from _running(PagerDuty())


@pytest.fixture
def receiver():
    yield from _running(WebhookReceiver())


@pytest.fixture
def mail():
    yield from _running(MailServer())


def _running(provider):
    provider.slow_seconds = 0.2
    yield provider.start()
    provider.stop()
