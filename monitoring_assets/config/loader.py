"""Read model files and report every problem with its file and line.

A file is in the form of a Dagster component: `type: monitoring_assets.MonitoredModel` and
`attributes:`. Reading needs neither Dagster nor a database, so that `mlmon validate` is instant.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from monitoring_assets.config.model import LoadedModel, ModelConfig
from monitoring_assets.domain.errors import ConfigurationError


class _Loader(yaml.SafeLoader):
    """YAML with the booleans of YAML 1.2, where `no` is a word, and with dates as text.

    Text reaches the validation, which names the line; a date that does not exist would end here.
    """


_BOOLEAN, _TIMESTAMP = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag not in {_BOOLEAN, _TIMESTAMP}]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    _BOOLEAN, re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)

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
    """Return the model files of a folder: every `*.yaml` and `*.yml`, also in folders below it.

    Raises:
        ConfigurationError: If the folder does not exist.
    """
    if not folder.is_dir():
        raise ConfigurationError(
            f"{folder}: no such folder. Put one YAML file per model there (`mlmon init` writes "
            "one), or name another folder with MLMON_MODELS."
        )
    return sorted(p for p in folder.rglob("[!.]*") if p.suffix in {".yaml", ".yml"})


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
        node = yaml.compose(text, Loader=_Loader)
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        return [_not_yaml(file, error)]
    lines = _line_numbers(node)
    problems = _envelope_problems(file, document, lines) + _repeated_keys(file, node)
    if problems:
        return problems
    try:
        config = ModelConfig.model_validate(document["attributes"])
    except ValidationError as error:
        return _merged([_Finding.of(lines, e) for e in error.errors()], file)
    return LoadedModel(config=config, file=file.resolve())


def _not_yaml(file: Path, error: yaml.YAMLError) -> Problem:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Problem(file, 1, "", f"is not YAML: {error}")
    what = " ".join(filter(None, [error.context, error.problem]))
    return Problem(file, error.problem_mark.line + 1, "", f"is not YAML: {what}")


def _envelope_problems(
    file: Path, document: object, lines: Mapping[YamlPath, int]
) -> list[Problem]:
    if not isinstance(document, dict):
        return [Problem(file, 1, "", f"holds no model; begin with `type: {COMPONENT_TYPE}`")]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    """One finding of the validation: what is wrong at a place of the file.

    Attributes:
        found: The value that was found, empty where it is not worth showing.
    """

    line: int
    where: str
    message: str
    found: str = ""

    @classmethod
    def of(cls, lines: Mapping[YamlPath, int], error: Mapping[str, Any]) -> "_Finding":
        location, kind, value = error["loc"], error["type"], error.get("input")
        path = _path_in_file(lines, ("attributes",), location)
        if kind == "missing":
            where = ".".join(map(str, location))
            return cls(line=lines[path], where=where, message="is missing")
        if kind == "extra_forbidden":
            return cls(line=lines[path], where=_where(path), message=_unknown_key(location))
        message = error["msg"].removeprefix("Value error, ")
        named, separator, rest = message.partition(": ")
        deeper = _path_in_file(lines, path, named.split("."))
        if separator and _where(deeper).endswith(named):  # the message itself names the place
            path, message = deeper, rest
        for python, word in (("tuple", "list"), ("dictionary", "mapping")):
            message = re.sub(rf"\b{python}\b", word, message, flags=re.IGNORECASE)
        found = f" (found {value!r})" if isinstance(value, str | int | float) else ""
        is_told = not found or repr(value) in message
        return cls(
            line=lines[path],
            where=_where(path),
            message=message,
            found="" if is_told else found,
        )


def _merged(findings: Iterable[_Finding], file: Path) -> list[Problem]:
    """Return one problem per place; of a union pydantic reports what each branch would take."""
    places: dict[tuple[int, str], list[_Finding]] = {}
    for finding in findings:
        places.setdefault((finding.line, finding.where), []).append(finding)
    return [
        Problem(file, line, where, _alternatives(f.message for f in found) + found[0].found)
        for (line, where), found in places.items()
    ]


def _alternatives(messages: Iterable[str]) -> str:
    first, *others = dict.fromkeys(messages)
    return " or ".join([first, *(m.removeprefix("Input should be ") for m in others)])


def _path_in_file(
    lines: Mapping[YamlPath, int], start: YamlPath, location: Iterable[str | int]
) -> YamlPath:
    """Follow a location as far as the file goes; pydantic also names the branches of a union."""
    path = start
    for part in location:
        path = next((p for p in ((*path, part), (*path, str(part))) if p in lines), path)
    return path


def _where(path: YamlPath) -> str:
    return ".".join(map(str, path[1:]))


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


def _repeated_keys(file: Path, node: yaml.Node | None, path: YamlPath = ()) -> list[Problem]:
    """Return the keys that YAML would silently overwrite."""
    found: list[Problem] = []
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line, below = key.start_mark.line + 1, (*path, key.value)
            if key.value in seen:
                message = f"is given twice, first in line {seen[key.value]}"
                found.append(Problem(file, line, _where(below) or key.value, message))
            seen.setdefault(key.value, line)
            found += _repeated_keys(file, value, below)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            found += _repeated_keys(file, value, (*path, index))
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
