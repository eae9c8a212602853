import base64
import json

import pytest

from monitoring_assets.domain.errors import DeliveryError, Fault
from monitoring_assets.notifiers.webhook import WebhookChannel, signature
from monitoring_assets_tests.notifiers.situations import PAGE
from monitoring_assets_tests.providers.webhook import SECRET


def channel(receiver, secret=SECRET, **settings):
    environment = {"HOOK": receiver.url, "SECRET": secret}
    return WebhookChannel(environment, url_env="HOOK", secret_env="SECRET", **settings)


def send(channel):
    return channel.send(PAGE, delivery_id="one", thread=None, is_retry=False)


def failure(channel):
    with pytest.raises(DeliveryError) as failed:
        send(channel)
    return failed.value


def test_the_signature_is_the_one_of_the_reference_implementations():
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    name, at, body = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    assert signature(key, name, at, body) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_message_arrives_signed_and_whole(receiver):
    assert send(channel(receiver)) == "one"
    event = receiver.events["one"]
    assert (event["type"], event["data"]["title"]) == ("monitoring.open", PAGE.title)
    assert event["data"]["facts"][0] == {"name": "since", "text": "2026-01-02, 2 windows of 3"}


def test_a_repeated_message_has_the_same_id(receiver):
    for _ in range(2):
        send(channel(receiver))
    assert (len(receiver.events), receiver.arrivals["one"]) == (1, 2)


def test_a_secret_may_be_any_text(receiver):
    receiver.key = b"any text"
    send(channel(receiver, secret="any text"))
    assert len(receiver.events) == 1


def test_a_secret_that_is_cut_off_is_found(receiver):
    error = failure(channel(receiver, secret="whsec_***"))
    assert error.fault is Fault.DESTINATION
    assert "***" not in str(error)


@pytest.mark.parametrize("clock", [lambda: 0.0, lambda: 4e9])
def test_a_time_stamp_far_away_is_refused_by_the_receiver(receiver, clock):
    assert failure(channel(receiver, clock=clock)).fault is Fault.DESTINATION


def test_without_a_secret_there_is_no_signature(receiver):
    failure(WebhookChannel({"HOOK": receiver.url}, url_env="HOOK"))
    assert "webhook-signature" not in receiver.requests[0].headers


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "ftp://127.0.0.1/", "no address"])
def test_an_address_that_is_none_is_the_destinations_fault(url):
    assert failure(WebhookChannel({"HOOK": url}, url_env="HOOK")).fault is Fault.DESTINATION


def test_a_redirect_is_not_followed(receiver, monkeypatch):
    from monitoring_assets_tests.providers.server import Answer

    elsewhere = Answer(302, "", {"Location": receiver.address + "/elsewhere"})
    monkeypatch.setattr(receiver, "serve", lambda _request: elsewhere)
    assert failure(channel(receiver)).fault is Fault.DESTINATION
    assert len(receiver.requests) == 1


def test_the_document_is_ascii(receiver):
    from monitoring_assets.notifiers.webhook import document
    from monitoring_assets_tests.notifiers.situations import AT

    body = document(PAGE, AT)
    assert body.isascii()
    assert json.loads(body)["data"]["act"] == "open"
