from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from monitoring_assets.config.model import ModelConfig
from monitoring_assets.config.schema import json_schema
from monitoring_assets_tests.config.files import GOOD

SCHEMA = json_schema()


def objects(name: str, schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield name, schema
    for key, below in schema.get("properties", {}).items():
        yield from objects(f"{name}.{key}", below)
    for key, below in schema.get("$defs", {}).items():
        yield from objects(key, below)


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    return SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]] | schema


KEYS = [
    (f"{name}.{key}", below)
    for name, schema in objects("file", SCHEMA)
    for key, below in schema.get("properties", {}).items()
]


@pytest.mark.parametrize(("name", "schema"), KEYS, ids=[name for name, _ in KEYS])
def test_every_key_is_described(name, schema):
    assert resolved(schema).get("description")


def test_every_key_of_a_model_is_in_the_schema():
    names = {f.alias or name for name, f in ModelConfig.model_fields.items()}
    assert set(SCHEMA["properties"]["attributes"]["properties"]) == names


def test_unknown_keys_are_refused_at_every_level():
    for name, schema in objects("file", SCHEMA):
        if "properties" in schema:
            assert schema["additionalProperties"] is False, name


def test_a_feature_may_be_written_as_its_type():
    features = SCHEMA["properties"]["attributes"]["properties"]["features"]
    short, long = features["additionalProperties"]["anyOf"]
    assert short["enum"] == ["numeric", "categorical"]
    assert long == {"$ref": "#/$defs/Feature"}


def test_a_reference_is_cut_with_the_words_of_the_yaml():
    version = SCHEMA["$defs"]["ReferenceVersion"]["properties"]
    assert {"from", "to"} <= set(version)


def test_a_duration_is_text_of_a_pattern():
    deadline = SCHEMA["$defs"]["CadenceSettings"]["properties"]["deadline"]
    assert (deadline["type"], deadline["default"]) == ("string", "6h")


def test_the_defaults_of_the_schema_are_a_right_file():
    defaults = {
        key: below["default"]
        for key, below in SCHEMA["properties"]["attributes"]["properties"].items()
        if "default" in below
    }
    needed = yaml.safe_load(GOOD)["attributes"]
    assert ModelConfig.model_validate(needed | defaults) == ModelConfig.model_validate(needed)
