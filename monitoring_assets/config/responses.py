"""The section `responses` of a model's YAML: what may be done without asking."""

from datetime import timedelta
from enum import StrEnum

from monitoring_assets.config.values import Duration, Settings


class Mode(StrEnum):
    """Whether something is done without asking."""

    OFF = "off"
    DRY_RUN = "dry_run"  # the audit says what would have been done
    ON = "on"


class ResponseSettings(Settings):
    """What is done by itself; each leaves a line in the audit, ends by itself, can be undone."""

    re_pull: Mode = Mode.OFF
    """Wait for a window without rows before anybody is told; the sensor looks for it meanwhile."""
    wait: Duration = timedelta(hours=1)
    """How long `re_pull` waits."""
    suspend_performance: Mode = Mode.OFF
    """Tell nobody of performance while labels are missing: it rests on a biased few."""
    quarantine: Mode = Mode.OFF
    """Mark windows with a broken schema or quality as held, for whoever trains on them."""
    fallback: Mode = Mode.OFF
    """Write the flag `<model>/fallback.json` among the artifacts, for the service to read, while
    a page on performance is open."""
    expire_after: Duration = timedelta(days=7)
    """When a response ends by itself, though its cause lasts."""
