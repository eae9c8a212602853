import pytest

from monitoring_assets_tests.notifiers.situations import GOLDEN, pictures

PICTURES = list(pictures())


@pytest.mark.parametrize(
    ("file", "text"), [p[2:] for p in PICTURES], ids=[f"{p[0]}-{p[1]}" for p in PICTURES]
)
def test_a_message_looks_as_it_always_did(file, text):
    assert text == file.read_text(encoding="utf-8")


def test_there_is_no_picture_of_a_situation_that_is_gone():
    files = {file for _channel, _situation, file, _text in PICTURES}
    assert set(GOLDEN.rglob("*.*")) == files
