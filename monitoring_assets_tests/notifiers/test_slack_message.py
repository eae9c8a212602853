import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring_assets.domain.decision import Notice
from monitoring_assets.notifiers.slack_message import digest, render

GOLDEN = Path(__file__).parent / "golden"
LINK = "http://127.0.0.1:3000/assets/churn/drift_report?view=partitions&partition=2026-01-02"


def notice(**changed):
    fields = {
        "model": "churn",
        "window_key": "2026-01-02",
        "severity": "page",
        "title": "churn: drift_report fails on 2026-01-02",
        "lines": ("amount: wasserstein 0.31 is above 0.1", "country: 4 % <!channel> & unseen"),
        "link": LINK,
    }
    return Notice(**fields | changed)


def as_json(message):
    return {
        "text": message.text,
        "blocks": [block.to_dict() for block in message.blocks],
        "metadata": message.metadata.to_dict(),
    }


def texts(message):
    for block in as_json(message)["blocks"]:
        yield from (e["text"] for e in block.get("elements", [block.get("text")]))


@pytest.mark.parametrize(
    ("name", "example"),
    [
        ("two_lines", notice()),
        ("huge", notice(lines=tuple(f"feature_{i}: " + "moved " * 200 for i in range(60)))),
    ],
)
def test_a_notice_looks_as_it_always_did(name, example):
    expected = json.loads((GOLDEN / f"{name}.json").read_text())
    assert as_json(render(example, "0b7f3f4e-delivery")) == expected


@given(
    title=st.text(max_size=500),
    lines=st.lists(st.text(alphabet="&<a b\n", max_size=1_500), max_size=60),
    link=st.text(max_size=3_000),
)
def test_no_message_exceeds_20_blocks_and_8000_characters(title, lines, link):
    message = render(notice(title=title, lines=tuple(lines), link=link), "id", may_be_repeat=True)
    assert len(message.blocks) <= 20
    assert len(message.text) + sum(map(len, texts(message))) <= 8_000
    assert all(texts(message))


@pytest.mark.parametrize("title", ["", " ", "\u200b"])
def test_a_notice_without_a_title_is_named_by_model_and_window(title):
    assert render(notice(title=title), "id").text == "churn 2026-01-02"


def test_lines_that_do_not_fit_are_counted():
    message = render(notice(lines=tuple(map(str, range(30)))), "id")
    assert "and 13 more" in texts(message)


def test_a_title_fits_into_a_header():
    message = render(notice(title="&" * 400), "id")
    assert len(as_json(message)["blocks"][0]["text"]["text"]) <= 150


def test_all_foreign_words_are_plain_text_without_emoji():
    blocks = as_json(render(notice(title=":bomb:"), "id"))["blocks"]
    for block in blocks:
        for text in block.get("elements", [block.get("text")]):
            assert text["type"] == "plain_text" or text["text"].startswith("<http")
            assert text.get("emoji") is not True


@pytest.mark.parametrize(
    "link", ["", "javascript:alert(1)", "ftp://x", "<!channel>", "http://" + "x" * 2_000]
)
def test_an_address_that_is_no_web_page_is_no_link(link):
    assert not any(text.startswith("<") for text in texts(render(notice(link=link), "id")))


@pytest.mark.parametrize("link", ["http://x/a|b>c", "http://x/<!channel>", "http://x/a b\n"])
def test_an_address_cannot_break_out_of_its_link(link):
    (shown,) = [t for t in texts(render(notice(link=link), "id")) if t.startswith("<")]
    assert (shown.count("<"), shown.count("|"), shown.count(">")) == (1, 1, 1)


def test_a_repeat_says_so():
    assert "may be a repeat" in texts(render(notice(), "id", may_be_repeat=True))


def test_the_digest_follows_the_text():
    assert digest(notice()) == digest(notice())
    assert digest(notice()) != digest(notice(title="other"))
