"""What made a run fail, in one line for people."""

from collections.abc import Iterable

import dagster as dg

from monitoring_assets.alerting.failed_run import first_line


def first_failure(events: Iterable[dg.DagsterEvent]) -> str:
    """Return the error of the first step that failed, empty where none did.

    Dagster wraps what a step raised ("Error occurred while executing op …"); the innermost cause
    is the error that says what to do.
    """
    for event in events:
        if event.is_step_failure and (error := event.step_failure_data.error) is not None:
            while error.cause is not None:
                error = error.cause
            return _without_module(first_line(error.message))
    return ""


def _without_module(message: str) -> str:
    """Return `SourceError: …` for `monitoring_assets.domain.errors.SourceError: …`."""
    name, colon, text = message.partition(":")
    return f"{name.rpartition('.')[2]}{colon}{text}" if " " not in name else message
