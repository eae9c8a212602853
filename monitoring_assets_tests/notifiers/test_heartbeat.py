import pytest

from monitoring_assets.notifiers.heartbeat import beat


def test_a_heartbeat_is_heard(receiver):
    assert beat(receiver.url + "?secret=canary").startswith("the heartbeat was not heard")
    assert len(receiver.requests) == 1


def test_a_service_that_answers_has_heard(receiver, monkeypatch):
    from monitoring_assets_tests.providers.server import Answer

    monkeypatch.setattr(receiver, "serve", lambda _request: Answer(200, "OK"))
    assert beat(receiver.url) == ""


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "http://127.0.0.1:1/canary"])
def test_what_goes_wrong_is_said_without_the_address(url):
    assert beat(url)
    assert "canary" not in beat(url)
