"""Rows of a broken window should not be trained on: mark the window as held."""

from collections.abc import Iterator, Sequence

from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.incident import Incident
from monitoring_assets.domain.measurement import Kind
from monitoring_assets.domain.response import Response

NAME = "quarantine"
_BROKEN = {Kind.SCHEMA, Kind.QUALITY}


def wanted(config: ModelConfig, incidents: Sequence[Incident]) -> Iterator[Response]:
    """Yield a mark for the last bad window of everything that is broken."""
    for incident in incidents:
        episode = incident.episode
        if episode.kind in _BROKEN and not incident.hidden_by:
            yield Response(
                name=NAME,
                model=config.name,
                incident_id=incident.id,
                window=episode.last,
                detail=f"holds the rows of {episode.last.key}: {episode.reason}",
                expires_at=incident.opened_at + config.responses.expire_after,
            )
