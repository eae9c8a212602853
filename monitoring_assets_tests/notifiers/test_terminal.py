import io

import pytest

from monitoring_assets.domain.errors import DeliveryError
from monitoring_assets.notifiers.terminal import TerminalNotifier
from monitoring_assets_tests.notifiers.test_slack_message import notice


def shown(example, previous=None):
    stream = io.StringIO()
    TerminalNotifier(stream).send(example, delivery_id="id", previous=previous, is_retry=False)
    return stream.getvalue()


def test_a_notice_is_readable():
    assert shown(notice(title="drift", lines=("one", "two"), link="http://x/y")) == (
        "[page] drift\n  - one\n  - two\n  http://x/y\n"
    )


def test_an_edit_says_so():
    assert shown(notice(title="drift"), previous="terminal").startswith("[page] drift (updated)\n")


def test_a_notice_cannot_move_the_cursor():
    text = shown(notice(title="a\x1b[2Jb\rc", lines=("d\x07\u202ee\nf",)))
    assert not set(text) & set("\x1b\r\x07\u202e")
    assert text.count("\n") == 3


def test_a_closed_stream_is_a_failed_delivery():
    stream = io.StringIO()
    stream.close()
    with pytest.raises(DeliveryError):
        TerminalNotifier(stream).send(notice(), delivery_id="i", previous=None, is_retry=False)
