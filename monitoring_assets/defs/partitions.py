"""How windows become Dagster partitions and back."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

import dagster as dg

from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.window import DAY_KEY, HOUR_KEY, Every, Window

# A failing range loses what it did since it began, and one run start costs 4 to 5 CPU seconds.
WINDOWS_PER_RUN = 30
BACKFILL_POLICY = dg.BackfillPolicy.multi_run(max_partitions_per_run=WINDOWS_PER_RUN)

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
BACKFILL_TAG = "dagster/backfill"
# Set by `mlmon backfill`, whose runs belong to no backfill of the daemon.
HISTORY_TAG = "mlmon/history"


def window_partitions(config: ModelConfig) -> dg.TimeWindowPartitionsDefinition:
    """Return the partitions of a model's windows."""
    cadence = config.cadence
    start = datetime.combine(cadence.start, time())
    end = None if cadence.end is None else datetime.combine(cadence.end + timedelta(days=1), time())
    if cadence.every is Every.HOUR:
        return dg.HourlyPartitionsDefinition(start_date=start, end_date=end, timezone="UTC", fmt=HOUR_KEY)
    return dg.DailyPartitionsDefinition(start_date=start, end_date=end, timezone=cadence.timezone, fmt=DAY_KEY)


def reference_partitions(config: ModelConfig) -> dg.StaticPartitionsDefinition:
    """Return the partitions of a model's reference: its versions."""
    return dg.StaticPartitionsDefinition(list(config.reference.versions))


def active_reference(config: ModelConfig) -> dg.AssetDep:
    """Return the dependency of a window on the version of the reference that is active."""
    return dg.AssetDep(
        dg.AssetKey([config.name, "reference_dataset"]),
        partition_mapping=dg.SpecificPartitionsPartitionMapping([config.reference.active]),
    )


def windows_of(config: ModelConfig, context: dg.AssetExecutionContext) -> list[Window]:
    """Return the windows of a run, oldest first: one, or all of a range."""
    cadence = config.cadence.windows
    return sorted(cadence.window(key) for key in context.partition_keys)


def range_tags(windows: Sequence[Window]) -> dict[str, str]:
    """Return the tags of a run over consecutive windows."""
    return {RANGE_START: windows[0].key, RANGE_END: windows[-1].key}


def is_backfill(context: dg.AssetExecutionContext) -> bool:
    """Return whether a run makes up for history, so that it tells nobody."""
    return BACKFILL_TAG in context.run_tags or HISTORY_TAG in context.run_tags
