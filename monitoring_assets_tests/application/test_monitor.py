from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring_assets.application.monitor import digest
from monitoring_assets.application.ports import RunInfo
from monitoring_assets.domain.errors import SourceError
from monitoring_assets.domain.measurement import Status
from monitoring_assets_tests.application.scenario import (
    FIRST_DAY,
    ROWS,
    known,
    rows_of,
    without,
)

DUE = timedelta(days=15)


def labels_of(n: int, day_after: int = 1, first: int = 0, **changed: int) -> pa.Table:
    truth = rows_of(FIRST_DAY)["churned"].to_pylist()
    labels = {f"{FIRST_DAY}-{i}": truth[i] for i in range(first, first + n)}
    return known(FIRST_DAY + timedelta(days=day_after), labels | changed)


@pytest.fixture
def made(scenario):
    made = scenario(labels="files")
    made.write()
    return made


# -- labels from elsewhere -----------------------------------------------------------------------


def test_labels_are_joined_by_id(made):
    made.write_labels(labels_of(ROWS))
    judged = made.judge()
    assert judged.find("label_coverage").value == 1
    assert judged.find("accuracy").n == ROWS
    assert judged.checks["performance"].status is Status.OK


def test_a_correction_changes_the_performance(made):
    made.write_labels(labels_of(ROWS))
    before = made.judge().find("accuracy").value
    truth = rows_of(FIRST_DAY)
    wrong = {
        i: 1 - p
        for i, p in zip(truth["id"].to_pylist(), truth["predicted"].to_pylist(), strict=True)
    }
    made.write_labels(known(FIRST_DAY + timedelta(days=9), wrong), "part-1")
    made.monitor.read_labels()
    assert made.judge().find("accuracy").value == 0 != before


def test_performance_waits_for_enough_labels(made):
    made.write_labels(labels_of(60))
    checks = made.judge().checks
    assert checks["label_coverage"].status is Status.UNJUDGED
    assert checks["performance"].status is Status.UNJUDGED
    assert checks["performance"].reason.startswith("50% of predictions are labelled")


def test_labels_that_stay_away_are_missing_data(made):
    made.write_labels(labels_of(60))
    coverage = made.judge(after=DUE).checks["label_coverage"]
    assert (coverage.status, coverage.kind) == (Status.BAD, "no_data")
    assert coverage.reason == "60 of 120 predictions are labelled"


def test_labels_of_strangers_are_none(made):
    made.write_labels(known(FIRST_DAY, {"stranger": 1}))
    assert made.judge().find("label_coverage").value == 0


def test_labels_of_rows_that_were_set_aside_do_not_count(made):
    rows = rows_of(FIRST_DAY)
    made.write(rows.set_column(2, "score", [[2.0] * 20 + rows["score"].to_pylist()[20:]]))
    made.write_labels(labels_of(ROWS))
    judged = made.judge()
    assert (judged.find("label_coverage").value, judged.find("label_coverage").n) == (1, 100)


def test_no_label_file_yet_is_no_trouble(made):
    checks = made.judge().checks
    assert checks["label_coverage"].status is Status.UNJUDGED
    assert checks["performance"].reason == "no label has arrived"


def test_a_damaged_label_file_is_told(made):
    file = made.write_labels(labels_of(60))
    made.write_labels(labels_of(60, first=60), "part-1")
    file.write_bytes(file.read_bytes()[:-50])
    coverage = made.judge().checks["label_coverage"]
    assert coverage.status is Status.ERROR
    assert coverage.reason == "labels cannot be read: part-0.parquet"


def test_labels_without_their_column_are_told(made):
    made.write_labels(without(labels_of(ROWS), "churned"))
    coverage = made.judge().checks["label_coverage"]
    assert coverage.status is Status.BAD
    assert coverage.reason == "the labels have no column churned"


def test_measurements_of_a_window_have_names_of_their_own(made):
    made.write_labels(labels_of(ROWS))
    for evaluation in made.judge().evaluations.values():
        keys = [(m.metric, m.column, m.segment, m.version) for m in evaluation.measurements]
        assert len(set(keys)) == len(keys)


