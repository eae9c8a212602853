import io
from dataclasses import replace

import pytest

from monitoring_assets.domain.errors import DeliveryError
from monitoring_assets.domain.message import Act
from monitoring_assets.notifiers.terminal import TerminalChannel
from monitoring_assets_tests.notifiers.situations import PAGE


def shown(message):
    stream = io.StringIO()
    TerminalChannel(stream).send(message, delivery_id="id", thread=None, is_retry=False)
    return stream.getvalue()


def test_a_message_begins_with_how_serious_it_is():
    assert shown(PAGE).startswith("[page] churn: accuracy fell to 0.81\n")


def test_what_follows_begins_with_what_it_is():
    assert shown(replace(PAGE, act=Act.RESOLVE)).startswith("[resolve] churn: ")


def test_an_edit_is_left_out():
    assert shown(replace(PAGE, act=Act.EDIT)) == ""


def test_a_message_cannot_move_the_cursor():
    text = shown(replace(PAGE, title="a\x1b[2Jb\rc", facts=(("d\x07", "\u202ee\nf"),), hides=()))
    assert not set(text) & set("\x1b\r\x07\u202e")
    assert "  - d : e f\n" in text


def test_a_closed_stream_is_a_failed_delivery():
    stream = io.StringIO()
    stream.close()
    channel = TerminalChannel(stream)
    with pytest.raises(DeliveryError):
        channel.send(PAGE, delivery_id="id", thread=None, is_retry=False)
