"""What only time makes due: digests, reminders, snoozes and silences that end, missing windows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitoring_assets.application.incidents import Alerts, due_digests
from monitoring_assets.application.ports import AlertStore, RunInfo
from monitoring_assets.domain.message import Act
from monitoring_assets.domain.window import Window

# Windows that should have been monitored may just be asked for: a process that starts after a
# night must not page for what it is about to do.
PATIENCE = timedelta(minutes=30)
RUN_ID = "tend_alerts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tended:
    """What one look came to.

    Attributes:
        lines: One line per thing that was done.
        missing: Since when a window was seen to be missing, by `model window`.
    """

    lines: tuple[str, ...]
    missing: Mapping[str, str]


def tend(
    alerts: Sequence[Alerts], store: AlertStore, missing: Mapping[str, str], now: datetime
) -> Tended:
    """Look after the alerts of all models once.

    Args:
        alerts: The models.
        store: Where all of them are kept.
        missing: What the last look returned.
        now: The present.
    """
    lines: list[str] = []
    seen: dict[str, str] = {}
    for one in alerts:
        lines += _told(one, now)
        window = _missing_window(one, now)
        if window is None:
            continue
        name = f"{one.config.name} {window.key}"
        since = datetime.fromisoformat(missing.get(name, now.isoformat()))
        if now - since < PATIENCE:
            seen[name] = since.isoformat()
            continue
        run = RunInfo(run_id=RUN_ID, computed_at=now)
        decision = one.fail(window, _why(one, window, now), run, is_backfill=False)
        lines.append(f"{name} is missing: {decision.reason}")
    digests = store.digest(due_digests({a.config.name: a.config for a in alerts}, now), now)
    return Tended(lines=(*lines, *digests), missing=seen)


def _told(alerts: Alerts, now: datetime) -> Iterator[str]:
    outcome = alerts.tend(now)
    for event in outcome.events:
        yield f"{alerts.config.name}: {event.what} {event.line}"
    if any(step.act is Act.REMINDER for _, step in outcome.steps):
        yield f"{alerts.config.name}: a page was recalled"


def _missing_window(alerts: Alerts, now: datetime) -> Window | None:
    """Return the newest window that should be decided by now, where nothing since is.

    A model that was never monitored is not missed: nobody has begun.
    """
    cadence = alerts.config.cadence
    last = alerts.store.last_decided(alerts.config.name)
    due = cadence.windows.last_complete(now - cadence.deadline)
    if last is None or due is None or due.start <= last.start:
        return None
    return due if due.end > now - cadence.look_back else None


def _why(alerts: Alerts, window: Window, now: datetime) -> str:
    hours = (now - window.end) / timedelta(hours=1)
    return (
        f"it ended {hours:.0f} hours ago and was not monitored: see the sensor "
        f"{alerts.config.name}_arrivals and the daemon"
    )
