"""When derived assets run by themselves."""

from typing import Any

import dagster as dg

from monitoring_assets.application.monitor import REFERENCE
from monitoring_assets.config.model import ModelConfig


def when_inputs_change(config: ModelConfig) -> Any:
    """Return the condition of an asset that follows its inputs.

    A window within the look-back is requested when it is missing (a level: it fills gaps, also
    those from before the sensor's first tick, and leaves a window that failed alone) or when an
    input was updated since by a run without it (an edge: late rows, late labels). A new reference
    is for windows to come: those that were judged keep the one they were judged with.
    """
    condition = dg.AutomationCondition
    reference = dg.AssetSelection.assets(dg.AssetKey([config.name, REFERENCE]))
    is_missing = condition.missing() & ~condition.execution_failed()
    is_outdated = condition.any_deps_updated().ignore(reference).since_last_handled()
    return (
        condition.in_latest_time_window(config.cadence.look_back)
        & (is_missing | is_outdated)
        & ~condition.any_deps_missing()
        & ~condition.any_deps_in_progress()
        & ~condition.in_progress()
    )
