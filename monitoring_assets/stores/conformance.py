"""What every store promises, as checks that run on an empty store of any kind.

A new store is ready when each check of its port passes: call it with the store; a broken promise
is an `AssertionError`. What only one store promises is tested beside that store.
"""
# ruff: noqa: S101

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from monitoring_assets.application.ports import (
    ArtifactStore,
    MeasurementStore,
    RunInfo,
    SourceStates,
)
from monitoring_assets.domain.evaluation import Evaluation
from monitoring_assets.domain.measurement import Kind, Measurement, Status
from monitoring_assets.domain.window import Window

DAY = Window(datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC), "2026-01-02")
NEXT_DAY = Window(DAY.end, DAY.end + timedelta(days=1), "2026-01-03")
NOW = datetime(2026, 1, 3, 6, tzinfo=UTC)
RUN = RunInfo(run_id="run-1", computed_at=NOW)
LATER = RunInfo(run_id="run-2", computed_at=NOW + timedelta(hours=1))

FULL = Measurement(
    metric="drift",
    kind=Kind.FEATURE_DRIFT,
    check="drift",
    column="amount",
    segment="country=DE",
    version="v7",
    value=0.25,
    lower=0.2,
    upper=0.3,
    threshold=0.1,
    n=1_000,
    status=Status.BAD,
    reason="0.25 is above 0.1",
    method="wasserstein",
)
BARE = Measurement(metric="rows", kind=Kind.NO_DATA, n=0, value=None)


def evaluation(*measurements: Measurement, asset: str = "drift_report") -> Evaluation:
    """Return an evaluation of the example window."""
    return Evaluation(
        model="churn",
        asset=asset,
        window=DAY,
        reference_version="2025-q4",
        measurements=measurements,
    )


# Measurements


def every_field_comes_back(store: MeasurementStore) -> None:
    """Numbers, nulls and texts are read as they were written."""
    store.replace(evaluation(FULL, BARE), RUN)
    (read,) = store.of_window("churn", DAY.key)
    assert set(read.measurements) == {FULL, BARE}
    assert replace(read, measurements=()) == evaluation()


def an_unknown_window_is_empty(store: MeasurementStore) -> None:
    """Nothing is read where nothing was written."""
    assert store.of_window("churn", DAY.key) == ()


def replacing_removes_what_disappeared(store: MeasurementStore) -> None:
    """A measurement that the second run no longer made is gone."""
    store.replace(evaluation(FULL, BARE), RUN)
    store.replace(evaluation(BARE), LATER)
    (read,) = store.of_window("churn", DAY.key)
    assert read.measurements == (BARE,)


def replacing_leaves_the_rest_alone(store: MeasurementStore) -> None:
    """Other assets, windows and models keep what they have."""
    others = [
        evaluation(FULL, asset="quality_results"),
        replace(evaluation(FULL), window=NEXT_DAY),
        replace(evaluation(FULL), model="fraud"),
    ]
    for other in [*others, evaluation(FULL)]:
        store.replace(other, RUN)
    store.replace(evaluation(), LATER)
    read = [*store.of_window("churn", DAY.key), *store.of_window("churn", NEXT_DAY.key)]
    assert [*read, *store.of_window("fraud", DAY.key)] == others


def a_window_that_changed_its_length_is_replaced(store: MeasurementStore) -> None:
    """The first hour of a day takes the place of the day when a model becomes hourly."""
    hour = Window(DAY.start, DAY.start + timedelta(hours=1), "2026-01-02-00:00")
    store.replace(evaluation(FULL), RUN)
    store.replace(replace(evaluation(FULL), window=hour), LATER)
    assert store.of_window("churn", DAY.key) == ()


# Source states


def a_recorded_state_is_read_back(store: SourceStates) -> None:
    """Known windows come with their fingerprint, unknown ones are left out."""
    store.put("churn", "predictions", DAY, "abc", NOW)
    assert store.get("churn", "predictions", [DAY.key, NEXT_DAY.key]) == {DAY.key: "abc"}


def the_newest_state_counts(store: SourceStates) -> None:
    """A second record of a window replaces the first."""
    store.put("churn", "predictions", DAY, "abc", NOW)
    store.put("churn", "predictions", DAY, "def", LATER.computed_at)
    assert store.get("churn", "predictions", [DAY.key]) == {DAY.key: "def"}


def models_and_sources_do_not_share_states(store: SourceStates) -> None:
    """Labels are recorded apart from predictions, models apart from each other."""
    store.put("churn", "predictions", DAY, "abc", NOW)
    assert store.get("churn", "labels", [DAY.key]) == {}
    assert store.get("fraud", "predictions", [DAY.key]) == {}


# Artifacts


def a_table_comes_back(store: ArtifactStore) -> None:
    """A table is read with the types it was written with."""
    table = pa.table({"n": pa.array([1, None], pa.int32()), "name": ["a", "é"]})
    store.write_table("churn/2026-01-02/rows.parquet", table)
    read = store.read_table("churn/2026-01-02/rows.parquet")
    assert read is not None
    assert read.equals(table)


def absent_columns_are_left_out(store: ArtifactStore) -> None:
    """Asking for a column that does not exist is no error."""
    store.write_table("rows.parquet", pa.table({"a": [1], "b": [2]}))
    read = store.read_table("rows.parquet", ["b", "gone"])
    assert read is not None
    assert read.to_pydict() == {"b": [2]}


def a_text_comes_back(store: ArtifactStore) -> None:
    """A text is read as it was written, the last one if there were two."""
    store.write_text("churn/report.html", "old and longer")
    store.write_text("churn/report.html", "new é")
    assert store.read_text("churn/report.html") == "new é"


def what_was_never_written_is_none(store: ArtifactStore) -> None:
    """A missing file is no error."""
    assert store.read_text("nothing.txt") is None
    assert store.read_table("nothing.parquet") is None


def a_deleted_file_is_gone(store: ArtifactStore) -> None:
    """Deleting works, also twice."""
    store.write_text("a.txt", "a")
    store.delete("a.txt")
    store.delete("a.txt")
    assert store.read_text("a.txt") is None


def a_path_that_leaves_the_folder_is_refused(store: ArtifactStore) -> None:
    """Paths are relative and made of plain names."""
    for path in ("../a", "a/../../b", "/etc/passwd", "", "a//b", "./a", "a\\b", "a\nb", "a\0b"):
        refused = False
        try:
            store.write_text(path, "x")
        except ValueError:
            refused = True
        assert refused, path


MEASUREMENT_CHECKS: tuple[Callable[[MeasurementStore], None], ...] = (
    every_field_comes_back,
    an_unknown_window_is_empty,
    replacing_removes_what_disappeared,
    replacing_leaves_the_rest_alone,
    a_window_that_changed_its_length_is_replaced,
)
SOURCE_STATE_CHECKS: tuple[Callable[[SourceStates], None], ...] = (
    a_recorded_state_is_read_back,
    the_newest_state_counts,
    models_and_sources_do_not_share_states,
)
ARTIFACT_CHECKS: tuple[Callable[[ArtifactStore], None], ...] = (
    a_table_comes_back,
    absent_columns_are_left_out,
    a_text_comes_back,
    what_was_never_written_is_none,
    a_deleted_file_is_gone,
    a_path_that_leaves_the_folder_is_refused,
)
