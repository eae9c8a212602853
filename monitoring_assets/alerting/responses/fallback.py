"""A model that has become bad has a simpler one to stand in: raise a flag for the service."""

from collections.abc import Iterator, Sequence

from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.incident import Incident, Severity
from monitoring_assets.domain.measurement import Kind
from monitoring_assets.domain.response import Response

NAME = "fallback"


def wanted(config: ModelConfig, incidents: Sequence[Incident]) -> Iterator[Response]:
    """Yield a flag while a page on performance, that somebody was told of, is open."""
    for incident in incidents:
        is_page = incident.severity is Severity.PAGE and incident.was_told
        if incident.episode.kind is Kind.PERFORMANCE and is_page and incident.told_at:
            yield Response(
                name=NAME,
                model=config.name,
                incident_id=incident.id,
                detail=f"flags the fallback model: {incident.episode.reason}",
                expires_at=incident.told_at + config.responses.expire_after,
            )
