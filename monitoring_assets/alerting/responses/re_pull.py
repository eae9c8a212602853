"""A window without rows may only be late: wait, while the sensor looks for its rows again."""

from collections.abc import Iterator, Sequence

from monitoring_assets.alerting.sentences import spoken
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.incident import Incident
from monitoring_assets.domain.response import Response
from monitoring_assets.evaluation.log import HAS_ROWS

NAME = "re_pull"


def wanted(config: ModelConfig, incidents: Sequence[Incident]) -> Iterator[Response]:
    """Yield a wait for every window without rows that nobody was told of."""
    wait = config.responses.wait
    for incident in incidents:
        if incident.episode.subject.check == HAS_ROWS and not incident.was_told:
            yield Response(
                name=NAME,
                model=config.name,
                incident_id=incident.id,
                window=incident.episode.last,
                detail=f"waits {spoken(wait)} for the rows of {incident.episode.last.key}",
                expires_at=incident.opened_at + wait,
            )
