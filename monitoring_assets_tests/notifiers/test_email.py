from dataclasses import replace

import pytest

from monitoring_assets.domain.errors import DeliveryError, Fault
from monitoring_assets.domain.message import Act
from monitoring_assets.notifiers.email import EmailChannel, Variables
from monitoring_assets_tests.notifiers.situations import PAGE
from monitoring_assets_tests.notifiers.test_conformance import email_channel


def send(channel, message=PAGE, name="1", thread=None):
    return channel.send(message, delivery_id=name, thread=thread, is_retry=False)


def failure(channel):
    with pytest.raises(DeliveryError) as failed:
        send(channel)
    return failed.value


def test_a_mail_reaches_its_recipients_with_the_words_of_the_message(mail):
    send(email_channel(mail))
    (arrived,) = mail.messages
    assert mail.recipients == [["ml@example.org"]]
    assert arrived["Subject"] == f"🔴 {PAGE.title}"
    assert "likely cause: amount drifted" in arrived.get_content()


def test_what_follows_is_an_answer_to_the_first_mail(mail):
    channel = email_channel(mail)
    thread = send(channel)
    send(channel, replace(PAGE, act=Act.RESOLVE), "2", thread)
    assert mail.messages[1]["In-Reply-To"] == mail.messages[0]["Message-ID"] == thread


def test_an_edit_is_left_out(mail):
    send(email_channel(mail), replace(PAGE, act=Act.EDIT))
    assert mail.messages == []


def test_a_title_cannot_add_a_header(mail):
    send(email_channel(mail), replace(PAGE, title="a\r\nBcc: all@example.org"))
    (arrived,) = mail.messages
    assert arrived["Bcc"] is None
    assert arrived["Subject"] == "🔴 a Bcc: all@example.org"


def test_a_repeated_mail_has_the_same_message_id(mail):
    channel = email_channel(mail)
    assert send(channel) == send(channel)


def test_a_mail_that_is_refused_for_good_is_the_messages_fault(mail):
    mail.faults.queue = ["refused"]
    assert failure(email_channel(mail)).fault is Fault.MESSAGE


def test_an_unknown_recipient_is_the_destinations_fault(mail):
    channel = EmailChannel(
        email_channel(mail)._environment, to=("a@nowhere.example",), names=Variables()
    )
    assert failure(channel).fault is Fault.DESTINATION


@pytest.mark.parametrize(
    ("name", "value"),
    [("SMTP_HOST", ""), ("SMTP_HOST", "mail:smtp"), ("SMTP_FROM", "nobody"), ("SMTP_FROM", "")],
)
def test_a_setting_that_is_wrong_is_named(mail, name, value):
    environment = {**email_channel(mail)._environment, name: value}
    error = failure(EmailChannel(environment, to=("ml@example.org",), names=Variables()))
    assert name in str(error)
    assert error.fault is Fault.DESTINATION


def test_an_unreachable_server_is_an_unknown_outcome(mail):
    environment = {**email_channel(mail)._environment, "SMTP_HOST": "127.0.0.1:1"}
    channel = EmailChannel(environment, to=("ml@example.org",), names=Variables())
    assert failure(channel).fault is Fault.UNKNOWN
