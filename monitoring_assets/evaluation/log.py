"""What the contract says about one window of the prediction log, as measurements."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa

from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.measurement import Kind, Measurement, Status
from monitoring_assets.domain.reading import ReadProblem
from monitoring_assets.evaluation.contract import REPEATED, CheckedRows, Failure
from monitoring_assets.evaluation.judge import at_most, measured, unjudged, unjudged_if
from monitoring_assets.evaluation.table import groups, repeated_rows
from monitoring_assets.stats.intervals import share

HAS_ROWS, SCHEMA, ROW_CONTRACT, DUPLICATES = "has_rows", "schema", "row_contract", "duplicates"
CHECKS = (HAS_ROWS, SCHEMA, ROW_CONTRACT, DUPLICATES)
NO_ROWS = "the window has no rows"


def measure_log(
    config: ModelConfig,
    checked: CheckedRows,
    problems: Sequence[ReadProblem],
    unexpected_columns: Iterable[str],
) -> tuple[Measurement, ...]:
    """Return what reading and checking one window of the log found."""
    lost = incomplete(problems)
    if not checked.n and not lost:
        return (_row_count(0, ""), unjudged(_schema("missing_columns", 0), NO_ROWS))
    return (
        _row_count(checked.n, lost),
        *_rows_by_version(config, checked.valid),
        *_schema_measurements(checked, problems, tuple(unexpected_columns)),
        *unjudged_if(lost, _contract_measurements(config, checked)),
    )


def incomplete(problems: Sequence[ReadProblem]) -> str:
    """Return why the rows are not all there, empty where they are."""
    lost = [p.subject for p in problems if p.problem == "corrupt_file"]
    return f"cannot be read: {', '.join(lost)}" if lost else ""


def _row_count(n: int, lost: str) -> Measurement:
    count = Measurement(metric="row_count", kind=Kind.NO_DATA, check=HAS_ROWS, value=float(n), n=n)
    if n:
        return count.with_verdict(Status.OK, "", threshold=1)
    return unjudged(count, lost) if lost else count.with_verdict(Status.BAD, NO_ROWS, threshold=1)


def _rows_by_version(config: ModelConfig, rows: pa.Table) -> Iterator[Measurement]:
    """Yield how many valid rows each model version predicted."""
    column = config.columns.model_version
    if column is None or column not in rows.column_names:
        return
    for version, part in groups(rows.select([column]), column, config.max_segment_values):
        n = part.num_rows
        yield Measurement(
            metric="row_count", kind=Kind.NO_DATA, value=float(n), n=n, version=version
        )


def _schema(metric: str, n: int, value: float = 0.0, column: str = "") -> Measurement:
    return Measurement(
        metric=metric, kind=Kind.SCHEMA, check=SCHEMA, value=value, n=n, column=column
    )


def _schema_measurements(
    checked: CheckedRows, problems: Sequence[ReadProblem], unexpected: tuple[str, ...]
) -> Iterator[Measurement]:
    n = checked.n
    missing = dict.fromkeys(checked.missing_columns, "is missing")
    yield from _columns("missing_columns", n, missing, Status.BAD)
    mixed = {p.subject: p.detail for p in problems if p.problem == "mixed_types"}
    yield from _columns("wrong_types", n, {**mixed, **checked.wrong_types}, Status.BAD)
    as_text = dict.fromkeys(checked.text_numbers, "arrives as text")
    yield from _columns("numbers_as_text", n, as_text, Status.WARN)
    naive = {p.subject: p.detail for p in problems if p.problem == "naive_timestamps"}
    yield from _columns("naive_timestamps", n, naive, Status.BAD)
    corrupt = {p.subject: p.detail for p in problems if p.problem == "corrupt_file"}
    yield _schema("corrupt_files", n, len(corrupt)).with_verdict(
        Status.ERROR if corrupt else Status.OK,
        "; ".join(f"{name}: {why}" for name, why in corrupt.items()),
        threshold=0,
    )
    if unexpected:
        yield _schema("unexpected_columns", n, len(unexpected)).with_verdict(
            Status.INFO, f"not monitored: {', '.join(unexpected[:20])}"
        )


def _columns(
    metric: str, n: int, found: Mapping[str, str], status: Status
) -> Iterator[Measurement]:
    """Yield how many columns have a fault, then each of them."""
    total = Status.INFO if found else Status.OK
    yield _schema(metric, n, len(found)).with_verdict(total, "", threshold=0)
    for column, reason in found.items():
        yield _schema(metric, n, 1, column).with_verdict(status, f"{column} {reason}", threshold=0)


def _contract_measurements(config: ModelConfig, checked: CheckedRows) -> Iterator[Measurement]:
    limit = config.quality.invalid_rows
    judged = at_most(_invalid(checked.invalid, checked.n), limit, min_rows=1)
    if judged.status is Status.BAD:
        judged = judged.with_verdict(Status.BAD, _explained(checked), limit)
    yield judged
    for column, failures in _by_column(checked.failures).items():
        broken = min(sum(f.n for f in failures), checked.n)
        rules = "; ".join(f"{column} {f.rule} in {f.n:,} rows" for f in failures)
        is_bad = broken / checked.n > limit
        yield _invalid(broken, checked.n, column).with_verdict(
            Status.BAD if is_bad else Status.INFO, rules, limit if is_bad else None
        )
    yield _repeated(config, checked)


def _invalid(rows: int, n: int, column: str = "") -> Measurement:
    return measured(
        "invalid_share", Kind.SCHEMA, share(rows, n), check=ROW_CONTRACT, column=column
    )


def _repeated(config: ModelConfig, checked: CheckedRows) -> Measurement:
    """Judge repeated ids, or wholly repeated rows where predictions have no id."""
    name = config.columns.prediction_id
    repeated, n = checked.repeated, checked.n
    if name is None:
        repeated, n = repeated_rows(checked.valid), checked.valid.num_rows
    found = measured(
        "duplicate_share", Kind.QUALITY, share(repeated, n), check=DUPLICATES, column=name or ""
    )
    if name in checked.missing_columns:
        return unjudged(replace(found, value=None, lower=None, upper=None), f"{name} is missing")
    return at_most(found, config.quality.duplicates, min_rows=1)


def _by_column(failures: Iterable[Failure]) -> dict[str, list[Failure]]:
    grouped: dict[str, list[Failure]] = {}
    for failure in failures:
        if failure.rule != REPEATED:
            grouped.setdefault(failure.column, []).append(failure)
    return grouped


def _explained(checked: CheckedRows) -> str:
    worst = [f for f in checked.failures if f.rule != REPEATED][:3]
    parts = (
        f"{f.column} {f.rule}" + (f" (e.g. {', '.join(f.examples[:2])})" if f.examples else "")
        for f in worst
    )
    return f"{checked.invalid:,} of {checked.n:,} rows break the contract: {'; '.join(parts)}"
