"""What every store promises, as checks that run on an empty store of any kind.

A new store is ready when each check of its port passes: call it with the store; a broken promise
is an `AssertionError`. What only one store promises is tested beside that store.
"""
# ruff: noqa: S101

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pyarrow as pa

from monitoring_assets.application.dispatch import Delivery, Outbox
from monitoring_assets.application.ports import (
    ArtifactStore,
    DecisionStore,
    MeasurementStore,
    RunInfo,
    SourceStates,
)
from monitoring_assets.domain.decision import Decision, Notice
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


def notice(*lines: str) -> Notice:
    """Return a message about the example window."""
    return Notice(
        model="churn",
        window_key=DAY.key,
        severity="page",
        title="churn: drift on 2026-01-02",
        lines=lines or ("drift: amount moved",),
        link="http://127.0.0.1:3000/assets/churn/drift_report",
    )


def decision(told: Notice | None, status: str = "bad") -> Decision:
    """Return a decision about the example window."""
    return Decision(
        model="churn",
        window=DAY,
        status=status,
        reason="drift fails",
        failing=("drift: amount moved",),
        notice=told,
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


# Decisions


class DecisionStoreWithKeys(DecisionStore, Protocol):
    """A decision store that can also say which windows were decided."""

    def decided_keys(self, model: str, windows: Sequence[Window]) -> set[str]:
        """Return the keys of those windows that were decided."""


def a_decision_is_remembered(store: DecisionStoreWithKeys) -> None:
    """A decided window is known as decided, another one is not."""
    store.record(decision(None), RUN)
    assert store.decided_keys("churn", [DAY, NEXT_DAY]) == {DAY.key}


def a_decision_of_another_model_does_not_count(store: DecisionStoreWithKeys) -> None:
    """Models do not share decisions."""
    store.record(decision(None), RUN)
    assert store.decided_keys("fraud", [DAY]) == set()


def a_decision_without_a_notice_makes_nobody_wait(store: DecisionStore) -> None:
    """Without a notice nothing is enqueued."""
    assert not store.record(decision(None), RUN)


def a_notice_waits_once(store: DecisionStore) -> None:
    """Recording the same decision twice leaves one message waiting."""
    assert store.record(decision(notice()), RUN)
    assert store.record(decision(notice()), LATER)


# Decisions and the outbox together


def _claimed(outbox: Outbox, now: datetime = LATER.computed_at) -> Delivery:
    delivery = outbox.claim(now)
    assert delivery is not None
    return delivery


def a_claimed_notice_is_the_recorded_one(store: DecisionStore, outbox: Outbox) -> None:
    """The sender gets the notice as it was recorded, as a first attempt."""
    store.record(decision(notice("one", "two")), RUN)
    claimed = _claimed(outbox)
    assert claimed.notice == notice("one", "two")
    assert (claimed.previous, claimed.is_retry) == (None, False)


def a_claimed_notice_is_not_claimed_again(store: DecisionStore, outbox: Outbox) -> None:
    """Two senders never hold the same message."""
    store.record(decision(notice()), RUN)
    _claimed(outbox)
    assert outbox.claim(LATER.computed_at) is None
    assert outbox.waiting() == 1


def a_delivered_text_is_not_sent_again(store: DecisionStore, outbox: Outbox) -> None:
    """The same decision after the delivery enqueues nothing."""
    store.record(decision(notice()), RUN)
    assert outbox.mark_sent(_claimed(outbox), "C1:1.0", NOW)
    assert not store.record(decision(notice()), LATER)
    assert outbox.claim(LATER.computed_at) is None
    assert outbox.waiting() == 0


def a_changed_text_becomes_an_edit(store: DecisionStore, outbox: Outbox) -> None:
    """A new text after the delivery is sent with the name of the first message."""
    store.record(decision(notice()), RUN)
    first = _claimed(outbox)
    outbox.mark_sent(first, "C1:1.0", NOW)
    assert store.record(decision(notice("changed")), LATER)
    edit = _claimed(outbox)
    assert (edit.previous, edit.is_retry) == ("C1:1.0", False)
    assert (edit.delivery_id, edit.notice) == (first.delivery_id, notice("changed"))


def a_text_that_changed_while_it_was_sent_waits(store: DecisionStore, outbox: Outbox) -> None:
    """The success of the old text does not swallow the new one."""
    store.record(decision(notice()), RUN)
    sending = _claimed(outbox)
    store.record(decision(notice("changed")), LATER)
    assert outbox.mark_sent(sending, "C1:1.0", NOW)
    edit = _claimed(outbox)
    assert (edit.notice, edit.previous) == (notice("changed"), "C1:1.0")


def a_failed_attempt_waits_for_its_time(store: DecisionStore, outbox: Outbox) -> None:
    """A message is not due before `retry_at`; after it, it is a retry."""
    store.record(decision(notice()), RUN)
    at = LATER.computed_at + timedelta(minutes=5)
    outbox.mark_failed(_claimed(outbox), "HTTP 500", at)
    assert outbox.claim(at - timedelta(seconds=1)) is None
    assert _claimed(outbox, at).is_retry


def recording_again_does_not_shorten_the_wait(store: DecisionStore, outbox: Outbox) -> None:
    """A new decision does not hammer a channel that asked to wait."""
    store.record(decision(notice()), RUN)
    at = LATER.computed_at + timedelta(minutes=5)
    outbox.mark_failed(_claimed(outbox), "HTTP 429", at)
    assert store.record(decision(notice("changed")), LATER)
    assert outbox.claim(at - timedelta(seconds=1)) is None
    assert _claimed(outbox, at).notice == notice("changed")


def an_edit_of_unknown_outcome_is_followed_by_the_next(
    store: DecisionStore, outbox: Outbox
) -> None:
    """After an edit that may have arrived, going back to the first text is an edit again."""
    store.record(decision(notice()), RUN)
    outbox.mark_sent(_claimed(outbox), "C1:1.0", NOW)
    store.record(decision(notice("changed")), RUN)
    outbox.mark_failed(_claimed(outbox), "timeout", NOW)
    assert store.record(decision(notice()), LATER)


def a_message_given_up_waits_no_longer(store: DecisionStore, outbox: Outbox) -> None:
    """A dead message is neither waiting nor claimed."""
    store.record(decision(notice()), RUN)
    outbox.mark_failed(_claimed(outbox), "invalid_blocks", None)
    assert outbox.waiting() == 0
    assert outbox.claim(LATER.computed_at) is None


def deciding_again_revives_a_message_given_up(store: DecisionStore, outbox: Outbox) -> None:
    """What was never delivered is attempted anew, as a retry with a full period of attempts."""
    store.record(decision(notice()), RUN)
    outbox.mark_failed(_claimed(outbox), "invalid_blocks", None)
    assert store.record(decision(notice()), LATER)
    now = LATER.computed_at + timedelta(days=9)
    revived = _claimed(outbox, now)
    assert (revived.is_retry, revived.first_attempt_at) == (True, now)


def a_claim_is_marked_once(store: DecisionStore, outbox: Outbox) -> None:
    """A sender that has already reported cannot change the message any more."""
    store.record(decision(notice()), RUN)
    claimed = _claimed(outbox)
    assert outbox.mark_sent(claimed, "C1:1.0", NOW)
    assert not outbox.mark_failed(claimed, "late", None)
    assert not outbox.mark_sent(claimed, "C1:2.0", NOW)


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
DECISION_CHECKS: tuple[Callable[[DecisionStoreWithKeys], None], ...] = (
    a_decision_is_remembered,
    a_decision_of_another_model_does_not_count,
    a_decision_without_a_notice_makes_nobody_wait,
    a_notice_waits_once,
)
OUTBOX_CHECKS: tuple[Callable[[DecisionStore, Outbox], None], ...] = (
    a_claimed_notice_is_the_recorded_one,
    a_claimed_notice_is_not_claimed_again,
    a_delivered_text_is_not_sent_again,
    a_changed_text_becomes_an_edit,
    a_text_that_changed_while_it_was_sent_waits,
    a_failed_attempt_waits_for_its_time,
    recording_again_does_not_shorten_the_wait,
    an_edit_of_unknown_outcome_is_followed_by_the_next,
    a_message_given_up_waits_no_longer,
    deciding_again_revives_a_message_given_up,
    a_claim_is_marked_once,
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
