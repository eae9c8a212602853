"""`mlmon schema`: what editors complete and check model files with."""

import json
from pathlib import Path

DOCUMENTED = Path(__file__).parents[2] / "docs" / "model.schema.json"


def test_the_documented_schema_is_the_one_in_force(mlmon):
    assert mlmon("schema").out == DOCUMENTED.read_text(encoding="utf-8")


def test_every_setting_is_explained(mlmon):
    schema = json.loads(mlmon("schema").out)
    silent = [
        f"{name}.{key}"
        for name, settings in {"": schema, **schema["$defs"]}.items()
        for key, value in settings.get("properties", {}).items()
        if "description" not in value and "$ref" not in value
    ]
    assert silent == []
