"""What the contract says about one window of the prediction log, as measurements."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.measurement import Kind, Measurement, Status
from monitoring_assets.domain.reading import ReadProblem
from monitoring_assets.evaluation.contract import REPEATED, CheckedRows, Failure
from monitoring_assets.evaluation.judge import at_most, measured, unjudged
from monitoring_assets.stats.intervals import share
from monitoring_assets.stats.samples import Estimate

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
    if not checked.n and not any(p.problem == "corrupt_file" for p in problems):
        return (_row_count(0), unjudged(_schema("missing_columns", 0), NO_ROWS))
    return (
        _row_count(checked.n),
        *_schema_measurements(checked, problems, tuple(unexpected_columns)),
        *_contract_measurements(config, checked),
    )


def incomplete(problems: Sequence[ReadProblem]) -> str:
    """Return why the rows are not all there, empty where they are."""
    lost = [p.subject for p in problems if p.problem == "corrupt_file"]
    return f"cannot be read: {', '.join(lost)}" if lost else ""


def _row_count(n: int) -> Measurement:
    status, reason = (Status.OK, "") if n else (Status.BAD, NO_ROWS)
    return Measurement(
        metric="row_count",
        kind=Kind.NO_DATA,
        check=HAS_ROWS,
        value=float(n),
        n=n,
        threshold=1,
        status=status,
        reason=reason,
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
    invalid = _invalid(share(_invalid_rows(checked), checked.n))
    judged = at_most(invalid, config.quality.invalid_rows, min_rows=1)
    if judged.status is Status.BAD:
        judged = judged.with_verdict(Status.BAD, _explained(checked), judged.threshold)
    yield judged
    for column, failures in _by_column(checked.failures).items():
        broken = min(sum(f.n for f in failures), checked.n)
        rules = "; ".join(f"{column} {f.rule} in {f.n:,} rows" for f in failures)
        limit = config.quality.invalid_rows
        status = Status.BAD if broken / checked.n > limit else Status.INFO
        of_column = _invalid(share(broken, checked.n), column)
        yield of_column.with_verdict(status, rules, limit if status is Status.BAD else None)
    yield _repeated(config, checked)


def _invalid(estimate: Estimate, column: str = "") -> Measurement:
    return measured("invalid_share", Kind.SCHEMA, estimate, check=ROW_CONTRACT, column=column)


def _repeated(config: ModelConfig, checked: CheckedRows) -> Measurement:
    repeated = measured(
        "duplicate_share",
        Kind.QUALITY,
        share(checked.repeated, checked.n),
        check=DUPLICATES,
        column=config.columns.prediction_id or "",
    )
    return at_most(repeated, config.quality.duplicates, min_rows=1)


def _invalid_rows(checked: CheckedRows) -> int:
    """Return the rows that break a rule other than being unique."""
    reasons = checked.quarantined.column("quarantine_reason").to_pylist()
    return sum(1 for reason in reasons if not _only_repeated(reason))


def _only_repeated(reason: str) -> bool:
    return all(part.endswith(REPEATED) for part in reason.split("; "))


def _by_column(failures: Iterable[Failure]) -> dict[str, list[Failure]]:
    grouped: dict[str, list[Failure]] = {}
    for failure in failures:
        if failure.rule != REPEATED:
            grouped.setdefault(failure.column, []).append(failure)
    return grouped


def _explained(checked: CheckedRows) -> str:
    worst = [f for f in checked.failures if f.rule != REPEATED][:3]
    parts = [f"{f.column} {f.rule} (e.g. {', '.join(f.examples[:2])})" for f in worst]
    return f"{_invalid_rows(checked):,} of {checked.n:,} rows break the contract: " + "; ".join(
        parts
    )
