"""An evaluation as a document and back, without loss: what a materialization keeps of its numbers.

Distributions are not part of it; they are drawn in the metadata.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from monitoring_assets.application.ports import RunInfo
from monitoring_assets.domain.evaluation import Evaluation
from monitoring_assets.domain.measurement import Kind, Measurement, Status
from monitoring_assets.domain.window import Window

# What is mostly absent comes last: a row ends where only defaults follow, which halves it.
_COLUMNS = (
    *("metric", "kind", "n", "value", "check", "status", "column", "threshold", "method"),
    *("lower", "upper", "segment", "version", "reason"),
)
_DEFAULTS = {f.name: f.default for f in fields(Measurement)}


def document_of(evaluation: Evaluation, run: RunInfo) -> dict[str, Any]:
    """Return the numbers of an evaluation in types that JSON has."""
    window = evaluation.window
    return {
        "window": [window.start.isoformat(), window.end.isoformat(), window.key],
        "reference_version": evaluation.reference_version,
        "computed_at": run.computed_at.isoformat(),
        "columns": list(_COLUMNS),
        "rows": [_row(m) for m in evaluation.measurements],
    }


def evaluation_of(
    model: str, asset: str, run_id: str, document: Mapping[str, Any]
) -> tuple[Evaluation, RunInfo]:
    """Return the evaluation that a document was made of, and the run that made it.

    Raises:
        ValueError: If the document is not one of `document_of`.
    """
    try:
        start, end, key = document["window"]
        columns = document["columns"]
        evaluation = Evaluation(
            model=model,
            asset=asset,
            window=Window(datetime.fromisoformat(start), datetime.fromisoformat(end), key),
            reference_version=document["reference_version"],
            measurements=tuple(_measurement(columns, row) for row in document["rows"]),
        )
        computed_at = datetime.fromisoformat(document["computed_at"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not the numbers of an evaluation: {error}") from error
    return evaluation, RunInfo(run_id=run_id, computed_at=computed_at)


def _row(measurement: Measurement) -> list[Any]:
    row = [getattr(measurement, name) for name in _COLUMNS]
    last = max(i for i, name in enumerate(_COLUMNS) if row[i] != _DEFAULTS[name])
    return [_plain(value) for value in row[: last + 1]]


def _plain(value: Any) -> Any:
    """Return a number of NumPy as Python's, and a name as its text."""
    if isinstance(value, float):
        return float(value)
    return str(value) if isinstance(value, str) else value


def _measurement(columns: list[str], row: list[Any]) -> Measurement:
    values = dict(zip(columns, row, strict=False))
    values["kind"] = Kind(values["kind"])
    values["status"] = Status(values.get("status", Status.INFO))
    return Measurement(**values)
