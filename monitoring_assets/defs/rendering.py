"""How measurements look in the Dagster UI: numbers, small tables and plots as metadata."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

from monitoring_assets.domain.decision import Decision
from monitoring_assets.domain.evaluation import CheckResult, Evaluation
from monitoring_assets.domain.measurement import Kind, Measurement, Status
from monitoring_assets.evaluation.contract import ColumnRule, Failure, Form
from monitoring_assets.reports.plots import against_thresholds, distributions

MOST_NUMBERS, MOST_ROWS, MOST_PLOTS = 40, 20, 6
Metadata = Mapping[str, Any]


def evaluation_metadata(evaluation: Evaluation) -> dict[str, Any]:
    """Return headline numbers, what fails, and a plot; the numbers are the stored ones."""
    headline = [m for m in evaluation.measurements if not (m.segment or m.version)]
    metadata: dict[str, Any] = {
        "status": str(_status(headline)),
        "failing": len(evaluation.failing),
        **_plot(evaluation, headline),
        "measurements": measurement_table(_most_telling(headline)),
        **headline_numbers(headline),
    }
    by_group = [m for m in evaluation.measurements if m.segment or m.version]
    if by_group:
        metadata["by segment"] = measurement_table(_largest(by_group))
    return metadata


def _plot(evaluation: Evaluation, headline: Sequence[Measurement]) -> dict[str, Any]:
    if evaluation.histograms:
        return {"distributions": dg.MetadataValue.md(_distributions(evaluation))}
    judged = [m for m in headline if m.threshold is not None]
    plot = against_thresholds(judged[:MOST_ROWS])
    return {"plot": dg.MetadataValue.md(plot)} if plot else {}


def headline_numbers(measurements: Iterable[Measurement]) -> dict[str, float]:
    """Return metadata label → value of the first numbers; the UI draws each over partitions."""
    numbers: dict[str, float] = {}
    for m in measurements:
        if m.value is not None:
            numbers.setdefault(_label(m), m.value)
    return dict(list(numbers.items())[:MOST_NUMBERS])


def _label(measurement: Measurement) -> str:
    """Return a label that is the same in every window, for each label is a plot.

    Which pair of columns changed most differs from window to window: the largest change is shown.
    """
    is_pair = measurement.kind is Kind.CORRELATION
    column = "" if is_pair else measurement.column
    return f"{measurement.metric} {column}".strip()


def check_metadata(check: CheckResult, measurements: Sequence[Measurement]) -> dict[str, Any]:
    """Return the verdict of a check, and the numbers that somebody should look at.

    A table of the others would be half of all that a window writes to Dagster's event log.
    """
    metadata: dict[str, Any] = {"status": str(check.status), "n": check.n}
    if failing := [m for m in measurements if m.status.is_failing]:
        metadata["failing"] = measurement_table(_most_telling(failing))
    return metadata


def failure_table(failures: Sequence[Failure]) -> dg.TableMetadataValue:
    """Return what breaks the contract, with a few of the values."""
    return _table(
        ("column", "rule", "rows", "examples"),
        [(f.column, f.rule, f.n, ", ".join(f.examples)) for f in failures[:MOST_ROWS]],
    )


def column_schema(rules: Iterable[ColumnRule]) -> dg.TableSchema:
    """Return a contract as the column schema that the UI shows."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=rule.name,
                type={Form.TIME: "timestamp", Form.NUMBER: "double"}.get(rule.form, "string"),
                description=rule.description,
                constraints=dg.TableColumnConstraints(
                    nullable=rule.is_nullable, unique=rule.is_unique, other=_limits(rule)
                ),
            )
            for rule in rules
        ]
    )


def decision_metadata(decision: Decision) -> dict[str, Any]:
    """Return what was decided about a window, and why."""
    metadata: dict[str, Any] = {
        "status": str(decision.status),
        "reason": decision.reason,
        "failing": len(decision.failing),
        "what fails": _table(("check", "reason"), _split(decision.failing)),
    }
    if decision.told:
        metadata["told"] = _table(("told",), [(line,) for line in decision.told])
    return metadata


def _split(failing: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(line.split(": ", 1)) for line in failing[:MOST_ROWS]]


def measurement_table(measurements: Sequence[Measurement]) -> dg.TableMetadataValue:
    """Return measurements as a table."""
    return _table(
        ("status", "metric", "column", "segment", "value", "95 %", "limit", "n", "reason"),
        [
            (
                str(m.status),
                m.metric if not m.method else f"{m.metric} ({m.method})",
                m.column,
                m.segment or m.version,
                _number(m.value),
                "" if m.lower is None else f"{_number(m.lower)} … {_number(m.upper)}",
                _number(m.threshold),
                m.n,
                m.reason,
            )
            for m in measurements
        ],
    )


def _table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> dg.TableMetadataValue:
    """Return a table without the columns that hold nothing: the UI cuts off wide ones."""
    cells = [dict(zip(names, row, strict=True)) for row in rows]
    shown = [n for n in names if any(row[n] != "" for row in cells)]
    records = [
        dg.TableRecord({n: v if isinstance(v := row[n], int) else str(v) for n in shown})
        for row in cells
    ]
    columns = [dg.TableColumn(n, "int" if n in {"n", "rows"} else "string") for n in shown]
    return dg.MetadataValue.table(records, schema=dg.TableSchema(columns=columns))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.5g}"


def _limits(rule: ColumnRule) -> list[str]:
    limits = []
    if rule.minimum is not None:
        limits.append(f"≥ {rule.minimum:g}")
    if rule.maximum is not None:
        limits.append(f"≤ {rule.maximum:g}")
    if rule.allowed is not None:
        limits.append(f"one of {len(rule.allowed)} categories")
    return limits


_WORST_FIRST = [Status.ERROR, Status.BAD, Status.WARN, Status.UNJUDGED, Status.OK, Status.INFO]


def _most_telling(measurements: Sequence[Measurement]) -> list[Measurement]:
    return sorted(measurements, key=lambda m: _WORST_FIRST.index(m.status))[:MOST_ROWS]


def _largest(measurements: Sequence[Measurement]) -> list[Measurement]:
    return sorted(measurements, key=lambda m: -(m.value or 0))[:MOST_ROWS]


def _status(measurements: Sequence[Measurement]) -> Status:
    judged = [m.status for m in measurements if m.status is not Status.INFO]
    return min(judged, key=_WORST_FIRST.index, default=Status.UNJUDGED)


def _distributions(evaluation: Evaluation) -> str:
    drifted = [m.column for m in evaluation.failing]
    ranked = sorted(evaluation.histograms, key=lambda h: h.column not in drifted)
    return distributions(ranked[:MOST_PLOTS], drifted)