def test_a_digest_changes_with_labels_and_not_with_their_times():
    def labels(values: list[str], day: int) -> pa.Table:
        times = pa.array([day] * len(values), pa.timestamp("us", "UTC"))
        return pa.table({"prediction_id": ["a", "b"], "truth": values, "known_at": times})

    first = digest(labels(["0", "1"], 1))
    assert first == digest(labels(["0", "1"], 2))
    assert first != digest(labels(["0", "0"], 1))
    assert first != digest(labels(["01", ""], 1))


# -- the reference -------------------------------------------------------------------------------


def test_a_reference_that_is_not_stored_is_missed(scenario):
    made = scenario()
    made.write()
    monitor = made.new_monitor()
    assert not monitor.has_reference()
    with pytest.raises(SourceError, match="materialize its partition 'v1' first"):
        monitor.take_log(made.window(), RunInfo(run_id="r", computed_at=made.window().end))


def test_a_stored_reference_serves_other_monitors(scenario):
    made = scenario()
    made.write()
    stored = made.monitor.take_reference("v1")
    other = made.new_monitor()
    other.ports.artifacts.write_table(
        "churn/reference_dataset/v1.parquet",
        made.monitor.ports.artifacts.read_table("churn/reference_dataset/v1.parquet"),
    )
    assert other.has_reference()
    assert other.reference().rows == stored.reference.rows
    assert other.reference().stored_columns == stored.reference.stored_columns


def test_a_damaged_reference_is_an_error(scenario):
    made = scenario()
    file = made.folder / "reference.parquet"
    file.write_bytes(file.read_bytes()[:-50])
    with pytest.raises(SourceError, match=r"reference v1: reference.parquet: "):
        _ = made.monitor


def test_a_reference_without_a_valid_row_is_an_error(scenario):
    made = scenario()
    rows = rows_of(FIRST_DAY)
    bad = rows.set_column(2, "score", [[2.0] * ROWS])
    pq.write_table(bad, made.folder / "reference.parquet")
    with pytest.raises(SourceError, match="no valid row among 120: score is above 1"):
        _ = made.monitor


def test_a_reference_is_cut_at_its_times(scenario):
    cut = {"path": "reference.parquet", "from": "2026-02-20", "to": "2026-02-22"}
    made = scenario(changes={"reference": {"active": "v1", "versions": {"v1": cut}}})
    assert made.monitor.reference().rows.num_rows == 2 * ROWS


def test_columns_that_the_reference_holds_are_not_unexpected(scenario):
    made = scenario()
    file = made.folder / "reference.parquet"
    rows = pq.read_table(file)
    pq.write_table(rows.append_column("note", [["x"] * rows.num_rows]), file)
    day = rows_of(FIRST_DAY)
    made.write(day.append_column("note", [["x"] * ROWS]).append_column("tag", [["y"] * ROWS]))
    assert made.judge().find("unexpected_columns").reason == "not monitored: tag"


# -- the log -------------------------------------------------------------------------------------


def test_a_window_that_is_clean_again_leaves_no_quarantine(scenario):
    made = scenario()
    rows = rows_of(FIRST_DAY)
    made.write(rows.set_column(2, "score", [[2.0] * ROWS]))
    assert made.judge().quarantined.num_rows == ROWS
    made.write(rows)
    assert made.judge().quarantined is None


def test_what_was_found_replaces_what_was_found_before(scenario):
    made = scenario()
    made.write(rows_of(FIRST_DAY, 50))
    made.judge()
    made.write(rows_of(FIRST_DAY, 90))
    assert made.judge().find("row_count").value == 90


def test_a_decision_sees_the_checks_of_all_steps(scenario):
    made = scenario()
    made.write(without(rows_of(FIRST_DAY), "age"))
    judged = made.judge()
    run = RunInfo(run_id="r", computed_at=judged.window.end + timedelta(hours=1))
    (decision,) = made.monitor.decide([judged.window], run, is_backfill=False)
    assert decision.failing == ("schema: age is missing",)
    assert made.monitor.ports.alerts.decisions["churn", judged.window.key] == decision


def test_what_was_stored_of_a_window_can_be_forgotten(scenario):
    made = scenario()
    made.write()
    made.judge()
    made.monitor.forget(made.window())
    with pytest.raises(SourceError, match="is not there yet"):
        made.monitor.stored_log(made.window())
