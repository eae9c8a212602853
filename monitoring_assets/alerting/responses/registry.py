"""All responses, and which of them a model wants now."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from monitoring_assets.alerting.responses import (
    fallback,
    quarantine,
    re_pull,
    suspend_performance,
)
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.config.responses import Mode
from monitoring_assets.domain.incident import Incident, Silence
from monitoring_assets.domain.measurement import Kind
from monitoring_assets.domain.response import Response

RESPONSES: Mapping[str, Callable[[ModelConfig, Sequence[Incident]], Iterator[Response]]] = {
    module.NAME: module.wanted for module in (re_pull, suspend_performance, quarantine, fallback)
}
# Those that only mute: what they mute is told when they end and it lasts.
_MUTED = {re_pull.NAME: Kind.NO_DATA, suspend_performance.NAME: Kind.PERFORMANCE}


def mode_of(config: ModelConfig, name: str) -> Mode:
    """Return whether a response is off, on, or only noted."""
    return Mode(getattr(config.responses, name))


def wanted(
    config: ModelConfig, incidents: Iterable[Incident], now: datetime, undone: Collection[str]
) -> list[Response]:
    """Return the responses that should be in force, those that are only noted included.

    Args:
        config: The model.
        incidents: Its incidents.
        now: The present; what has expired does not begin again.
        undone: The subjects of those that somebody took back.
    """
    current = [i for i in incidents if i.is_open]
    return [
        response
        for name, choose in RESPONSES.items()
        if mode_of(config, name) is not Mode.OFF
        for response in choose(config, current)
        if response.expires_at > now and response.subject not in undone
    ]


def silences_of(config: ModelConfig, responses: Iterable[Response]) -> list[Silence]:
    """Return what the responses that are on mute."""
    return [
        Silence(
            id=r.subject,
            model=r.model,
            kind=_MUTED[r.name],
            starts_at=datetime.min.replace(tzinfo=r.expires_at.tzinfo),
            ends_at=r.expires_at,
            created_by=f"the response {r.name}",
            reason=r.detail,
        )
        for r in responses
        if r.name in _MUTED and mode_of(config, r.name) is Mode.ON
    ]
