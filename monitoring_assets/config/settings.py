"""The rules that all parts of the configuration share."""

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """The rules that all parts of the configuration share: frozen, and no unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )
