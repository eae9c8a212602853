"""Which engine profiles the windows of a model. The engines themselves are in `engines`."""

import re
from typing import Literal, Self

from pydantic import model_validator

from monitoring_assets.config.values import Settings

EngineName = Literal["local", "arrow", "duckdb", "spark", "ibis"]


class EngineSettings(Settings):
    """Where the profile of a window is computed; by default in the monitoring process."""

    name: EngineName = "local"
    """`local` copies and checks all rows; with the others features stay where they are: `arrow`
    streams Parquet files, `duckdb` and `spark` read files where they lie, `ibis` asks the database
    that holds the rows."""
    url_env: str | None = None
    """The name of the environment variable with the engine's URL, where it is not that of
    `predictions`: a database, a DuckDB file, a Spark master or a Spark Connect server."""
    table: str | None = None
    """The table or view, where it is not that of `predictions`."""

    command: tuple[str, ...] = ()
    """What runs `profile MODEL WINDOW` as a job of its own, through Dagster Pipes: `[mlmon]`, or
    `[spark-submit, …/monitoring_assets/cli/main.py]`; without it the asset does so itself."""

    @property
    def is_in_place(self) -> bool:
        """Return whether features stay where they are."""
        return self.name != "local"

    @model_validator(mode="after")
    def _fits_name(self) -> Self:
        if self.name in {"local", "arrow"} and (self.url_env or self.table):
            raise ValueError(
                f"the engine {self.name} reads `predictions`: remove `url_env` and `table`"
            )
        if self.url_env is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", self.url_env):
            raise ValueError(
                "`url_env` is the name of an environment variable, such as WAREHOUSE_URL; "
                "a URL does not belong into this file"
            )
        return self
