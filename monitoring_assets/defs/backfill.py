"""History through Dagster, in this process: the same assets and the same jobs, in chunks.

One process on purpose: a second one pays 6 CPU seconds of imports, and on two cores that Postgres
and the UI use as well, 300 windows took no less time with it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from monitoring_assets.application.monitor import REFERENCE
from monitoring_assets.composition import Workspace
from monitoring_assets.defs.runs import HISTORY, range_tags, stretches
from monitoring_assets.domain.errors import MonitoringError
from monitoring_assets.domain.window import Window

if TYPE_CHECKING:  # a command that only parses its arguments does not wait for Dagster
    import dagster as dg

Progress = Callable[[str], None]

# Otherwise each event is a line of the terminal: 750 for 30 windows.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def backfill(
    workspace: Workspace, name: str, windows: Sequence[Window], progress: Progress
) -> int:
    """Monitor windows of the past, oldest first; return how many were.

    The reference is read first if it is not there. Nobody is told of anything that is found.

    Args:
        workspace: Where everything is; the process's own environment names Dagster's home.
        name: The model.
        windows: The windows; where some are left out, so are they here.
        progress: Is told of every chunk that begins.

    Raises:
        MonitoringError: What made a run fail; the chunks before it are done.
    """
    import dagster as dg

    from monitoring_assets.defs.model import (
        model_definitions,
        reference_job_name,
        windows_job_name,
    )

    model = workspace.model(name)
    shared = dg.Definitions(resources={"workspace": workspace})
    definitions = dg.Definitions.merge(model_definitions(model), shared)
    with dg.DagsterInstance.get() as instance:
        if not workspace.monitor(model).has_reference():
            version = model.config.reference.active
            progress(f"reading reference {version} …")
            what = f"{name}/{REFERENCE} {version}"
            _run(definitions, instance, reference_job_name(name), what, partition_key=version)
        for chunk in stretches(windows):
            what = f"{chunk[0].key} … {chunk[-1].key}"
            progress(what)
            tags = {HISTORY: "mlmon backfill", **range_tags(chunk)}
            _run(definitions, instance, windows_job_name(name), f"{name} {what}", tags=tags)
    return len(windows)


def _run(
    definitions: "dg.Definitions",
    instance: "dg.DagsterInstance",
    job: str,
    what: str,
    *,
    partition_key: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    from monitoring_assets.defs.failures import first_failure

    result = definitions.resolve_job_def(job).execute_in_process(
        run_config=QUIET,
        instance=instance,
        partition_key=partition_key,
        tags=tags,
        raise_on_error=False,
    )
    if not result.success:
        failure = first_failure(result.all_events)
        if _was_interrupted(result.all_events):
            raise KeyboardInterrupt  # Dagster catches Ctrl-C to record that the run was stopped
        raise MonitoringError(f"{what}: {failure} (run {result.run_id} in the Dagster UI)")


def _was_interrupted(events: Iterable["dg.DagsterEvent"]) -> bool:
    """Return whether Ctrl-C ended a step, whatever error that was for a library within it."""
    errors = (e.step_failure_data.error for e in events if e.is_step_failure)
    return any(error and "DagsterExecutionInterruptedError" in str(error) for error in errors)
