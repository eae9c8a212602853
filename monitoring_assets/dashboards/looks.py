"""How numbers look in every dashboard: units, limits, colours and words.

A colour never stands alone: what is coloured has a word or a sign as well.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

GREEN, ORANGE, RED, DARK_RED = "green", "orange", "red", "dark-red"
BLUE, PURPLE, GREY = "blue", "purple", "#808080"

# By the numbers of the views: `level`, whose largest is the worst.
_LEVELS = (
    ("ok", "·", GREEN),
    ("unjudged", "?", GREY),
    ("warn", "▲", ORANGE),
    ("bad", "✖", RED),
    ("error", "‼", DARK_RED),
)
SIGNS = "  ".join(f"{sign} {word}" for word, sign, _ in _LEVELS)
STATUS_COLORS = {word: color for word, _, color in _LEVELS}
SEVERITY_COLORS = {"page": RED, "ticket": ORANGE, "info": BLUE}
COUNT, SHARE, SECONDS, BYTES = "short", "percentunit", "s", "bytes"


def steps(*limits: tuple[float, str], first: str = GREEN) -> Json:
    """Return thresholds: the first colour, and others from a value on."""
    below = {"color": first, "value": None}
    return {
        "mode": "absolute",
        "steps": [below, *({"color": color, "value": value} for value, color in limits)],
    }


def words(options: Mapping[str, tuple[str, str]]) -> list[Json]:
    """Return a mapping of values to a text and a colour."""
    return [
        {
            "type": "value",
            "options": {
                value: {"text": text, "color": color, "index": index}
                for index, (value, (text, color)) in enumerate(options.items())
            },
        }
    ]


def level_words() -> list[Json]:
    """Return the words for levels, with a sign."""
    known = {str(n): (f"{sign} {word}", color) for n, (word, sign, color) in enumerate(_LEVELS)}
    return [*words(known), _nothing("–")]


def level_signs() -> list[Json]:
    """Return the signs for levels, for cells that are too small for words."""
    return words({str(n): (sign, color) for n, (_, sign, color) in enumerate(_LEVELS)})


def level_steps() -> Json:
    """Return the colours of levels."""
    return steps(*((n, color) for n, (_, _, color) in enumerate(_LEVELS) if n))


def _nothing(text: str) -> Json:
    result = {"text": text, "color": GREY, "index": len(_LEVELS)}
    return {"type": "special", "options": {"match": "null", "result": result}}


def field(
    unit: str = COUNT,
    *,
    decimals: int | None = None,
    low: float | None = None,
    high: float | None = None,
    limits: Json | None = None,
    texts: list[Json] | None = None,
    color: str = "thresholds",
    nothing: str = "",
    links: Iterable[Json] = (),
    custom: Json | None = None,
) -> Json:
    """Return the defaults of a panel's fields.

    Args:
        unit: Grafana's name of the unit.
        decimals: Places after the point, Grafana's choice where None.
        low: The smallest value of the axis or gauge.
        high: The largest one.
        limits: Thresholds, from `steps`.
        texts: Value mappings, from `words`.
        color: Grafana's colour mode: `thresholds`, `palette-classic`, …
        nothing: What is shown where there is no value.
        links: Data links, from `link`.
        custom: What only this type of panel knows.
    """
    optional = {"decimals": decimals, "min": low, "max": high, "noValue": nothing or None}
    return {
        "unit": unit,
        "color": {"mode": color},
        "thresholds": limits or steps(),
        "mappings": texts or [],
        "links": list(links),
        "custom": custom or {},
        **{key: value for key, value in optional.items() if value is not None},
    }


def link(title: str, url: str, *, new_tab: bool = False) -> Json:
    """Return a data link."""
    return {"title": title, "url": url, "targetBlank": new_tab}


def text_stays_text() -> Json:
    """Return what keeps Grafana from making `12.3 Mil` of the id 12345678, and 5 % of `0.05`."""
    return _override("byType", "string", {"unit": "string"})


def column(name: str, **properties: Any) -> Json:
    """Return what is different about one column or line.

    Args:
        name: Its name in the query.
        properties: Grafana's ids, with `__` for a point: `custom__width=80`.
    """
    return _override("byName", name, properties)


def columns_like(pattern: str, **properties: Any) -> Json:
    """Return what is different about all columns or lines that match a regular expression."""
    return _override("byRegexp", f"/{pattern}/", properties)


def colored(options: Mapping[str, tuple[str, str]]) -> Json:
    """Return the properties of a column whose cells are coloured by their text."""
    return {"mappings": words(options), "custom__displayMode": "color-background-solid"}


def level_column(name: str, title: str, links: Iterable[Json] = ()) -> Json:
    """Return a column of levels: coloured words."""
    return column(
        name,
        displayName=title,
        mappings=level_words(),
        thresholds=level_steps(),
        custom__displayMode="color-background-solid",
        custom__width=105,
        links=list(links),
    )


def severity_column(name: str = "severity") -> Json:
    """Return a column of severities."""
    signs = {"page": "✖ page", "ticket": "▲ ticket", "info": "· info"}
    texts = {key: (sign, SEVERITY_COLORS[key]) for key, sign in signs.items()}
    return column(name, displayName="Severity", custom__width=95, **colored(texts))


def text(name: str, title: str, *, width: int = 0, links: Iterable[Json] = ()) -> Json:
    """Return a column of text."""
    size = {"custom__width": width} if width else {}
    return column(name, displayName=title, links=list(links), **size)


def hidden_columns(*names: str) -> Json:
    """Return columns that only links need."""
    return columns_like(f"^({'|'.join(names)})$", custom__hidden=True)


def painted(colors: Mapping[str, str]) -> list[Json]:
    """Return lines or bars with fixed colours."""
    return [
        column(name, color={"mode": "fixed", "fixedColor": color})
        for name, color in colors.items()
    ]


def _override(matcher: str, options: str, properties: Mapping[str, Any]) -> Json:
    return {
        "matcher": {"id": matcher, "options": options},
        "properties": [
            {"id": name.replace("__", "."), "value": value} for name, value in properties.items()
        ],
    }
