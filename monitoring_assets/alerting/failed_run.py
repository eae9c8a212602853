"""The decision about windows whose run failed: the pipeline itself is the trouble."""

from monitoring_assets.alerting.severity import severity_of
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.decision import Decision, Notice
from monitoring_assets.domain.measurement import Kind, Status
from monitoring_assets.domain.window import Window


def failed_run(
    config: ModelConfig, window: Window, error: str, link: str, *, is_backfill: bool
) -> Decision:
    """Return the decision about the window of a failed run: it was not judged.

    Args:
        config: The model.
        window: The window, the last one where the run had several.
        error: The first line of what went wrong.
        link: The address of the run.
        is_backfill: Whether history was being made up for; then nobody is told.
    """
    line = f"pipeline: {error}"
    notice = Notice(
        model=config.name,
        window_key=window.key,
        severity=severity_of(config, Kind.PIPELINE),
        title=f"{config.name} {window.key}: not monitored, its run failed",
        lines=(line,),
        link=link,
        channel=config.alerts.slack_channel or "",
    )
    return Decision(
        model=config.name,
        window=window,
        status=Status.ERROR,
        reason="a backfill tells nobody" if is_backfill else "the window was not monitored",
        failing=(line,),
        notice=None if is_backfill else notice,
    )


def first_line(text: str, most: int = 300) -> str:
    """Return the first line of an error that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[0] if lines else "no reason was given")[:most]
