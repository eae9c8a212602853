"""How serious each kind of trouble is."""

from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.incident import Severity
from monitoring_assets.domain.measurement import Kind

# Page only on what certainly hurts: the field's own complaint is drift alarms that nobody acts on.
DEFAULT_SEVERITY = {
    Kind.NO_DATA: Severity.PAGE,
    Kind.SCHEMA: Severity.PAGE,
    Kind.PERFORMANCE: Severity.PAGE,
    Kind.ESTIMATED_PERFORMANCE: Severity.PAGE,
    Kind.PIPELINE: Severity.PAGE,
    Kind.QUALITY: Severity.TICKET,
    Kind.PREDICTION_DRIFT: Severity.TICKET,
    Kind.CORRELATION: Severity.INFO,
    Kind.FEATURE_DRIFT: Severity.INFO,
}


def severity_of(config: ModelConfig, kind: Kind) -> Severity:
    """Return how serious a kind of trouble is for this model."""
    return config.alerts.severity.get(kind, DEFAULT_SEVERITY[kind])
