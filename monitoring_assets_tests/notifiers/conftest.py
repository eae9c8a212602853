"""A fake Slack workspace for each test, without the proxy settings of the machine."""

import pytest

from monitoring_assets_tests.notifiers.fake_slack import FakeSlack


@pytest.fixture
def slack(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    slack = FakeSlack().start()
    yield slack
    slack.stop()
