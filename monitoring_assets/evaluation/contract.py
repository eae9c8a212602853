"""The contract of the prediction log: which columns, of which kind, within which limits.

The contract comes from the model's YAML; pandera checks it lazily, so that all failures of all
columns are known at once. Rows that break it are set aside with the reason and the rest is
judged; a column that fails as a whole (missing, or of the wrong type) is emptied and the rows
stay. Whether the *distribution* of valid rows is sound belongs to `evaluation.quality`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitoring_assets.config.model import Feature, ModelConfig
from monitoring_assets.evaluation.table import as_numbers, as_text

REASON = "quarantine_reason"
REPEATED = "repeats an earlier id"
MOST_EXAMPLES = 5


class Form(StrEnum):
    """In which form the values of a column are kept."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"

    @property
    def arrow_type(self) -> pa.DataType:
        """Return the Arrow type of the form."""
        return _ARROW_TYPES[self]

    @property
    def missing(self) -> str:
        """Return what is said of a value that must be there and is not."""
        return _MISSING[self]


_ARROW_TYPES = {
    Form.TEXT: pa.string(),
    Form.NUMBER: pa.float64(),
    Form.TIME: pa.timestamp("us", tz="UTC"),
}
_MISSING = {
    Form.TEXT: "has no value",
    Form.NUMBER: "has no finite value",
    Form.TIME: "has no readable time",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRule:
    """What one column of the log must look like.

    Attributes:
        description: What the column is, shown in the UI.
        minimum: Smallest valid number.
        maximum: Largest valid number.
        allowed: The only valid texts.
    """

    name: str
    form: Form
    description: str
    is_nullable: bool = True
    is_unique: bool = False
    minimum: float | None = None
    maximum: float | None = None
    allowed: frozenset[str] | None = None

    @property
    def can_be_broken(self) -> bool:
        """Return whether there is anything to check beyond the form."""
        limits = (self.minimum, self.maximum, self.allowed)
        return not self.is_nullable or self.is_unique or any(x is not None for x in limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The rows of one column that break one rule.

    Attributes:
        rule: What is wrong, as the end of a sentence that begins with the column's name.
        examples: A few of the values concerned, as they were stored.
    """

    column: str
    rule: str
    n: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CheckedRows:
    """Rows divided by the contract.

    Attributes:
        valid: Rows that keep the contract: every column of the contract in its form.
        quarantined: Rows that break it, as they were stored, with a column that says why.
        invalid: How many of them break another rule than that ids are unique.
        failures: What was broken, the most frequent first; repeated ids are among them.
        missing_columns: Columns of the contract that are not stored.
        wrong_types: Columns none of whose values has the right form, with what they hold.
        text_numbers: Numeric columns that are stored as text and can be read.
    """

    valid: pa.Table
    quarantined: pa.Table
    invalid: int
    failures: tuple[Failure, ...]
    missing_columns: tuple[str, ...]
    wrong_types: Mapping[str, str]
    text_numbers: tuple[str, ...]

    @property
    def n(self) -> int:
        """Return how many rows were checked."""
        return int(self.valid.num_rows + self.quarantined.num_rows)

    @property
    def repeated(self) -> int:
        """Return how many rows repeat the id of an earlier one."""
        return sum(f.n for f in self.failures if f.rule == REPEATED)


def contract(
    config: ModelConfig, seen: Mapping[str, frozenset[str]] | None = None
) -> tuple[ColumnRule, ...]:
    """Return the rules of what is copied of a model's prediction log.

    Args:
        config: The model.
        seen: The categories of the reference by column, for `allowed: reference`.
    """
    rules = {rule.name: rule for rule in _rules(config, seen or {})}
    return tuple(rule for rule in rules.values() if rule.name in config.log_columns)


def reference_contract(config: ModelConfig) -> tuple[ColumnRule, ...]:
    """Return the rules of a model's reference: those of the log, with the truth as a column."""
    every = {rule.name: rule for rule in _rules(config, {})}.values()
    rules = [rule for rule in every if rule.name != config.columns.timestamp]
    label = config.label_column
    if label is not None and label not in {rule.name for rule in rules}:
        form = Form.NUMBER if config.task == "regression" else Form.TEXT
        rules.append(ColumnRule(name=label, form=form, description="Truth"))
    return (ColumnRule(name=config.columns.timestamp, form=Form.TIME, description=""), *rules)


def _rules(config: ModelConfig, seen: Mapping[str, frozenset[str]]) -> Iterator[ColumnRule]:
    roles = config.columns
    number_or_class = Form.NUMBER if config.task == "regression" else Form.TEXT
    yield ColumnRule(
        name=roles.timestamp, form=Form.TIME, description="Event time", is_nullable=False
    )
    if roles.prediction_id:
        yield ColumnRule(
            name=roles.prediction_id,
            form=Form.TEXT,
            description="Unique id of the prediction",
            is_nullable=False,
            is_unique=True,
        )
    yield ColumnRule(
        name=roles.prediction, form=number_or_class, description="Prediction", is_nullable=False
    )
    if roles.score:
        yield ColumnRule(
            name=roles.score,
            form=Form.NUMBER,
            description=f"Predicted probability of class {config.positive_text}",
            is_nullable=False,
            minimum=0,
            maximum=1,
        )
    if roles.label:
        yield ColumnRule(name=roles.label, form=number_or_class, description="Truth")
    if roles.model_version:
        yield ColumnRule(name=roles.model_version, form=Form.TEXT, description="Model version")
    for name, feature in config.features.items():
        yield _feature_rule(name, feature, seen)
    for name in config.segments:
        if name not in config.features:
            yield ColumnRule(name=name, form=Form.TEXT, description="Segment")


def _feature_rule(name: str, feature: Feature, seen: Mapping[str, frozenset[str]]) -> ColumnRule:
    if feature.allowed == "reference":
        allowed = seen.get(name)
    else:
        allowed = None if feature.allowed is None else frozenset(map(_text, feature.allowed))
    is_number = feature.type == "numeric"
    return ColumnRule(
        name=name,
        form=Form.NUMBER if is_number else Form.TEXT,
        description=f"{feature.type.capitalize()} feature",
        is_nullable=feature.nullable,
        minimum=feature.min,
        maximum=feature.max,
        allowed=allowed,
    )


def _text(value: object) -> str:
    return str(as_text(pa.array([value]))[0].as_py())


def check_rows(rows: pa.Table, rules: Iterable[ColumnRule]) -> CheckedRows:
    """Divide rows into those that keep the contract and those that break it."""
    rules = tuple(rules)
    missing = tuple(rule.name for rule in rules if rule.name not in rows.column_names)
    columns: dict[str, pa.Array] = {}
    unreadable: dict[str, NDArray[np.bool_]] = {}
    wrong_types: dict[str, str] = {}
    for rule in rules:
        columns[rule.name], bad = _in_form(rows, rule)
        is_wholly_bad = bad.any() and columns[rule.name].null_count == len(bad)
        if is_wholly_bad:
            stored = rows.column(rule.name)
            wrong_types[rule.name] = f"holds {stored.type}, e.g. {_shown(stored.drop_null()[0])}"
        elif bad.any():
            unreadable[rule.name] = bad
    table = pa.table(columns, schema=pa.schema([(r.name, r.form.arrow_type) for r in rules]))
    checked = tuple(r for r in rules if r.name not in missing and r.name not in wrong_types)
    broken = tuple(_broken_cells(table, checked, unreadable))
    is_valid = np.ones(rows.num_rows, dtype=bool)
    for cell in broken:
        is_valid[cell.positions] = False
    failures = [_failure(rows, cell) for cell in broken]
    return CheckedRows(
        valid=table.filter(pa.array(is_valid)) if broken else table,
        quarantined=_quarantined(rows, np.flatnonzero(~is_valid), broken),
        invalid=len(_union(cell.positions for cell in broken if cell.rule != REPEATED)),
        failures=tuple(sorted(failures, key=lambda f: (-f.n, f.column, f.rule))),
        missing_columns=missing,
        wrong_types=wrong_types,
        text_numbers=tuple(_text_numbers(rows, checked)),
    )


def _in_form(rows: pa.Table, rule: ColumnRule) -> tuple[pa.Array, NDArray[np.bool_]]:
    """Return a column in its form, and a mask of values that do not have it."""
    nothing = np.zeros(rows.num_rows, dtype=bool)
    if rule.name not in rows.column_names:
        return pa.nulls(rows.num_rows, rule.form.arrow_type), nothing
    column = rows.column(rule.name)
    match rule.form:
        case Form.NUMBER:
            return as_numbers(column)
        case Form.TEXT:
            return as_text(column), nothing
        case Form.TIME:
            return column.combine_chunks().cast(rule.form.arrow_type), nothing


def _text_numbers(rows: pa.Table, rules: Iterable[ColumnRule]) -> Iterator[str]:
    for rule in rules:
        kind = rows.schema.field(rule.name).type
        if rule.form is Form.NUMBER and (pa.types.is_string(kind) or pa.types.is_dictionary(kind)):
            yield rule.name


@dataclass(frozen=True, slots=True, eq=False)
class _Broken:
    """The positions, ascending, of the rows that break one rule of one column."""

    column: str
    rule: str
    positions: NDArray[np.int64]


def _broken_cells(
    table: pa.Table, rules: tuple[ColumnRule, ...], unreadable: Mapping[str, NDArray[np.bool_]]
) -> Iterator[_Broken]:
    for name, mask in unreadable.items():
        yield _Broken(name, "is not a number", np.flatnonzero(mask))
    for cell in _pandera_failures(table, tuple(rule for rule in rules if rule.can_be_broken)):
        positions = cell.positions
        if cell.column in unreadable:  # already said: the value is not missing but unreadable
            positions = positions[~unreadable[cell.column][positions]]
        if cell.rule == REPEATED:  # a row without an id repeats no other
            present = table.column(cell.column).is_valid().to_numpy()
            positions = positions[present[positions]]
        if len(positions):
            yield _Broken(cell.column, cell.rule, positions)


def _pandera_failures(table: pa.Table, rules: tuple[ColumnRule, ...]) -> Iterator[_Broken]:
    """Yield what pandera finds, one rule of one column after the other."""
    import pandas as pd
    import pandera.errors

    if not table.num_rows or not rules:
        return
    columns = pa.table({rule.name: _comparable(table.column(rule.name)) for rule in rules})
    frame = columns.to_pandas(types_mapper=pd.ArrowDtype)  # no copy, and no object per text
    try:
        pandera_schema(rules).validate(frame, lazy=True, inplace=True)
    except pandera.errors.SchemaErrors as error:
        missing = {rule.name: rule.form.missing for rule in rules}
        cases = error.failure_cases.dropna(subset=["index"])
        for (column, check), found in cases.groupby(["column", "check"], sort=False):
            names = {"field_uniqueness": REPEATED, "not_nullable": missing[column]}
            positions = np.sort(found["index"].to_numpy(dtype=np.int64))
            yield _Broken(column, names.get(check, check), positions)


def _comparable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return infinite numbers as missing: they are a matter of quality, not of limits."""
    if not pa.types.is_floating(column.type):
        return column
    return pc.if_else(pc.is_finite(column), column, None)


@lru_cache(maxsize=64)
def pandera_schema(rules: tuple[ColumnRule, ...]) -> Any:
    """Return the pandera `DataFrameSchema` of a contract."""
    import pandera.pandas as pandera

    columns = {
        rule.name: pandera.Column(
            checks=list(_checks(rule)),
            nullable=rule.is_nullable,
            unique=rule.is_unique,
            report_duplicates="exclude_first",
            description=rule.description,
        )
        for rule in rules
    }
    return pandera.DataFrameSchema(columns)


def _checks(rule: ColumnRule) -> Iterator[Any]:
    from pandera.pandas import Check

    if rule.minimum is not None:
        yield Check.ge(rule.minimum, error=f"is below {rule.minimum:g}")
    if rule.maximum is not None:
        yield Check.le(rule.maximum, error=f"is above {rule.maximum:g}")
    if rule.allowed is not None:
        yield Check.isin(sorted(rule.allowed), error="is not an allowed category")


def _union(positions: Iterable[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return every position once, ascending."""
    return np.unique(np.concatenate([np.empty(0, dtype=np.int64), *positions]))


def _quarantined(
    rows: pa.Table, positions: NDArray[np.int64], broken: tuple[_Broken, ...]
) -> pa.Table:
    """Return the rows at `positions` with all their reasons."""
    why = [
        pc.if_else(
            pa.array(np.isin(positions, cell.positions)), f"{cell.column} {cell.rule}", None
        )
        for cell in broken
    ]
    reasons = (
        pc.binary_join_element_wise(*why, "; ", null_handling="skip")
        if why
        else pa.nulls(0, pa.string())
    )
    return rows.take(pa.array(positions)).append_column(REASON, reasons)


def _failure(rows: pa.Table, cell: _Broken) -> Failure:
    values = rows.column(cell.column).take(pa.array(cell.positions[:MOST_EXAMPLES])).drop_null()
    return Failure(
        column=cell.column,
        rule=cell.rule,
        n=len(cell.positions),
        examples=tuple(dict.fromkeys(map(_shown, values))),
    )


def _shown(value: pa.Scalar) -> str:
    text = str(value.as_py())
    return text if len(text) <= 40 else f"{text[:39]}…"  # noqa: PLR2004 - fits a table cell
