from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from monitoring_assets.domain.measurement import Kind, Status
from monitoring_assets.domain.reading import ReadProblem
from monitoring_assets.evaluation.labels import KnownLabels, are_due, measure_coverage
from monitoring_assets_tests.evaluation.models import day, model

COLUMNS = {"timestamp": "at", "prediction": "p", "prediction_id": "id"}
LABELS = {"path": "labels", "prediction_id": "key", "label": "truth", "known_at": "when"}
T0 = datetime(2026, 3, 5, tzinfo=UTC)
NOWHERE = {"timestamp": "at", "prediction": "p"}


def labelled(**changes: object):
    return model(columns=COLUMNS, labels=LABELS, **changes)


def stored(*rows: tuple[object, object, int | None]) -> pa.Table:
    """Return labels of `(id, truth, days after T0)`."""
    when = [None if d is None else T0 + timedelta(days=d) for _, _, d in rows]
    return pa.table(
        {
            "key": [i for i, _, _ in rows],
            "truth": [y for _, y, _ in rows],
            "when": pa.array(when, pa.timestamp("us", "UTC")),
        }
    )


def known(labels: pa.Table, *ids: str, **changes: object) -> list[tuple[str, object]]:
    found = KnownLabels(labelled(**changes), labels).of(pa.chunked_array([pa.array(ids)]))
    return list(zip(found["prediction_id"].to_pylist(), found["truth"].to_pylist(), strict=True))


def test_the_label_that_was_known_last_counts():
    labels = stored(("a", 0, 2), ("a", 1, 9), ("a", 0, 5))
    assert known(labels, "a") == [("a", "1")]


def test_of_labels_known_at_the_same_time_the_last_one_stored_counts():
    assert known(stored(("a", 0, 2), ("a", 1, 2)), "a") == [("a", "1")]


def test_a_label_without_a_time_gives_way_to_one_with_a_time():
    assert known(stored(("a", 0, 2), ("a", 1, None)), "a") == [("a", "0")]


def test_without_any_time_the_last_one_stored_counts():
    assert known(stored(("a", 0, None), ("a", 1, None)), "a") == [("a", "1")]


def test_a_missing_truth_is_no_correction():
    assert known(stored(("a", 1, 2), ("a", None, 9)), "a") == [("a", "1")]


def test_there_are_at_most_as_many_labels_as_ids():
    labels = stored(*[(f"id-{i % 7}", i % 2, i) for i in range(100)])
    assert len(known(labels, *[f"id-{i}" for i in range(7)])) == 7


def test_labels_of_unknown_ids_are_left_out():
    assert known(stored(("a", 1, 2), ("stranger", 1, 2)), "a", "b") == [("a", "1")]


def test_labels_come_in_the_order_of_the_ids():
    labels = stored(("a", 0, 9), ("b", 1, 2), ("c", 0, 4))
    assert [i for i, _ in known(labels, "c", "a", "b")] == ["c", "a", "b"]


def test_labels_known_before_the_prediction_count():
    assert known(stored(("a", 1, -400)), "a") == [("a", "1")]


def test_ids_are_compared_as_text():
    assert known(stored((1, 1, 2), (2, 0, 2)), "2") == [("2", "0")]


def test_a_prediction_without_an_id_has_no_label():
    labels = stored(("a", 1, 2), (None, 0, 2))
    ids = pa.chunked_array([pa.array(["a", None])])
    assert KnownLabels(labelled(), labels).of(ids).num_rows == 1


def test_the_truth_of_a_regression_is_a_number():
    assert known(stored(("a", "2.5", 2)), "a", task="regression") == [("a", 2.5)]


def test_a_truth_of_nan_is_no_label():
    assert known(stored(("a", float("nan"), 2)), "a", task="regression") == []


def test_labels_without_a_time_column_are_taken_as_stored():
    labels = stored(("a", 0, 2), ("a", 1, 1)).drop(["when"])
    assert known(labels, "a") == [("a", "1")]


def test_no_labels_at_all_are_no_fault():
    labels = KnownLabels(labelled(), pa.table({}))
    assert labels.faults == ()
    assert labels.of(pa.chunked_array([pa.array(["a"])])).num_rows == 0


def test_a_missing_column_is_told():
    (fault,) = KnownLabels(labelled(), stored(("a", 1, 2)).drop(["truth"])).faults
    assert (fault.status, fault.kind, fault.check) == (
        Status.BAD,
        Kind.NO_DATA,
        "label_coverage",
    )
    assert (fault.column, fault.reason) == ("truth", "the labels have no column truth")


def test_damaged_files_are_told_once():
    problems = [
        ReadProblem(problem="corrupt_file", subject=name, detail="cut off") for name in "ab"
    ]
    (fault,) = KnownLabels(labelled(), stored(("a", 1, 2)), problems).faults
    assert (fault.status, fault.reason) == (Status.ERROR, "labels cannot be read: a, b")


# -- coverage ------------------------------------------------------------------------------------


def coverage(n_labelled: int, n: int, age: timedelta, config=None):
    config = config or labelled()
    window = day(config)
    return measure_coverage(config, window, n_labelled, n, window.end + age)


YOUNG, DUE = timedelta(days=14, seconds=-1), timedelta(days=14)


@pytest.mark.parametrize(
    ("n_labelled", "age", "status"),
    [
        (89, YOUNG, Status.UNJUDGED),
        (90, YOUNG, Status.OK),
        (91, YOUNG, Status.OK),
        (89, DUE, Status.BAD),
        (90, DUE, Status.OK),
        (0, DUE, Status.BAD),
        (0, YOUNG, Status.UNJUDGED),
    ],
)
def test_missing_labels_are_bad_only_when_they_should_be_there(n_labelled, age, status):
    assert coverage(n_labelled, 100, age).status is status


def test_young_labels_say_when_they_are_expected():
    reason = "50 of 100 predictions are labelled, expected after 14 days"
    assert coverage(50, 100, YOUNG).reason == reason


def test_short_waits_are_told_in_hours():
    config = labelled(performance={"complete_after": "36h"})
    assert coverage(50, 100, timedelta(0), config).reason.endswith("expected after 36 hours")


def test_without_predictions_nothing_is_missing():
    assert coverage(0, 0, DUE).status is Status.UNJUDGED


def test_a_model_without_labels_waits_for_none():
    assert coverage(0, 100, DUE, model(columns=NOWHERE)).status is Status.INFO


@pytest.mark.parametrize(("age", "is_due"), [(YOUNG, False), (DUE, True)])
def test_labels_are_due_some_time_after_the_window(age, is_due):
    config = labelled()
    assert are_due(config, day(config), day(config).end + age) is is_due
