"""Make foreign text safe to show: names of models, features and categories come from user data."""

import unicodedata
from hashlib import sha256

# Control, format (bidirectional overrides, zero width) and surrogate characters; a line or
# paragraph separator would start a line that looks like one of ours.
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_TAIL = 8


def printable(text: str) -> str:
    r"""Return a text in one line, without characters that act instead of being seen.

    >>> printable("a\x1b[31m\n b\u202ec")
    'a [31m b c'
    """
    seen = (" " if unicodedata.category(c) in _UNSEEN else c for c in text)
    return " ".join("".join(seen).split())


def safe_text(text: str, limit: int = 64) -> str:
    """Return a text for Slack: printable, escaped, at most `limit` characters after escaping.

    What is cut off is represented by a hash, so that two long names stay apart.

    >>> safe_text("<!channel> & co")
    '&lt;!channel&gt; &amp; co'
    >>> safe_text("a" * 100, 20)
    'aaaaaaaaaaaa…#281659'
    """
    plain = printable(text)
    if len(plain) <= limit and len(_escaped(plain)) <= limit:
        return _escaped(plain)
    kept = plain[: limit - _TAIL]
    while len(_escaped(kept)) > limit - _TAIL:
        kept = kept[:-1]
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{_escaped(kept)}…#{digest[: _TAIL - 2]}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
