"""What a broken input looks like after a window was monitored: told, and nothing lost."""

import gc
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from time import process_time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring_assets.domain.measurement import Kind, Status
from monitoring_assets_tests.application.scenario import (
    FIRST_DAY,
    ROWS,
    Judged,
    Scenario,
    midnight,
    replaced,
    rows_of,
    without,
)

BAD, ERROR, WARN, OK, UNJUDGED = (
    Status.BAD,
    Status.ERROR,
    Status.WARN,
    Status.OK,
    Status.UNJUDGED,
)
USUAL = rows_of(FIRST_DAY)
HALF = list(range(0, ROWS, 2))


@dataclass(frozen=True)
class Case:
    """An input and what must be said of it.

    Attributes:
        write: Writes the files of the first day; returns how many rows they hold.
        check: The check that tells.
        says: A part of its reason.
        judged: Columns that are judged all the same.
        quarantined: How many rows are set aside, and what is said of them.
    """

    name: str
    write: Callable[[Scenario], int]
    check: str
    status: Status
    kind: Kind
    says: str
    column: str = ""
    judged: tuple[str, ...] = ("amount", "age", "plan")
    quarantined: int = 0
    why: str = ""


def writes(rows: pa.Table) -> Callable[[Scenario], int]:
    def write(scenario: Scenario) -> int:
        scenario.write(rows)
        return rows.num_rows

    return write


def changed(name: str, values: object) -> Callable[[Scenario], int]:
    """Write the usual rows with another column in the place of one of them."""
    position = USUAL.column_names.index(name)
    return writes(USUAL.set_column(position, name, pa.array(values)))


def amounts(value: float, positions: list[int]) -> list[float]:
    return replaced(USUAL.column("amount"), positions, value)


def empty(scenario: Scenario) -> int:
    scenario.write(USUAL.slice(0, 0))
    return 0


def truncated(scenario: Scenario) -> int:
    file = scenario.write()
    file.write_bytes(file.read_bytes()[:-100])
    return 0


