"""What all parts of the configuration share: the rules of a section, durations and shares."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def parse_duration(text: object) -> timedelta:
    """Return the length of time of `30m`, `6h` or `14d`.

    >>> parse_duration("14d").days
    14
    """
    if isinstance(text, timedelta):
        return text
    found = re.fullmatch(r"\s*(\d+)\s*([mhd])\s*", str(text))
    if found is None:
        raise ValueError(f"{text!r} is no duration; write a whole number and m, h or d: 6h, 14d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def print_duration(value: timedelta) -> str:
    """Return a length of time as it is written in the YAML.

    >>> print_duration(timedelta(days=14)), print_duration(timedelta(hours=6))
    ('14d', '6h')
    """
    minutes = int(value.total_seconds() // 60)
    for unit, length in (("d", 24 * 60), ("h", 60)):
        if minutes and minutes % length == 0:
            return f"{minutes // length}{unit}"
    return f"{minutes}m"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(print_duration),
    WithJsonSchema({"type": "string", "pattern": r"^\s*\d+\s*[mhd]\s*$", "examples": ["6h"]}),
]
Share = Annotated[float, Field(ge=0, le=1)]


class Settings(BaseModel):
    """The rules that all parts of the configuration share: frozen, and no unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )
