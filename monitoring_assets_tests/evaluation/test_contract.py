from time import process_time

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring_assets.evaluation.contract import (
    ColumnRule,
    Form,
    check_rows,
    contract,
    pandera_schema,
    reference_contract,
)
from monitoring_assets_tests.evaluation.models import NOON, model


def number(name: str = "x", **limits: object) -> ColumnRule:
    return ColumnRule(name=name, form=Form.NUMBER, description="", **limits)


def text(name: str = "c", **limits: object) -> ColumnRule:
    return ColumnRule(name=name, form=Form.TEXT, description="", **limits)


def failures(rows: pa.Table, *rules: ColumnRule) -> list[tuple[str, str, int]]:
    return [(f.column, f.rule, f.n) for f in check_rows(rows, rules).failures]


@pytest.mark.parametrize(
    ("values", "rule", "broken"),
    [
        ([-0.1, 0.0, 0.1], number(minimum=0.0), "is below 0"),
        ([0.9, 1.0, 1.1], number(maximum=1.0), "is above 1"),
        ([1.0, 2.0, None], number(is_nullable=False), "has no finite value"),
        ([1.0, 2.0, float("nan")], number(is_nullable=False), "has no finite value"),
        ([1.0, 2.0, float("inf")], number(is_nullable=False), "has no finite value"),
        (["a", "b", None], text("x", is_nullable=False), "has no value"),
        (["a", "b", "a"], text("x", is_unique=True), "repeats an earlier id"),
        (["a", "b", "z"], text("x", allowed=frozenset("ab")), "is not an allowed category"),
        (["1", "2", "two"], number(), "is not a number"),
    ],
)
def test_one_row_of_three_breaks_a_rule(values, rule, broken):
    assert failures(pa.table({"x": values}), rule) == [("x", broken, 1)]


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_limits_are_for_numbers_that_are_there(value):
    checked = check_rows(pa.table({"x": [0.5, value]}), [number(minimum=0, maximum=1)])
    assert (checked.valid.num_rows, checked.failures) == (2, ())


def test_an_infinite_number_stays_in_the_valid_rows():
    valid = check_rows(pa.table({"x": [0.5, float("inf")]}), [number(maximum=1)]).valid
    assert valid.column("x").to_pylist() == [0.5, float("inf")]


def test_a_missing_value_is_an_allowed_category():
    rule = text(allowed=frozenset("a"))
    assert failures(pa.table({"c": ["a", None]}), rule) == []


def test_the_first_of_equal_ids_is_valid():
    checked = check_rows(pa.table({"c": ["a", "b", "a", "a"]}), [text(is_unique=True)])
    assert checked.valid.column("c").to_pylist() == ["a", "b"]
    assert (checked.repeated, checked.invalid) == (2, 0)


def test_an_unreadable_number_that_must_be_there_is_told_once():
    checked = check_rows(pa.table({"x": ["1", "two", None]}), [number(is_nullable=False)])
    assert checked.quarantined.column("quarantine_reason").to_pylist() == [
        "x is not a number",
        "x has no finite value",
    ]


def test_examples_are_the_values_as_they_were_stored():
    (failure,) = check_rows(pa.table({"x": ["1", "two", "three"]}), [number()]).failures
    assert failure.examples == ("two", "three")


def test_a_long_example_is_cut():
    (failure,) = check_rows(pa.table({"x": ["1", "x" * 100]}), [number()]).failures
    assert failure.examples == ("x" * 39 + "…",)


def test_every_column_of_the_contract_is_in_the_valid_rows_in_its_form():
    checked = check_rows(pa.table({"x": [1]}), [number(), text("gone")])
    assert checked.valid.schema == pa.schema([("x", pa.float64()), ("gone", pa.string())])
    assert checked.missing_columns == ("gone",)


def test_columns_beyond_the_contract_stay_in_the_quarantine_only():
    rows = pa.table({"x": [1.0, 9.0], "more": ["a", "b"]})
    checked = check_rows(rows, [number(maximum=5)])
    assert checked.valid.column_names == ["x"]
    assert checked.quarantined.to_pylist() == [
        {"x": 9.0, "more": "b", "quarantine_reason": "x is above 5"}
    ]


def test_no_rows_keep_every_rule():
    checked = check_rows(pa.table({"x": pa.array([], pa.float64())}), [number(is_nullable=False)])
    assert (checked.n, checked.failures, checked.quarantined.num_rows) == (0, (), 0)


def test_a_column_without_limits_is_left_to_its_form():
    assert not number().can_be_broken
    assert number(minimum=0).can_be_broken


def test_the_schema_of_a_contract_is_made_once():
    assert pandera_schema((number(minimum=0),)) is pandera_schema((number(minimum=0),))


def test_a_hundred_thousand_broken_rows_are_set_aside_quickly():
    n = 100_000
    rows = pa.table({f"x{i}": [2.0] * n for i in range(3)})
    rules = [number(name, maximum=1) for name in rows.column_names]
    began = process_time()
    checked = check_rows(rows, rules)
    assert process_time() - began < 3
    assert (checked.valid.num_rows, checked.quarantined.num_rows) == (0, n)


cells = st.one_of(st.none(), st.floats(), st.integers(-5, 5), st.sampled_from(["1", "x", ""]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(cells, st.sampled_from(["a", "b", None])), max_size=30))
def test_every_row_is_valid_or_set_aside(cells):
    values = [None if v is None else str(v) for v, _ in cells]
    rows = pa.table(
        {
            "x": pa.array(values, pa.string()),
            "c": pa.array([c for _, c in cells], pa.string()),
            "position": pa.array(range(len(cells)), pa.int64()),
        }
    )
    rules = [
        number(minimum=-2, maximum=2, is_nullable=False),
        text(is_unique=True, is_nullable=False),
        number("position"),
    ]
    checked = check_rows(rows, rules)
    valid = checked.valid.column("position").to_pylist()
    aside = checked.quarantined.column("position").to_pylist()
    assert sorted(map(int, valid + aside)) == list(range(len(cells)))
    assert valid == sorted(valid)
    assert checked.invalid <= len(aside)
    assert all(checked.quarantined.column("quarantine_reason").to_pylist())


# -- the contract of a model ---------------------------------------------------------------------


def rule(config, name: str, seen=None) -> ColumnRule:
    (found,) = [r for r in contract(config, seen) if r.name == name]
    return found


def test_the_contract_has_a_rule_for_every_column_of_the_log():
    config = model(segments=("region",))
    assert [r.name for r in contract(config)] == list(config.log_columns)


def test_a_score_is_a_probability():
    score = rule(model(), "s")
    assert (score.minimum, score.maximum, score.is_nullable) == (0, 1, False)


def test_limits_of_a_feature_are_those_of_the_yaml():
    features = {"x": {"type": "numeric", "min": -1, "max": 2.5, "nullable": False}}
    x = rule(model(features=features), "x")
    assert (x.minimum, x.maximum, x.is_nullable) == (-1, 2.5, False)


def test_allowed_categories_are_compared_as_text():
    features = {"c": {"type": "categorical", "allowed": [1, 2.0, True, "a"]}}
    assert rule(model(features=features), "c").allowed == {"1", "2", "a"}


def test_categories_allowed_by_the_reference_are_those_seen_there():
    config = model(features={"c": {"type": "categorical", "allowed": "reference"}})
    assert rule(config, "c", {"c": frozenset("ab")}).allowed == {"a", "b"}


def test_the_reference_may_lack_times_and_holds_the_truth():
    columns = {"timestamp": "at", "prediction": "p", "prediction_id": "id"}
    labels = {"path": "labels", "prediction_id": "id", "label": "truth"}
    rules = {r.name: r for r in reference_contract(model(columns=columns, labels=labels))}
    assert rules["at"].is_nullable
    assert rules["truth"].form is Form.TEXT


def test_the_truth_of_a_regression_is_a_number():
    columns = {"timestamp": "at", "prediction": "p", "label": "truth"}
    rules = {r.name: r for r in contract(model(task="regression", columns=columns))}
    assert rules["truth"].form is Form.NUMBER
    assert rules["p"].form is Form.NUMBER


def test_rows_of_a_model_pass_its_contract():
    rows = pa.table(
        {"at": [NOON], "p": [1], "s": [0.5], "truth": [0], "x": [1], "y": [2], "c": ["a"]}
    )
    assert check_rows(rows, contract(model())).valid.num_rows == 1