def flipped(scenario: Scenario) -> int:
    scenario.write(USUAL.slice(60), part="part-1")
    file = scenario.write(USUAL.slice(0, 60))
    column = pq.read_metadata(file).row_group(0).column(2)
    content = bytearray(file.read_bytes())
    content[column.data_page_offset + column.total_compressed_size // 4] ^= 1
    file.write_bytes(bytes(content))
    return 60


def zero_bytes(scenario: Scenario) -> int:
    scenario.write().write_bytes(b"")
    return 0


CASES = [
    Case(
        name="an empty file",
        write=empty,
        check="has_rows",
        status=BAD,
        kind=Kind.NO_DATA,
        says="the window has no rows",
        judged=(),
    ),
    Case(
        name="no file at all",
        write=lambda _: 0,
        check="has_rows",
        status=BAD,
        kind=Kind.NO_DATA,
        says="the window has no rows",
        judged=(),
    ),
    Case(
        name="a missing feature",
        write=writes(without(USUAL, "age")),
        check="schema",
        status=BAD,
        kind=Kind.SCHEMA,
        says="age is missing",
        column="age",
        judged=("amount", "plan"),
    ),
    Case(
        name="a missing prediction",
        write=writes(without(USUAL, "predicted")),
        check="schema",
        status=BAD,
        kind=Kind.SCHEMA,
        says="predicted is missing",
        column="predicted",
    ),
    Case(
        name="a missing id",
        write=writes(without(USUAL, "id")),
        check="schema",
        status=BAD,
        kind=Kind.SCHEMA,
        says="id is missing",
        column="id",
    ),
    Case(
        name="numbers that became text that are no numbers",
        write=changed("age", [f"{a} years" for a in USUAL.column("age").to_pylist()]),
        check="schema",
        status=BAD,
        kind=Kind.SCHEMA,
        says="age holds string, e.g. ",
        column="age",
        judged=("amount", "plan"),
    ),
    Case(
        name="numbers that became text",
        write=changed("age", list(map(str, USUAL.column("age").to_pylist()))),
        check="schema",
        status=WARN,
        kind=Kind.SCHEMA,
        says="age arrives as text",
        column="age",
    ),
    Case(
        name="a few numbers that became text",
        write=changed("age", replaced(map(str, USUAL.column("age").to_pylist()), [3, 7], "old")),
        check="row_contract",
        status=BAD,
        kind=Kind.SCHEMA,
        says="age is not a number",
        column="age",
        quarantined=2,
        why="age is not a number",
    ),
    Case(
        name="numbers that became lists",
        write=changed("age", [[a] for a in USUAL.column("age").to_pylist()]),
        check="schema",
        status=BAD,
        kind=Kind.SCHEMA,
        says="age holds list",
        column="age",
        judged=("amount", "plan"),
    ),
    Case(
        name="text that became numbers",
        write=changed("plan", [i % 3 for i in range(ROWS)]),
        check="value_ranges",
        status=BAD,
        kind=Kind.QUALITY,
        says="plan: 100.0% of values are unseen in the reference: '0', '1', '2'",
        column="plan",
    ),
    Case(
        name="text that became lists",
        write=changed("plan", [["basic"]] * ROWS),
        check="value_ranges",
        status=BAD,
        kind=Kind.QUALITY,
        says="plan: 100.0% of values are unseen",
        column="plan",
    ),
    Case(
        name="text that became bytes",
        write=changed("plan", [b"\xff"] * ROWS),
        check="value_ranges",
        status=BAD,
        kind=Kind.QUALITY,
        says="plan: 100.0% of values are unseen",
        column="plan",
    ),
    Case(
        name="two files with different types",
        write=lambda s: (
            (
                s.write(USUAL.slice(0, 60)),
                s.write(
                    USUAL.slice(60).set_column(5, "age", pa.array(["many"] * 60)),
                    part="part-1",
                ),
            )
            and ROWS
        ),
        check="schema",
        status=BAD,
        kind=Kind.SCHEMA,
        says="age is ",
        column="age",
        quarantined=60,
        why="age is not a number",
    ),
    Case(
        name="a column of nulls",
        write=changed("amount", pa.nulls(ROWS, pa.float64())),
        check="missing_values",
        status=BAD,
        kind=Kind.QUALITY,
        says="amount: missing_share 1 is above 0.05",
        column="amount",
        judged=("age", "plan"),
    ),
    Case(
        name="a column of nulls without a type",
        write=changed("amount", pa.nulls(ROWS)),
        check="missing_values",
        status=BAD,
        kind=Kind.QUALITY,
        says="amount: missing_share 1 is above 0.05",
        column="amount",
        judged=("age", "plan"),
    ),
    Case(
        name="NaN is missing",
        write=changed("amount", amounts(math.nan, HALF)),
        check="missing_values",
        status=BAD,
        kind=Kind.QUALITY,
        says="amount: missing_share 0.5 is above 0.05",
        column="amount",
    ),
    Case(
        name="infinity",
        write=changed("amount", amounts(math.inf, [0, 1, 2])),
        check="value_ranges",
        status=BAD,
        kind=Kind.QUALITY,
        says="amount: infinite_share 0.025 is above 0.001",
        column="amount",
    ),
    Case(
        name="a score of NaN",
        write=changed("score", replaced(USUAL.column("score"), [5, 6], math.nan)),
        check="row_contract",
        status=BAD,
        kind=Kind.SCHEMA,
        says="score has no finite value",
        column="score",
        quarantined=2,
        why="score has no finite value",
    ),
    Case(
        name="numbers beyond the contract",
        write=changed("amount", amounts(5000, [4, 5])),
        check="row_contract",
        status=BAD,
        kind=Kind.SCHEMA,
        says="amount is above 1000 (e.g. 5000.0)",
        column="amount",
        quarantined=2,
        why="amount is above 1000",
    ),
    Case(
        name="a truncated file",
        write=truncated,
        check="schema",
        status=ERROR,
        kind=Kind.SCHEMA,
        says="part-0.parquet",
        judged=(),
    ),
    Case(
        name="a flipped byte",
        write=flipped,
        check="schema",
        status=ERROR,
        kind=Kind.SCHEMA,
        says="part-0.parquet",
        judged=(),
    ),
    Case(
        name="a file without a byte",
        write=zero_bytes,
        check="schema",
        status=ERROR,
        kind=Kind.SCHEMA,
        says="part-0.parquet",
        judged=(),
    ),
    Case(
        name="repeated ids",
        write=changed("id", replaced(USUAL.column("id"), [1, 2, 3], f"{FIRST_DAY}-0")),
        check="duplicates",
        status=BAD,
        kind=Kind.QUALITY,
        says="id: duplicate_share 0.025 is above 0.01",
        column="id",
        quarantined=3,
        why="id repeats an earlier id",
    ),
    Case(
        name="rows without an id",
        write=changed("id", replaced(USUAL.column("id"), [1, 2], None)),
        check="row_contract",
        status=BAD,
        kind=Kind.SCHEMA,
        says="id has no value",
        column="id",
        quarantined=2,
        why="id has no value",
    ),
    Case(
        name="naive timestamps",
        write=changed("at", USUAL.column("at").cast(pa.timestamp("us"))),
        check="schema",
        status=BAD,
        kind=Kind.SCHEMA,
        says="at carries no time zone in 120 rows, taken as UTC",
        column="at",
    ),
    Case(
        name="unreadable timestamps",
        write=changed(
            "at",
            replaced([t.isoformat() for t in USUAL.column("at").to_pylist()], [7, 8], "noon"),
        ),
        check="row_contract",
        status=BAD,
        kind=Kind.SCHEMA,
        says="at has no readable time",
        column="at",
        quarantined=2,
        why="at has no readable time",
    ),
    Case(
        name="a constant column",
        write=changed("amount", [100.0] * ROWS),
        check="constant_columns",
        status=BAD,
        kind=Kind.QUALITY,
        says="amount has the same value in all 120 rows",
        column="amount",
    ),
    Case(
        name="one row",
        write=writes(USUAL.slice(0, 1)),
        check="missing_values",
        status=UNJUDGED,
        kind=Kind.QUALITY,
        says="1 rows are fewer than min_rows 30",
        column="amount",
        judged=(),
    ),
]


@pytest.fixture(scope="module", params=CASES, ids=[case.name.replace(" ", "_") for case in CASES])
def case(request) -> Case:
    return request.param


@pytest.fixture(scope="module")
def told(case, tmp_path_factory) -> tuple[Judged, int]:
    """Return what was found, and how many rows could be read."""
    made = Scenario(tmp_path_factory.mktemp("case"))
    n = case.write(made)
    return made.judge(), n


def test_a_bad_input_gets_a_clear_verdict(case, told):
    check = told[0].checks[case.check]
    assert (check.status, check.kind) == (case.status, case.kind)
    assert case.says in check.reason
    assert not case.column or case.column in check.columns


def test_other_columns_are_judged_all_the_same(case, told):
    judged = {
        m.column
        for m in told[0].evaluations["quality_results"].measurements
        if m.metric == "missing_share" and m.status in {OK, BAD}
    }
    assert judged >= set(case.judged)


def test_no_row_is_lost(case, told):
    judged, n = told
    assert judged.rows == n
    assert judged.rows - judged.valid.num_rows == case.quarantined


def test_quarantined_rows_are_kept_with_the_reason(case, told):
    quarantined = told[0].quarantined
    if not case.quarantined:
        assert quarantined is None
        return
    assert quarantined.column("quarantine_reason").unique().to_pylist() == [case.why]
    assert set(USUAL.column_names) <= set(quarantined.column_names)


@pytest.mark.parametrize(
    "rows",
    [
        without(USUAL, "age"),
        USUAL.set_column(USUAL.column_names.index("age"), "age", pa.array(["old"] * ROWS)),
    ],
)
def test_a_column_that_is_not_there_is_one_trouble_and_not_several(scenario, rows):
    made = scenario()
    made.write(rows)
    judged = made.judge()
    assert judged.failing == {"schema"}
    assert judged.checks["missing_values"].reason == "age is missing or of another type"


def test_a_quiet_day_fails_nowhere(scenario):
    made = scenario()
    made.write()
    judged = made.judge()
    assert {c.status for c in judged.checks.values()} == {OK}
    assert {c.reason for c in judged.checks.values()} == {""}


def test_an_empty_window_is_never_ok(scenario):
    judged = scenario().judge()
    assert OK not in {c.status for c in judged.checks.values()}
    assert judged.failing == {"has_rows"}


@pytest.mark.parametrize("damage", [truncated, flipped, zero_bytes])
def test_nothing_is_ok_of_a_window_with_a_damaged_file(scenario, damage):
    made = scenario()
    n = damage(made)
    judged = made.judge()
    assert judged.failing == {"schema"}
    ok = {name for name, check in judged.checks.items() if check.status is OK}
    assert ok <= ({"has_rows", "label_coverage"} if n else set())


def test_a_damaged_file_says_why_nothing_was_judged(scenario):
    made = scenario()
    zero_bytes(made)
    checks = made.judge().checks
    assert "cannot be read: " in checks["has_rows"].reason
    assert "cannot be read: " in checks["volume"].reason


def test_a_column_more_is_told_and_changes_nothing(scenario):
    made = scenario()
    made.write(USUAL.append_column("note", pa.array(["x"] * ROWS)))
    judged = made.judge()
    assert judged.find("unexpected_columns").reason == "not monitored: note"
    assert {c.status for c in judged.checks.values()} == {OK}


def test_a_quarantined_row_holds_the_values_as_they_were_stored(scenario):
    made = scenario()
    changed("amount", amounts(5000.5, [4]))(made)
    (row,) = made.judge().quarantined.to_pylist()
    assert row == {
        **USUAL.slice(4, 1).to_pylist()[0],
        "amount": 5000.5,
        "quarantine_reason": "amount is above 1000",
    }


def test_a_row_that_breaks_two_rules_is_set_aside_once_with_both(scenario):
    made = scenario()
    rows = USUAL.set_column(2, "score", pa.array(replaced(USUAL.column("score"), [4], 2.0)))
    made.write(rows.set_column(4, "amount", pa.array(amounts(5000, [4]))))
    judged = made.judge()
    assert judged.quarantined.column("quarantine_reason").to_pylist() == [
        "score is above 1; amount is above 1000"
    ]
    assert judged.find("invalid_share").value == pytest.approx(1 / ROWS)


def test_a_missing_id_leaves_duplicates_unjudged(scenario):
    made = scenario()
    made.write(without(USUAL, "id"))
    duplicates = made.judge().checks["duplicates"]
    assert (duplicates.status, duplicates.reason) == (UNJUDGED, "id is missing")


def test_without_ids_wholly_repeated_rows_are_duplicates(scenario):
    columns = {"timestamp": "at", "prediction": "predicted", "score": "score", "label": "churned"}
    made = scenario(changes={"columns": columns})
    made.write(pa.concat_tables([USUAL, USUAL.slice(0, 5)]))
    judged = made.judge()
    assert judged.checks["duplicates"].status is BAD
    assert judged.find("duplicate_share").value == pytest.approx(5 / (ROWS + 5))
    assert judged.rows == ROWS + 5


def test_rows_without_an_id_are_no_duplicates(scenario):
    made = scenario()
    changed("id", replaced(USUAL.column("id"), [1, 2, 3], None))(made)
    assert made.judge().find("duplicate_share", "id").value == 0


def test_fifty_thousand_categories_are_judged_quickly(scenario):
    n = 50_000
    made = scenario(changes={"segments": ["plan"]})
    made.write(rows_of(FIRST_DAY, n, plan=[f"plan-{i}" for i in range(n)]))
    made.monitor  # noqa: B018 - the reference is not what is timed
    gc.collect()
    began = process_time()
    judged = made.judge()
    assert process_time() - began < 2
    ranges = judged.checks["value_ranges"]
    assert ranges.status is BAD
    assert "and about 50,000 more" in ranges.reason


def test_rows_of_other_days_in_the_file_belong_to_their_own_window(scenario):
    made = scenario()
    tomorrow = FIRST_DAY + timedelta(days=1)
    made.write(pa.concat_tables([rows_of(FIRST_DAY), rows_of(tomorrow, 50)]))
    judged = [made.judge(day) for day in (FIRST_DAY, tomorrow)]
    assert [j.valid.num_rows for j in judged] == [ROWS, 50]
    for j in judged:
        stamps = j.valid.column("at").to_pylist()
        assert j.window.start <= min(stamps) <= max(stamps) < j.window.end


@pytest.mark.parametrize(("sunday", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_windows_of_days_when_clocks_change_hold_every_row_once(scenario, sunday, hours):
    made = scenario(
        changes={
            "cadence": {"start": "2026-03-02", "timezone": "Europe/Berlin"},
            "quality": {"expected_rows": 24},
        }
    )
    middle = made.config.cadence.windows.window(sunday)
    start = midnight(middle.start.date()) - timedelta(days=1)
    stamps = [start + timedelta(hours=h) for h in range(24 * 4)]
    n = len(stamps)
    made.write(rows_of(FIRST_DAY, n, at=stamps, id=[str(i) for i in range(n)]))
    days = [middle.start.date() + timedelta(days=d) for d in range(-1, 4)]
    judged = [made.judge(day) for day in days]
    assert all(a.window.end == b.window.start for a, b in pairwise(judged))
    ids = [i for j in judged for i in j.valid.column("id").to_pylist()]
    assert sorted(ids, key=int) == [str(i) for i in range(n)]
    (changed_day,) = [j for j in judged if j.window.key == sunday]
    assert changed_day.valid.num_rows == hours
    assert changed_day.find("volume_ratio").value == pytest.approx(1)


def test_predictions_of_one_class_leave_what_needs_two_unjudged(scenario):
    made = scenario()
    made.write(rows_of(FIRST_DAY, churned=[1] * ROWS))
    auc = made.judge().find("roc_auc")
    assert (auc.status, auc.value) == (UNJUDGED, None)
    assert auc.reason == "roc_auc is not defined on these rows"


def test_a_missing_prediction_is_no_wrong_prediction(scenario):
    made = scenario()
    made.write(without(USUAL, "predicted"))
    performance = made.judge().checks["performance"]
    assert performance.status is UNJUDGED
    assert performance.reason == "no labelled row has a prediction"


def test_a_missing_score_leaves_the_other_metrics_judged(scenario):
    made = scenario()
    made.write(without(USUAL, "score"))
    judged = made.judge()
    assert judged.find("accuracy").status is OK
    assert judged.find("roc_auc").status is UNJUDGED


def test_a_log_without_the_label_column_has_no_labels(scenario):
    made = scenario()
    made.write(without(USUAL, "churned"))
    judged = made.judge(after=timedelta(days=15))
    assert judged.checks["label_coverage"].status is BAD
    assert judged.checks["performance"].reason == "no label has arrived"


def test_a_model_without_labels_is_not_judged_by_them(scenario):
    made = scenario(labels="none")
    made.write()
    checks = made.judge(after=timedelta(days=30)).checks
    assert checks["label_coverage"].status is UNJUDGED
    assert checks["label_coverage"].reason == "the model has no labels"
    assert checks["performance"].reason == "the model has no labels"
