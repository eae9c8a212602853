"""Labels that are missing make performance a statement about a biased few: tell nobody of it."""

from collections.abc import Iterator, Sequence

from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.incident import Incident
from monitoring_assets.domain.response import Response
from monitoring_assets.evaluation.labels import LABELS

NAME = "suspend_performance"


def wanted(config: ModelConfig, incidents: Sequence[Incident]) -> Iterator[Response]:
    """Yield a suspension while labels are missing."""
    for incident in incidents:
        if incident.episode.subject.check == LABELS:
            yield Response(
                name=NAME,
                model=config.name,
                incident_id=incident.id,
                detail=f"tells nobody of performance: {incident.episode.reason}",
                expires_at=incident.opened_at + config.responses.expire_after,
            )
