"""What Postgres cannot hold is replaced before it is written: categories come from user data."""

from hashlib import sha256

# A B-tree entry may take 2,704 bytes; model, asset and metric are short, three parts are not.
KEY_BYTES = 600


def storable(text: str) -> str:
    r"""Return a text without NUL and lone surrogates, which Postgres refuses.

    >>> storable("a\x00b")
    'a\ufffdb'
    """
    if text.isascii() and "\0" not in text:  # nearly all are: 2 ms less for a window's rows
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def storable_key(text: str) -> str:
    """Return a text that fits into an index; a longer one is cut and ends in its hash.

    >>> len(storable_key("é" * 5000).encode()) <= KEY_BYTES
    True
    """
    text = storable(text)
    encoded = text.encode()
    if len(encoded) <= KEY_BYTES:
        return text
    return (
        f"{encoded[: KEY_BYTES - 20].decode(errors='ignore')}…{sha256(encoded).hexdigest()[:12]}"
    )
