"""The JSON Schema of a model file."""

from typing import Any

from monitoring_assets.config.loader import COMPONENT_TYPE
from monitoring_assets.config.model import ModelConfig


def json_schema() -> dict[str, Any]:
    """Return the schema of a whole file: the envelope and what stands under `attributes`."""
    attributes = ModelConfig.model_json_schema(by_alias=True)
    definitions = attributes.pop("$defs", {})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A monitored model",
        "type": "object",
        "additionalProperties": False,
        "required": ["type", "attributes"],
        "properties": {
            "type": {"const": COMPONENT_TYPE, "description": "What the file declares."},
            "attributes": attributes,
        },
        "$defs": definitions,
    }
