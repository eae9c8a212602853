"""A trouble that is none, once a week: whoever gets it knows that the way to them is open."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from monitoring_assets.application.ports import Outbox
from monitoring_assets.domain.incident import Severity
from monitoring_assets.domain.message import Act, Message

# People are at work then, nearly everywhere.
_MONDAY_HOUR = 10


def rehearse(outbox: Outbox, destinations: Iterable[str], now: datetime) -> None:
    """Let this week's drill wait for each destination, once: it opens and is resolved.

    Args:
        outbox: Where messages wait.
        destinations: The keys of those who take part.
        now: The present; before Monday at 10 UTC it is still last week.
    """
    year, week, _ = (now - timedelta(hours=_MONDAY_HOUR)).isocalendar()
    for destination in destinations:
        for seq, act in enumerate((Act.OPEN, Act.RESOLVE), 1):
            group = f"drill/{year}-W{week:02}/{destination}"
            outbox.say(_message(act, group), destination, seq)


def _message(act: Act, group: str) -> Message:
    is_open = act is Act.OPEN
    return Message(
        act=act,
        group=group,
        model="monitoring_assets",
        severity=Severity.PAGE,
        title=f"Drill: {'nothing is wrong' if is_open else 'over'}",
        summary="This message is sent every week, so that you know when it stays away."
        if is_open
        else "The drill of this week went all the way.",
        next_step="Nothing. To end drills, remove the destination from MLMON_DRILL."
        if is_open
        else "",
    )
