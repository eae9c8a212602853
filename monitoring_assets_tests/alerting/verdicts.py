"""Windows and verdicts for the tests of alerting."""

from datetime import date, timedelta

from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.measurement import Kind, Status
from monitoring_assets.domain.verdict import Subject, Verdict
from monitoring_assets.domain.window import Window

START = date(2026, 3, 2)
CHECK_OF = {
    Kind.NO_DATA: "has_rows",
    Kind.SCHEMA: "schema",
    Kind.QUALITY: "missing_values",
    Kind.FEATURE_DRIFT: "feature_drift",
    Kind.PREDICTION_DRIFT: "prediction_drift",
    Kind.CORRELATION: "correlation_change",
    Kind.PERFORMANCE: "performance",
    Kind.PIPELINE: "pipeline",
}


def model(**changes: object) -> ModelConfig:
    usual = {
        "name": "churn",
        "task": "binary",
        "owner": "team:growth",
        "cadence": {"start": START},
        "predictions": {"path": "log"},
        "reference": {"active": "v1", "versions": {"v1": {"path": "reference.parquet"}}},
        "columns": {"timestamp": "at", "prediction": "p", "label": "truth"},
        "features": {"x": "numeric"},
    }
    return ModelConfig.model_validate(usual | changes)


def window(offset: int = 0, config: ModelConfig | None = None) -> Window:
    cadence = (config or model()).cadence.windows
    return cadence.window(str(START + timedelta(days=offset)))


def verdict(
    kind: Kind = Kind.QUALITY,
    status: Status = Status.BAD,
    *,
    day: int = 0,
    check: str = "",
    column: str = "x",
    reason: str = "it is bad",
    **numbers: object,
) -> Verdict:
    return Verdict(
        subject=Subject(check=check or CHECK_OF[kind], column=column),
        window=window(day),
        kind=kind,
        status=status,
        n=100,
        reason="" if status is Status.OK else reason,
        **{"baseline": "v1", **numbers},
    )


def scored(score: float, day: int, kind: Kind = Kind.QUALITY, **changed: object) -> Verdict:
    """Return the verdict of a share that may be 0.1 at most, and is over below 0.075."""
    status = Status.BAD if score > 0.1 else Status.OK
    limits = {"metric": "missing_share", "threshold": 0.1, "recovery": 0.075, "margin": 0.1}
    return verdict(kind, status, day=day, score=score, **limits | changed)
