"""The JSON Schema of a model file."""

from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from monitoring_assets.config.loader import COMPONENT_TYPE
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.config.values import print_duration


class _Schema(GenerateJsonSchema):
    """Writes durations as they stand in the YAML: 6h, and not PT6H."""

    def encode_default(self, dft: Any) -> Any:
        return print_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def json_schema() -> dict[str, Any]:
    """Return the schema of a whole file: the envelope and what stands under `attributes`."""
    attributes = ModelConfig.model_json_schema(by_alias=True, schema_generator=_Schema)
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
