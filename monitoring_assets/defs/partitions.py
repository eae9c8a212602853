"""How windows become Dagster partitions and back."""

from datetime import datetime, time

import dagster as dg

from monitoring_assets.application.monitor import REFERENCE
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.defs.runs import WINDOWS_PER_RUN
from monitoring_assets.domain.window import DAY_KEY, HOUR_KEY, Every, Window

BACKFILL_POLICY = dg.BackfillPolicy.multi_run(max_partitions_per_run=WINDOWS_PER_RUN)


def window_partitions(config: ModelConfig) -> dg.TimeWindowPartitionsDefinition:
    """Return the partitions of a model's windows."""
    cadence = config.cadence
    start = datetime.combine(cadence.start, time())
    if cadence.every is Every.HOUR:
        return dg.HourlyPartitionsDefinition(start_date=start, timezone="UTC", fmt=HOUR_KEY)
    return dg.DailyPartitionsDefinition(start_date=start, timezone=cadence.timezone, fmt=DAY_KEY)


def reference_partitions(config: ModelConfig) -> dg.StaticPartitionsDefinition:
    """Return the partitions of a model's reference: its versions."""
    return dg.StaticPartitionsDefinition(list(config.reference.versions))


def active_reference(config: ModelConfig) -> dg.AssetDep:
    """Return the dependency of a window on the version of the reference that is active."""
    return dg.AssetDep(
        dg.AssetKey([config.name, REFERENCE]),
        partition_mapping=dg.SpecificPartitionsPartitionMapping([config.reference.active]),
    )


def windows_of(config: ModelConfig, context: dg.AssetExecutionContext) -> list[Window]:
    """Return the windows of a run, oldest first: one, or all of a range."""
    cadence = config.cadence.windows
    return sorted(cadence.window(key) for key in context.partition_keys)
