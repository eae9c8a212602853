"""Windows and verdicts for the tests of alerting."""

from datetime import date, timedelta

from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.evaluation import CheckResult
from monitoring_assets.domain.measurement import Kind, Status
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
    kind: Kind,
    status: Status = Status.BAD,
    *,
    check: str = "",
    columns: tuple[str, ...] = (),
    reason: str = "it is bad",
) -> CheckResult:
    return CheckResult(
        check=check or CHECK_OF[kind],
        kind=kind,
        status=status,
        columns=columns,
        n=100,
        reason="" if status is Status.OK else reason,
    )
