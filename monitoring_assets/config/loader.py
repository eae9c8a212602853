"""Read model files and report every problem with its file and line.

A file is in the form of a Dagster component: `type: monitoring_assets.MonitoredModel` and
`attributes:`. Reading needs neither Dagster nor a database, so that `mlmon validate` is instant.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from monitoring_assets.config.model import LoadedModel, ModelConfig
from monitoring_assets.domain.errors import ConfigurationError

COMPONENT_TYPE = "monitoring_assets.MonitoredModel"
_ENVELOPE = {"type", "attributes"}

YamlPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a model file."""

    file: Path
    line: int
    where: str
    message: str

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        return f"{self.file}:{self.line}: {where}{self.message}"


def model_files(folder: Path) -> list[Path]:
    """Return the model files of a folder: every `*.yaml`, also in folders below it.

    Raises:
        ConfigurationError: If the folder does not exist.
    """
    if not folder.is_dir():
        raise ConfigurationError(
            f"{folder}: no such folder. Put one YAML file per model there (`mlmon init` writes "
            "one), or name another folder with --models or MLMON_MODELS."
        )
    return sorted(p for p in folder.rglob("*.yaml") if not p.name.startswith("."))


def load_models(files: Iterable[Path]) -> tuple[LoadedModel, ...]:
    """Read model files, all of them before anything is reported.

    Raises:
        ConfigurationError: With every problem of every file, one per line.
    """
    models: list[LoadedModel] = []
    problems: list[Problem] = []
    for file in files:
        loaded = read_model(file)
        if isinstance(loaded, LoadedModel):
            models.append(loaded)
        else:
            problems.extend(loaded)
    problems.extend(_name_clashes(models))
    if problems:
        raise ConfigurationError("\n".join(map(str, problems)))
    return tuple(models)


def read_model(file: Path) -> LoadedModel | list[Problem]:
    """Read one model file; return what is wrong with it if it cannot be used."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return [Problem(file, 1, "", f"cannot be read as text: {error}")]
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        return [Problem(file, line, "", f"is not YAML: {getattr(error, 'problem', error)}")]
    lines = _line_numbers(node)
    problems = _envelope_problems(file, document, lines) + _repeated_keys(file, node)
    if problems:
        return problems
    try:
        config = ModelConfig.model_validate(document["attributes"])
    except ValidationError as error:
        return [
            _problem(file, lines, e["loc"], e["msg"], e["type"], e.get("input"))
            for e in error.errors()
        ]
    return LoadedModel(config=config, file=file.resolve())


def _envelope_problems(
    file: Path, document: object, lines: Mapping[YamlPath, int]
) -> list[Problem]:
    if not isinstance(document, dict):
        return [Problem(file, 1, "", f"is empty; begin with `type: {COMPONENT_TYPE}`")]
    found = [
        Problem(file, lines.get((key,), 1), str(key), "unknown key; use `type` and `attributes`")
        for key in document
        if key not in _ENVELOPE
    ]
    if document.get("type") != COMPONENT_TYPE:
        found.append(Problem(file, lines.get(("type",), 1), "type", f"write {COMPONENT_TYPE}"))
    if not isinstance(document.get("attributes"), dict):
        line = lines.get(("attributes",), 1)
        found.append(Problem(file, line, "attributes", "must hold the model's settings"))
    return found


def _problem(
    file: Path,
    lines: Mapping[YamlPath, int],
    location: YamlPath,
    message: str,
    error_type: str,
    value: Any,
) -> Problem:
    path = ("attributes", *location)
    # pydantic also names the branches of a union; the deepest part that is in the file wins.
    while path and path not in lines:
        path = path[:-1]
    where = ".".join(map(str, path[1:]))
    message = message.removeprefix("Value error, ")
    if error_type == "extra_forbidden":
        message = _unknown_key(location)
    elif error_type == "missing":
        where = ".".join(map(str, location))
        message = "is missing"
    elif isinstance(value, str | int | float):
        message = f"{message} (found {value!r})"
    return Problem(file, lines.get(path, 1), where, message)


def _unknown_key(location: YamlPath) -> str:
    fields = _fields_at(location[:-1])
    close = get_close_matches(str(location[-1]), fields, n=1)
    hint = f"did you mean `{close[0]}`?" if close else f"known keys: {', '.join(sorted(fields))}"
    return f"unknown key; {hint}"


def _fields_at(location: YamlPath) -> list[str]:
    """Return the keys that may stand at a place of the configuration."""
    model: type[BaseModel] = ModelConfig
    for part in location:
        field = model.model_fields.get(str(part))
        if field is None:
            continue  # the key of a mapping: a feature's or a version's name
        model = next(iter(_models_in(field.annotation)), model)
    return [f.alias or name for name, f in model.model_fields.items()]


def _models_in(annotation: Any) -> Iterable[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models_in(inner)


def _line_numbers(node: yaml.Node | None, path: YamlPath = ()) -> dict[YamlPath, int]:
    if node is None:
        return {}
    lines: dict[YamlPath, int] = {path: node.start_mark.line + 1} if not path else {}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            lines[*path, key.value] = key.start_mark.line + 1
            lines |= _line_numbers(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines[*path, index] = value.start_mark.line + 1
            lines |= _line_numbers(value, (*path, index))
    return lines


def _repeated_keys(file: Path, node: yaml.Node | None) -> list[Problem]:
    """Return the keys that YAML would silently overwrite."""
    found: list[Problem] = []
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                message = f"is given twice, first in line {seen[key.value]}"
                found.append(Problem(file, line, str(key.value), message))
            seen.setdefault(key.value, line)
            found += _repeated_keys(file, value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            found += _repeated_keys(file, value)
    return found


def _name_clashes(models: Iterable[LoadedModel]) -> list[Problem]:
    seen: dict[str, Path] = {}
    found = []
    for model in models:
        name = model.config.name
        if name in seen:
            message = f"{name!r} is also the name of {seen[name]}; names must differ"
            found.append(Problem(model.file, 1, "name", message))
        seen.setdefault(name, model.file)
    return found
