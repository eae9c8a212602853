"""Make foreign text safe to show: names of models, features and categories come from user data."""

import unicodedata
from hashlib import sha256

# Control, format (bidirectional overrides, zero width) and surrogate characters; a line or
# paragraph separator would start a line that looks like one of ours.
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
# Mail programs and chats make links of these by themselves.
_LINKED = {"://": "[:]//", "www.": "www[.]", "mailto:": "mailto[:]"}
_TAIL = 8


def printable(text: str) -> str:
    r"""Return a text in one line, without characters that act instead of being seen.

    >>> printable("a\x1b[31m\n b\u202ec")
    'a [31m b c'
    """
    seen = (" " if unicodedata.category(c) in _UNSEEN else c for c in text)
    return " ".join("".join(seen).split())


def unlinked(text: str) -> str:
    """Return a printable text of which no program makes a link.

    >>> unlinked("see https://evil.example")
    'see https[:]//evil.example'
    """
    text = printable(text)
    for link, shown in _LINKED.items():
        text = text.replace(link, shown)
    return text


def cut(text: str, limit: int) -> str:
    """Return an unlinked text of at most `limit` characters.

    What is cut off is represented by a hash, so that two long names stay apart.

    >>> cut("a" * 100, 20)
    'aaaaaaaaaaaa…#281659'
    """
    plain = unlinked(text)
    return plain if len(plain) <= limit else f"{plain[: limit - _TAIL]}{_hash(text)}"


def safe_text(text: str, limit: int = 64) -> str:
    """Return a text for Slack: unlinked, escaped, at most `limit` characters after escaping.

    >>> safe_text("<!channel> & co")
    '&lt;!channel&gt; &amp; co'
    """
    plain = unlinked(text)
    if len(plain) <= limit and len(_escaped(plain)) <= limit:
        return _escaped(plain)
    kept = plain[: limit - _TAIL]
    while len(_escaped(kept)) > limit - _TAIL:
        kept = kept[:-1]
    return f"{_escaped(kept)}{_hash(text)}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _hash(text: str) -> str:
    return f"…#{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[: _TAIL - 2]}"
