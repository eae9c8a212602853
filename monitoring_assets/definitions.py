"""The composition root of the Dagster code location: every model of the models' folder.

`workspace.yaml` points here.
"""

import os
from collections.abc import Mapping

import dagster as dg

from monitoring_assets.composition import Workspace
from monitoring_assets.defs.delivery import deliver_alerts, failed_runs
from monitoring_assets.defs.model import model_definitions


def build_definitions(environ: Mapping[str, str]) -> dg.Definitions:
    """Return the definitions of all models.

    Raises:
        ConfigurationError: With every problem of every model file.
    """
    workspace = Workspace(environ)
    automation = dg.AutomationConditionSensorDefinition(
        "follow_inputs",
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=60,
        description="Requests derived assets whose inputs changed by other ways than a sensor.",
    )
    shared = dg.Definitions(
        sensors=[deliver_alerts, failed_runs, automation],
        resources={"workspace": workspace},
        executor=dg.in_process_executor,  # a second process costs 4 CPU seconds of imports a step
    )
    return dg.Definitions.merge(shared, *map(model_definitions, workspace.models.values()))


@dg.definitions
def defs() -> dg.Definitions:
    """Return what Dagster loads."""
    return build_definitions(os.environ)
