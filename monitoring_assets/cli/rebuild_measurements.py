"""`mlmon rebuild-measurements`: the table of numbers once more, from Dagster's event log."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from monitoring_assets.cli.database import ready_environment
from monitoring_assets.composition import Workspace
from monitoring_assets.defs.rebuild import logged_evaluations

if TYPE_CHECKING:  # a command that only parses its arguments does not wait for Dagster
    import dagster as dg


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        "Each materialization holds all numbers of its window. Windows of runs that were deleted\n"
        "from Dagster stay as they are.\n\n"
        "examples:\n  mlmon rebuild-measurements\n  mlmon rebuild-measurements churn --check"
    )
    parser.add_argument("model", nargs="?", default="", help="only this model")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; the exit code is 1 where they differ"
    )


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Write the numbers again, or compare them."""
    import dagster as dg

    with ready_environment(environ) as ready, dg.DagsterInstance.get() as instance:
        workspace = Workspace(ready)
        models = [workspace.model(options.model)] if options.model else workspace.models.values()
        names = [model.config.name for model in models]
        work = _compared if options.check else _rebuilt
        is_equal = [work(workspace, instance, name) for name in names]
    return 0 if all(is_equal) else 1


def _rebuilt(workspace: Workspace, instance: "dg.DagsterInstance", name: str) -> bool:
    done = 0
    for evaluation, run in logged_evaluations(instance, name):
        workspace.measurements.restore(evaluation, run)
        done += 1
    print(f"{name}: {done} evaluations written")
    return True


def _compared(workspace: Workspace, instance: "dg.DagsterInstance", name: str) -> bool:
    done, differing = 0, []
    for evaluation, run in logged_evaluations(instance, name):
        done += 1
        if not workspace.measurements.holds(evaluation, run):
            differing.append(f"{evaluation.asset} {evaluation.window.key}")
    print(f"{name}: {len(differing)} of {done} evaluations differ", *differing[:20], sep="\n  ")
    return not differing
