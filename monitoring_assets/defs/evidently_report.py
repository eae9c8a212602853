"""The Evidently report of one window, made when somebody asks for it and never by itself."""

from typing import Any

import dagster as dg

from monitoring_assets.application.monitor import LOG
from monitoring_assets.composition import Workspace
from monitoring_assets.config.model import LoadedModel
from monitoring_assets.defs.partitions import active_reference, window_partitions
from monitoring_assets.reports.evidently import write_report

REPORT = "evidently_report"
# A group of their own: "materialize all" of a model must not make a report of every window.
GROUP = "evidently_reports"


def report_asset(model: LoadedModel) -> dg.AssetsDefinition:
    """Return the report asset of a model."""
    config = model.config

    @dg.asset(
        key=[config.name, REPORT],
        deps=[dg.AssetKey([config.name, LOG]), active_reference(config)],
        partitions_def=window_partitions(config),
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=1),
        group_name=GROUP,
        owners=[config.owner],
        kinds={"evidently", "html"},
        description=(
            "Evidently's HTML report of one window against the reference, from at most 20,000 "
            "rows of each. Materialize the partition that you want to look at."
        ),
    )
    def evidently_report(
        context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
    ) -> dg.MaterializeResult[Any]:
        window = config.cadence.windows.window(context.partition_key)
        address = write_report(workspace.monitor(model), window)
        link = workspace.settings.report_link(config.name, window.key)
        return dg.MaterializeResult(
            metadata={
                "report": dg.MetadataValue.url(link),
                "dagster/uri": dg.MetadataValue.path(address),
            }
        )

    return evidently_report
