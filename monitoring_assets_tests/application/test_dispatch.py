# ruff: noqa: ARG002, S311
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from monitoring_assets.application.dispatch import (
    FAULTS_IN_A_ROW,
    GIVE_UP_AFTER,
    back_off_seconds,
    dispatch,
)
from monitoring_assets.domain.errors import DeliveryError, StoreUnavailableError
from monitoring_assets.stores.conformance import NOW, notice
from monitoring_assets.stores.memory import LEASE, MemoryOutbox


class FakeChannel:
    """A channel that raises the given errors, one per call, and then accepts everything."""

    name = "fake"

    def __init__(self, *errors):
        self.errors = list(errors)
        self.calls = []

    def send(self, notice, *, delivery_id, previous, is_retry):
        self.calls.append((notice, previous, is_retry))
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error
        return f"ref-{len(self.calls)}"


class Ticking:
    """A clock that goes forward by `step` seconds each time it is read."""

    def __init__(self, step):
        self.step = step
        self.now = 0.0

    def __call__(self):
        self.now += self.step
        return self.now


def transient(retry_after_seconds=None):
    return DeliveryError("busy", is_permanent=False, retry_after_seconds=retry_after_seconds)


def permanent():
    return DeliveryError("invalid_blocks", is_permanent=True)


def outbox_of(count):
    outbox = MemoryOutbox()
    for i in range(count):
        outbox.enqueue(replace(notice(), window_key=f"2026-01-{i + 1:02}"))
    return outbox


def run(outbox, channel, *, now=NOW, budget_seconds=60.0, **options):
    return dispatch(
        outbox, channel, now=now, budget_seconds=budget_seconds, jitter=Random(0), **options
    )


def counts(report):
    return (report.sent, report.failed, report.dead, report.waiting)


def test_an_empty_outbox_is_a_quiet_report():
    report = run(MemoryOutbox(), FakeChannel())
    assert (counts(report), report.lines) == ((0, 0, 0, 0), ())


def test_everything_due_is_sent_once_in_order():
    outbox, channel = outbox_of(3), FakeChannel()
    assert counts(run(outbox, channel)) == (3, 0, 0, 0)
    assert [n.window_key for n, _, _ in channel.calls] == [
        "2026-01-01",
        "2026-01-02",
        "2026-01-03",
    ]
    assert counts(run(outbox, channel)) == (0, 0, 0, 0)


def test_a_report_has_a_line_for_each_attempt():
    report = run(outbox_of(2), FakeChannel(transient()))
    assert report.lines == (
        "churn 2026-01-01: again in 5 s: busy",
        "churn 2026-01-02: sent by fake",
    )


def test_a_changed_text_is_sent_as_an_edit():
    outbox, channel = outbox_of(1), FakeChannel()
    run(outbox, channel)
    outbox.enqueue(replace(notice("changed"), window_key="2026-01-01"))
    assert run(outbox, channel).lines == ("churn 2026-01-01: edited by fake",)
    assert channel.calls[1][1:] == ("ref-1", False)


def test_a_transient_fault_is_tried_again_later_as_a_retry():
    outbox, channel = outbox_of(1), FakeChannel(transient())
    assert counts(run(outbox, channel)) == (0, 1, 0, 1)
    assert counts(run(outbox, channel)) == (0, 0, 0, 1)
    assert counts(run(outbox, channel, now=NOW + timedelta(minutes=5))) == (1, 0, 0, 0)
    assert [is_retry for _, _, is_retry in channel.calls] == [False, True]


def test_a_permanent_fault_is_given_up_at_once():
    assert counts(run(outbox_of(2), FakeChannel(permanent()))) == (1, 0, 1, 0)


@pytest.mark.parametrize(("seconds", "is_due"), [(599, False), (601, True)])
def test_the_channel_says_how_long_to_wait(seconds, is_due):
    outbox, channel = outbox_of(1), FakeChannel(transient(600))
    run(outbox, channel)
    report = run(outbox, channel, now=NOW + timedelta(seconds=seconds))
    assert report.sent == is_due


def test_a_busy_channel_ends_the_pass():
    channel = FakeChannel(transient(600))
    assert counts(run(outbox_of(5), channel)) == (0, 1, 0, 5)


def test_faults_in_a_row_end_the_pass():
    channel = FakeChannel(*[transient()] * 9)
    run(outbox_of(9), channel)
    assert len(channel.calls) == FAULTS_IN_A_ROW


def test_faults_with_successes_between_them_do_not_end_the_pass():
    channel = FakeChannel(*[transient(), transient(), None] * 3)
    assert counts(run(outbox_of(9), channel)) == (3, 6, 0, 6)


@pytest.mark.parametrize(("early", "dead"), [(1, 0), (0, 1)])
def test_a_message_is_given_up_after_72_hours(early, dead):
    outbox, channel = outbox_of(1), FakeChannel(transient(), transient())
    run(outbox, channel, monotonic=lambda: 0.0)
    at = NOW + GIVE_UP_AFTER - timedelta(seconds=early)
    assert run(outbox, channel, now=at, monotonic=lambda: 0.0).dead == dead


def test_a_bug_in_a_channel_is_a_failed_attempt_that_tells_no_secret():
    report = run(outbox_of(1), FakeChannel(RuntimeError("token xoxb-1")))
    assert counts(report) == (0, 1, 0, 1)
    assert report.lines == ("churn 2026-01-01: again in 5 s: RuntimeError in fake",)


def test_no_attempt_starts_after_the_budget():
    channel = FakeChannel()
    run(outbox_of(9), channel, budget_seconds=10, monotonic=Ticking(2.0))
    assert len(channel.calls) == 2


def test_a_process_frozen_after_its_claim_does_not_send():
    outbox, channel = outbox_of(1), FakeChannel()
    report = run(outbox, channel, budget_seconds=60, monotonic=Ticking(11.0))
    assert channel.calls == []
    assert counts(report) == (0, 0, 0, 1)


def test_a_killed_sender_leaves_a_message_that_is_retried_after_its_lease():
    outbox, channel = outbox_of(1), FakeChannel(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run(outbox, channel)
    assert counts(run(outbox, channel)) == (0, 0, 0, 1)
    assert counts(run(outbox, channel, now=NOW + LEASE * 2)) == (1, 0, 0, 0)
    assert channel.calls[1][2]


def test_a_sender_that_lost_its_lease_reports_no_delivery():
    outbox, channel = outbox_of(1), FakeChannel()

    class Slow(FakeChannel):
        def send(self, *arguments, **options):
            run(outbox, channel, now=NOW + LEASE * 2)
            return super().send(*arguments, **options)

    report = run(outbox, Slow())
    assert counts(report) == (0, 0, 0, 0)
    assert report.lines == ("churn 2026-01-01: sent late: another sender took it over",)


def test_an_outbox_that_cannot_be_reached_is_an_error():
    class Gone(MemoryOutbox):
        def claim(self, now):
            raise StoreUnavailableError("gone")

    with pytest.raises(StoreUnavailableError):
        run(Gone(), FakeChannel())


@pytest.mark.parametrize(
    ("failures", "low", "high"),
    [(1, 5, 5), (2, 5, 8), (5, 32, 64), (8, 150, 300), (999, 150, 300)],
)
def test_waiting_doubles_up_to_five_minutes(failures, low, high):
    waits = [back_off_seconds(failures, Random(seed)) for seed in range(50)]
    assert low <= min(waits) <= max(waits) <= high


def test_waiting_is_spread():
    assert len({back_off_seconds(9, Random(seed)) for seed in range(20)}) == 20
