"""When derived assets run by themselves."""

from datetime import timedelta
from typing import Any

import dagster as dg


def when_inputs_change(look_back: timedelta) -> Any:
    """Return the condition of an asset that follows its inputs.

    A window within the look-back is requested when it is missing (a level: it fills gaps, also
    those from before the sensor's first tick, and leaves a window that failed alone) or when an
    input was updated since (an edge: late rows, late labels, a new reference).
    """
    condition = dg.AutomationCondition
    is_wanted = (condition.missing() & ~condition.execution_failed()) | (
        condition.any_deps_updated().since_last_handled()
    )
    return (
        condition.in_latest_time_window(look_back)
        & is_wanted
        & ~condition.any_deps_missing()
        & ~condition.any_deps_in_progress()
        & ~condition.in_progress()
    )
