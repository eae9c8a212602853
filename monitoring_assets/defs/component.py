"""The Dagster component of one monitored model; its attributes are the model's YAML."""

from pathlib import Path
from typing import Self

import dagster as dg
from pydantic import BaseModel

from monitoring_assets.config.model import LoadedModel, ModelConfig
from monitoring_assets.defs.model import model_definitions


class MonitoredModel(dg.Component):
    """One monitored model: reference, prediction log, quality, drift, performance and alerts."""

    def __init__(self, model: LoadedModel) -> None:
        self.model = model

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """Return what may be written under `attributes:`."""
        return ModelConfig

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:
        """Return the component of a YAML file; relative paths start at the file's folder."""
        if not isinstance(attributes, ModelConfig):
            raise TypeError("a MonitoredModel needs `attributes`")
        return cls(LoadedModel(config=attributes, file=Path(context.path) / "defs.yaml"))

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:  # noqa: ARG002
        """Return the model's assets, its job and its sensor."""
        return model_definitions(self.model)
