"""Everything Dagster knows of one model: its assets, its jobs and the sensor that feeds it."""

import warnings

import dagster as dg

from monitoring_assets.application.monitor import REFERENCE
from monitoring_assets.config.model import LoadedModel
from monitoring_assets.defs.arrivals import arrivals_sensor
from monitoring_assets.defs.assets import model_assets, window_keys
from monitoring_assets.defs.evidently_report import report_asset


def windows_job_name(name: str) -> str:
    """Return the name of the job that monitors windows of a model."""
    return f"{name}_windows"


def reference_job_name(name: str) -> str:
    """Return the name of the job that reads a version of a model's reference."""
    return f"{name}_reference"


def model_definitions(model: LoadedModel) -> dg.Definitions:
    """Return the definitions of one model; the resource `workspace` comes from outside."""
    with warnings.catch_warnings():
        # They would fill the terminal of every process; pyproject pins Dagster's minor version.
        for category in (dg.BetaWarning, dg.PreviewWarning):
            warnings.simplefilter("ignore", category)
        return _model_definitions(model)


def _model_definitions(model: LoadedModel) -> dg.Definitions:
    name = model.config.name
    windows_job = dg.define_asset_job(
        windows_job_name(name),
        selection=dg.AssetSelection.assets(*window_keys(name)),
        description=f"Monitor one window, or a range of windows, of {name}.",
    )
    reference_job = dg.define_asset_job(
        reference_job_name(name),
        selection=dg.AssetSelection.assets(dg.AssetKey([name, REFERENCE])),
        description=f"Read a version of the reference of {name}.",
    )
    return dg.Definitions(
        assets=[*model_assets(model), report_asset(model)],
        jobs=[windows_job, reference_job],
        sensors=[arrivals_sensor(model, windows_job, reference_job)],
    )
