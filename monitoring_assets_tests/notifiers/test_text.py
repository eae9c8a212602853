import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring_assets.notifiers.text import printable, safe_text

ANY = st.text(alphabet=st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("<!channel>", "&lt;!channel&gt;"),
        ("<@U012345>", "&lt;@U012345&gt;"),
        ("<https://evil.example|click>", "&lt;https[:]//evil.example|click&gt;"),
        ("a & b", "a &amp; b"),
        ("already &lt;escaped&gt;", "already &amp;lt;escaped&amp;gt;"),
        ("two\nlines\r\nthree", "two lines three"),
        ("bell\x07 escape\x1b[31m null\x00", "bell escape [31m null"),
        ("right\u202eto\u2066left\u200f", "right to left"),
        ("zero\u200bwidth\ufeff", "zero width"),
        ("line\u2028separator", "line separator"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("  many    spaces ", "many spaces"),
        ("größe 中文 ✓", "größe 中文 ✓"),
        ("www.evil.example", "www[.]evil.example"),
        ("", ""),
    ],
)
def test_foreign_text_becomes_safe(text, expected):
    assert safe_text(text) == expected


@given(ANY, st.integers(20, 200))
def test_no_text_is_longer_than_its_limit(text, limit):
    assert len(safe_text(text, limit)) <= limit


@given(ANY)
def test_no_text_keeps_markup_or_unseen_characters(text):
    safe = safe_text(text, 1_000)
    assert "<" not in safe
    assert ">" not in safe
    assert not {unicodedata.category(c) for c in safe} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(ANY)
def test_every_ampersand_begins_an_entity(text):
    left = safe_text(text, 1_000)
    for entity in ("&amp;", "&lt;", "&gt;"):
        left = left.replace(entity, "")
    assert "&" not in left


def test_two_long_names_stay_apart():
    assert safe_text("x" * 100 + "a") != safe_text("x" * 100 + "b")


def test_an_entity_is_never_cut_in_half():
    assert safe_text("&" * 100, 20).startswith("&amp;&amp;…#")


@given(ANY)
def test_printable_text_is_one_line(text):
    assert len(printable(text).splitlines()) <= 1
