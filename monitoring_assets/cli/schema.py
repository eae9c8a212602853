"""`mlmon schema`: the JSON Schema of a model's YAML, for completion in an editor."""

import argparse
import json
from collections.abc import Mapping

from monitoring_assets.config.schema import json_schema


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        "example:\n  mlmon schema > models/schema.json\n\nand as the first line of a model file:\n"
        "  # yaml-language-server: $schema=schema.json"
    )


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:  # noqa: ARG001
    """Print the schema."""
    print(json.dumps(json_schema(), indent=2))
    return 0
