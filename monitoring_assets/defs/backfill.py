"""History through Dagster, in this process: the same assets and the same runs, in chunks."""

from collections.abc import Callable, Iterator, Sequence

import dagster as dg

from monitoring_assets.composition import Workspace
from monitoring_assets.config.model import LoadedModel
from monitoring_assets.defs.model import reference_job_name, windows_job_name
from monitoring_assets.defs.partitions import HISTORY_TAG, WINDOWS_PER_RUN, range_tags
from monitoring_assets.domain.window import Window

Progress = Callable[[str], None]


def backfill(
    definitions: dg.Definitions,
    workspace: Workspace,
    name: str,
    windows: Sequence[Window],
    progress: Progress,
) -> int:
    """Monitor windows of the past, oldest first; return how many were.

    The reference is read first if it is not there. Nobody is told of anything that is found.

    Raises:
        MonitoringError: What made a run fail.
    """
    model = workspace.model(name)
    with dg.DagsterInstance.get() as instance:
        if not workspace.monitor(model).has_reference():
            progress(f"reading reference {model.config.reference.active} …")
            _run(definitions, instance, reference_job_name(name), _reference(model))
        for chunk in _chunks(windows):
            progress(f"{chunk[0].key} … {chunk[-1].key}")
            _run(definitions, instance, windows_job_name(name), {"tags": _tags(chunk)})
    return len(windows)


def _reference(model: LoadedModel) -> dict[str, object]:
    return {"partition_key": model.config.reference.active}


def _tags(chunk: Sequence[Window]) -> dict[str, str]:
    return {HISTORY_TAG: "mlmon backfill", **range_tags(chunk)}


def _chunks(windows: Sequence[Window]) -> Iterator[Sequence[Window]]:
    for begin in range(0, len(windows), WINDOWS_PER_RUN):
        yield windows[begin : begin + WINDOWS_PER_RUN]


def _run(
    definitions: dg.Definitions, instance: dg.DagsterInstance, job: str, how: dict[str, object]
) -> None:
    definitions.resolve_job_def(job).execute_in_process(
        instance=instance,
        raise_on_error=True,
        **how,  # type: ignore[arg-type]
    )
