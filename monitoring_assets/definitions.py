"""The composition root of the Dagster code location: every model of the models' folder.

`workspace.yaml` points here. A project that loads `MonitoredModel` components by itself merges
`shared_definitions` with them.
"""

import os
from collections.abc import Mapping

import dagster as dg

from monitoring_assets.composition import Workspace
from monitoring_assets.defs.delivery import deliver_alerts, failed_runs
from monitoring_assets.defs.model import model_definitions
from monitoring_assets.defs.tending import tend_alerts


def build_definitions(environ: Mapping[str, str]) -> dg.Definitions:
    """Return the definitions of all models.

    Raises:
        ConfigurationError: With every problem of every model file.
    """
    workspace = Workspace(environ)
    models = map(model_definitions, workspace.models.values())
    return dg.Definitions.merge(shared_definitions(workspace), *models)


def shared_definitions(workspace: Workspace) -> dg.Definitions:
    """Return what models share: alerts, automation, and the resource that their assets need."""
    automation = dg.AutomationConditionSensorDefinition(
        "follow_inputs",
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=60,
        description="Requests derived assets whose inputs changed by other ways than a sensor.",
    )
    return dg.Definitions(
        sensors=[deliver_alerts, failed_runs, tend_alerts, automation],
        resources={"workspace": workspace},
        executor=dg.in_process_executor,  # a second process costs 4 CPU seconds of imports a step
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Return what Dagster loads."""
    return build_definitions(os.environ)
