import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring_assets.domain.message import Act, Link
from monitoring_assets.notifiers.slack_message import render
from monitoring_assets_tests.notifiers.situations import ID, PAGE, in_slack
from monitoring_assets_tests.providers.slack import _is_valid, texts

WORDS = st.text(alphabet="&<a b\n|", max_size=1_500)


def blocks(message, **settings):
    return [block.to_dict() for block in render(message, ID, **settings).blocks]


def all_texts(message, **settings):
    return [text for block in blocks(message, **settings) for text in texts(block)]


@given(
    title=WORDS,
    summary=WORDS,
    facts=st.lists(st.tuples(WORDS, WORDS), max_size=30),
    hides=st.lists(WORDS, max_size=30),
    next_step=WORDS,
    links=st.lists(
        st.builds(Link, label=WORDS, url=st.text(max_size=600).map("http://x/".__add__)),
        max_size=9,
    ),
    act=st.sampled_from(Act),
)
def test_no_message_exceeds_slacks_limits_nor_20_blocks_and_8000_characters(**parts):
    parts |= {name: tuple(parts[name]) for name in ("facts", "hides", "links")}
    message = render(replace(PAGE, **parts), ID, may_be_repeat=True, has_buttons=True)
    shown = [block.to_dict() for block in message.blocks]
    characters = [text for block in shown for text in texts(block)]
    assert len(shown) <= 20
    assert len(message.text) + sum(map(len, characters)) <= 8_000
    assert all(map(_is_valid, shown))


@pytest.mark.parametrize("title", ["", " ", "\u200b"])
def test_a_message_without_a_title_says_what_it_does(title):
    assert render(replace(PAGE, title=title, summary=""), ID).text == "🔴 open"


def test_facts_that_do_not_fit_are_counted():
    facts = tuple((f"fact {i}", "x") for i in range(30))
    assert "and 21 more" in all_texts(replace(PAGE, facts=facts))


def test_a_title_fits_into_a_header():
    header = blocks(replace(PAGE, title="&" * 400))[0]
    assert len(header["text"]["text"]) <= 150


def test_all_foreign_words_are_plain_text_without_emoji():
    shown = json.loads(in_slack(replace(PAGE, title=":bomb:", links=())))["blocks"]
    assert '"mrkdwn"' not in json.dumps(shown)
    assert '"emoji": true' not in json.dumps(shown)


@pytest.mark.parametrize(
    "url", ["", "javascript:alert(1)", "ftp://x", "<!channel>", "http://" + "x" * 2_000]
)
def test_an_address_that_is_no_web_page_is_no_link(url):
    message = replace(PAGE, links=(Link(label="x", url=url),))
    assert not any(text.startswith("<") for text in all_texts(message))


@pytest.mark.parametrize("url", ["http://x/a|b>c", "http://x/<!channel>", "http://x/a b\n"])
@pytest.mark.parametrize("label", ["Dagster", "a|b", "<!here>"])
def test_neither_address_nor_label_can_break_out_of_a_link(url, label):
    message = replace(PAGE, links=(Link(label=label, url=url),))
    (shown,) = [text for text in all_texts(message) if text.startswith("<")]
    assert (shown.count("<"), shown.count("|"), shown.count(">")) == (1, 1, 1)


def test_a_repeat_says_so():
    assert "may be a repeat" in all_texts(PAGE, may_be_repeat=True)


@pytest.mark.parametrize(("act", "has"), [(Act.OPEN, True), (Act.EDIT, True), (Act.REPLY, False)])
def test_only_the_root_has_buttons(act, has):
    shown = blocks(replace(PAGE, act=act), has_buttons=True)
    assert any(block["type"] == "actions" for block in shown) is has


def test_without_a_listener_there_are_no_buttons():
    assert not any(block["type"] == "actions" for block in blocks(PAGE))


def test_a_button_knows_its_group():
    (actions,) = [b for b in blocks(PAGE, has_buttons=True) if b["type"] == "actions"]
    assert {button["value"] for button in actions["elements"]} == {PAGE.group}


def test_the_metadata_holds_only_the_delivery_id():
    assert render(PAGE, ID).metadata.to_dict()["event_payload"] == {"delivery_id": ID}
