"""A window's profile as a job of its own, through Dagster Pipes.

The job stores the profile and reports what it stored; its output is in the logs of the run.
"""

import os
from typing import Any

import dagster as dg

from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.errors import SourceError
from monitoring_assets.domain.window import Window


def launched_profile(
    context: dg.AssetExecutionContext, config: ModelConfig, window: Window
) -> dict[str, Any]:
    """Run the command of the model's engine; return the facts of what it stored.

    Raises:
        SourceError: If it ends without having stored a profile.
    """
    command = [*config.engine.command, "profile", config.name, window.key]
    client = dg.PipesSubprocessClient(env=dict(os.environ))
    try:
        reported = client.run(context=context, command=command).get_custom_messages()
    except (dg.DagsterExecutionInterruptedError, KeyboardInterrupt):
        raise
    except Exception as error:
        raise SourceError(
            f"`{' '.join(command)}` did not profile the window ({error}): the logs of the run "
            "show what it printed"
        ) from error
    if not reported:
        raise SourceError(
            f"`{' '.join(command)}` ended without a report: its last part must be `mlmon`, or "
            "monitoring_assets/cli/main.py"
        )
    return dict(reported[-1])
