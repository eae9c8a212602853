"""Write the tables of `docs/model-yaml.md` from the JSON Schema of a model's file.

    python scripts/write_model_reference.py

Only what stands between the two markers is replaced; the text around it is written by hand.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from monitoring_assets.config.model import ModelConfig
from monitoring_assets.config.schema import json_schema

PAGE = Path(__file__).parents[1] / "docs" / "model-yaml.md"
BEGIN, END = "<!-- generated: begin -->", "<!-- generated: end -->"
_ISO_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")


def page_with_tables(page: str) -> str:
    """Return the page with new tables between its markers."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{tables()}\n{END}{after}"


def tables() -> str:
    """Return one table for the top level and one for every group of keys below it."""
    schema = json_schema()
    attributes = schema["properties"]["attributes"]
    return "\n".join(_sections("", attributes, schema["$defs"]))


def keys() -> list[str]:
    """Return the dotted path of every key."""
    return re.findall(r"^\| `([^`]+)` \|", tables(), re.MULTILINE)


def _sections(path: str, part: dict[str, Any], known: dict[str, Any]) -> Iterator[str]:
    title = path.rstrip(".") or "attributes"
    if "const" in (form := part["properties"].get("type", {})):
        title = f"{title}: {form['const']}"
    yield f"### `{title}`\n\n{_one_line(part.get('description', ''))}\n"
    yield "| key | type | default | meaning |\n|---|---|---|---|"
    required, inner = part.get("required", ()), []
    for name, field in part["properties"].items():
        below, infix = _below(field, known)
        inner += [(f"{path}{name}.{infix}", one) for one in below]
        default = "required" if name in required else _default(field)
        kind = _kind(field, known)
        described = below[0].get("description", "") if below else ""
        meaning = _one_line(field.get("description") or described)
        yield f"| `{path}{name}` | {_cell(kind)} | {default} | {_cell(meaning)} |"
    yield ""
    for inner_path, one in inner:
        yield from _sections(inner_path, one, known)


def _below(field: dict[str, Any], known: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """Return the keys that stand below a key in each of its forms, and the name between them."""
    if "additionalProperties" in field:
        return _below(field["additionalProperties"], known)[0], "<name>."
    if "items" in field:
        return _below(field["items"], known)
    options = field.get("oneOf") or field.get("anyOf") or [field]
    found = [known.get(o.get("$ref", "").rpartition("/")[2], {}) for o in options]
    return [part for part in found if "properties" in part], ""


def _kind(field: dict[str, Any], known: dict[str, Any]) -> str:
    parts = field.get("oneOf") or field.get("anyOf") or [field]
    options = [o for o in parts if o.get("type") != "null"]
    return " or ".join(dict.fromkeys(_simple_kind(option, known) for option in options))


def _simple_kind(field: dict[str, Any], known: dict[str, Any]) -> str:
    if "$ref" in field:
        found = known[field["$ref"].rpartition("/")[2]]
        return "mapping" if "properties" in found else _simple_kind(found, known)
    if "anyOf" in field:
        return _kind(field, known)
    if "enum" in field or "const" in field:
        return ", ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    if field.get("pattern", "").endswith(r"[mhd]\s*$"):
        return "duration"
    if field["type"] == "array":
        return f"list of {_kind(field['items'], known)}"
    if field["type"] == "object":
        return "mapping"
    kind = {"date": "date", "date-time": "time"}.get(field.get("format", ""), field["type"])
    return f"{kind}{_range(field)}"


def _range(field: dict[str, Any]) -> str:
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = [f"{sign} {field[name]:g}" for name, sign in signs.items() if name in field]
    return f" {', '.join(limits)}" if limits else ""


def _default(field: dict[str, Any]) -> str:
    default = field.get("default")
    if isinstance(default, dict):
        return "see below"
    if default in (None, "", [], ()):
        return "–"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{_short_duration(str(default))}`"


def _short_duration(text: str) -> str:
    """Return `14d` for `P14D` or `336h`, other texts as they are."""
    if found := _ISO_DURATION.fullmatch(text):
        days, hours, minutes = (int(n or 0) for n in found.groups())
        hours += days * 24
        text = f"{hours * 60 + minutes}m" if minutes else f"{hours}h"
    hour = re.fullmatch(r"(\d+)h", text)
    return f"{int(hour[1]) // 24}d" if hour and int(hour[1]) % 24 == 0 else text


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page_with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"{PAGE.name}: {len(keys())} keys of {ModelConfig.__name__}")
