# ruff: noqa: ARG002, S311
from random import Random
from threading import Event

import pytest

from monitoring_assets.application.dispatch import GIVE_UP_SECONDS, Dispatcher, Pace
from monitoring_assets.domain.errors import DeliveryError, Fault, StoreUnavailableError
from monitoring_assets.domain.incident import Severity
from monitoring_assets.domain.message import Act, Message
from monitoring_assets.stores.memory_outbox import LEASE_SECONDS, MemoryOutbox
from monitoring_assets.stores.outbox_conformance import steps

TEAM, ONCALL = "team", "oncall"


class Book:
    """The port `Messages`, which says what act it is; `silent` are groups without anything."""

    def __init__(self, *silent):
        self.silent = silent
        self.asked = []

    def message(self, group_id, act, seq, *, destination, may_have_arrived):
        self.asked.append((group_id, act, may_have_arrived))
        if group_id in self.silent:
            return None
        return Message(
            act=act,
            group=group_id,
            model="churn",
            severity=Severity.PAGE,
            title=f"{group_id} {seq}",
            summary="",
        )


class FakeChannel:
    """A channel that raises the given errors, one per call, and then accepts everything."""

    def __init__(self, *errors, name="fake", gap_seconds=0.0):
        self.errors = list(errors)
        self.name = name
        self.gap_seconds = gap_seconds
        self.calls = []

    def send(self, message, *, delivery_id, thread, is_retry):
        self.calls.append((message.title, thread, is_retry))
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error
        return f"ref-{len(self.calls)}"

    @property
    def titles(self):
        return [title for title, _thread, _is_retry in self.calls]


class Ticking:
    """A clock that goes forward by `step` seconds each time it is read."""

    def __init__(self, step):
        self.step = step
        self.now = 0.0

    def __call__(self):
        self.now += self.step
        return self.now


def error(fault, retry_after_seconds=None):
    return DeliveryError(f"it is {fault}", fault, retry_after_seconds=retry_after_seconds)


def outbox_of(*groups, acts=(Act.OPEN,), destination=TEAM):
    outbox = MemoryOutbox()
    for group in groups:
        outbox.enqueue(group, destination, steps(*acts))
    return outbox


def dispatcher(outbox, channel, *, book=None, **settings):
    channels = channel if isinstance(channel, dict) else {TEAM: channel}
    settings = {"jitter": Random(0), "monotonic": Ticking(0), "sleep": lambda _s: None} | settings
    return Dispatcher(
        outbox=outbox,
        messages=book or Book(),
        channels=channels.__getitem__,
        **settings,
    )


def sweep(outbox, channel, *, budget_seconds=20.0, **settings):
    return dispatcher(outbox, channel, **settings).sweep(budget_seconds)


def counts(report):
    return (report.sent, report.failed, report.dead, report.waiting)


def test_everything_that_waits_is_delivered():
    report = sweep(outbox_of("a", "b", "c"), FakeChannel())
    assert counts(report) == (3, 0, 0, 0)


def test_an_empty_outbox_is_a_quiet_pass():
    report = sweep(MemoryOutbox(), FakeChannel())
    assert (counts(report), report.lines) == ((0, 0, 0, 0), ())


def test_a_group_is_told_in_order_and_in_its_thread():
    channel = FakeChannel()
    sweep(outbox_of("a", acts=(Act.OPEN, Act.REPLY, Act.RESOLVE)), channel)
    assert [call[:2] for call in channel.calls] == [
        ("a 1", None),
        ("a 2", "ref-1"),
        ("a 3", "ref-1"),
    ]


def test_what_follows_a_failure_waits_with_it():
    outbox = outbox_of("a", acts=(Act.OPEN, Act.RESOLVE))
    channel = FakeChannel(error(Fault.UNKNOWN))
    assert counts(sweep(outbox, channel)) == (0, 1, 0, 2)
    assert channel.titles == ["a 1"]


def test_groups_do_not_wait_for_each_other():
    channel = FakeChannel(error(Fault.UNKNOWN))
    assert counts(sweep(outbox_of("a", "b"), channel)) == (1, 1, 0, 1)


@pytest.mark.parametrize(
    ("fault", "is_retry"),
    [(Fault.UNKNOWN, True), (Fault.BUSY, False), (Fault.DESTINATION, False)],
)
def test_an_attempt_is_a_retry_if_an_earlier_one_may_have_arrived(fault, is_retry):
    outbox, channel = outbox_of("a"), FakeChannel(error(fault))
    sweep(outbox, channel)
    outbox.now += 60
    sweep(outbox, channel)
    assert channel.calls[1] == ("a 1", None, is_retry)


def test_the_words_know_whether_an_earlier_attempt_may_have_arrived():
    outbox, book = outbox_of("a"), Book()
    sweep(outbox, FakeChannel(error(Fault.UNKNOWN)), book=book)
    outbox.now += 60
    sweep(outbox, FakeChannel(), book=book)
    assert [may_have_arrived for _g, _a, may_have_arrived in book.asked] == [False, True]


def test_where_nothing_is_left_to_say_nothing_is_sent():
    channel = FakeChannel()
    report = sweep(outbox_of("a", acts=(Act.OPEN, Act.RESOLVE)), channel, book=Book("a"))
    assert (report.sent, report.left_out, report.waiting) == (0, 2, 0)
    assert channel.calls == []


def test_what_follows_an_open_that_said_nothing_is_left_out_unasked():
    book = Book("a")
    sweep(outbox_of("a", acts=(Act.OPEN, Act.REPLY, Act.RESOLVE)), FakeChannel(), book=book)
    assert [act for _group, act, _may in book.asked] == [Act.OPEN]


def test_what_follows_an_open_that_was_refused_is_still_sent():
    channel = FakeChannel(error(Fault.MESSAGE))
    report = sweep(outbox_of("a", acts=(Act.OPEN, Act.REPLY)), channel)
    assert counts(report) == (1, 0, 1, 0)
    assert channel.calls[1][:2] == ("a 2", None)


def test_a_message_that_can_never_be_accepted_is_given_up_at_once():
    report = sweep(outbox_of("a"), FakeChannel(error(Fault.MESSAGE)))
    assert counts(report) == (0, 0, 1, 0)


def test_a_message_is_given_up_after_three_days():
    outbox = outbox_of("a")
    outbox.now = GIVE_UP_SECONDS - 1
    assert counts(sweep(outbox, FakeChannel(error(Fault.UNKNOWN)))) == (0, 1, 0, 1)
    outbox.now = GIVE_UP_SECONDS + 60
    assert counts(sweep(outbox, FakeChannel(error(Fault.UNKNOWN)))) == (0, 0, 1, 0)


def test_a_message_that_waited_three_days_behind_others_is_tried_once():
    outbox = outbox_of("a")
    outbox.now = GIVE_UP_SECONDS * 2
    assert counts(sweep(outbox, FakeChannel())) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("asked", "waits"), [(None, Pace().shortest_back_off), (120.0, 120.0), (0.5, 5.0)]
)
def test_a_channel_that_says_how_long_to_wait_is_obeyed(asked, waits):
    outbox = outbox_of("a")
    sweep(outbox, FakeChannel(error(Fault.BUSY, asked)))
    outbox.now += waits - 0.1
    assert outbox.due() == ()
    outbox.now += 0.2
    assert outbox.due() == (TEAM,)


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.DESTINATION])
def test_a_destination_that_takes_nothing_lets_the_rest_wait(fault):
    outbox, channel = outbox_of("a", "b", "c"), FakeChannel(error(fault))
    sweep(outbox, channel)
    assert (channel.titles, outbox.due(), outbox.waiting()) == (["a 1"], (), 3)


def test_three_faults_in_a_row_are_the_destinations():
    outbox = outbox_of(*"abcde")
    channel = FakeChannel(*[error(Fault.UNKNOWN)] * 5)
    sweep(outbox, channel)
    assert (channel.titles, outbox.due()) == (["a 1", "b 1", "c 1"], ())


def test_a_destination_that_no_model_names_lets_messages_wait():
    def unknown(_destination):
        raise error(Fault.DESTINATION)

    outbox = outbox_of("a")
    dispatching = dispatcher(outbox, FakeChannel())
    report = Dispatcher(outbox=outbox, messages=dispatching.messages, channels=unknown).sweep(20)
    assert counts(report) == (0, 1, 0, 1)


@pytest.mark.parametrize("fault", [Fault.MESSAGE, Fault.DESTINATION])
def test_what_a_destination_cannot_be_told_is_told_to_another_one(fault):
    outbox, elsewhere = outbox_of("a"), FakeChannel()
    channels = {TEAM: FakeChannel(error(fault)), ONCALL: elsewhere}
    for _ in range(2):
        sweep(outbox, channels, fallback=lambda _destination: ONCALL)
    assert elsewhere.titles == ["a 1"]
    (stand_in,) = [row.said for row in outbox.rows if row.said]
    assert (stand_in.act, stand_in.facts[0]) == (
        Act.OPEN,
        ("not delivered to", f"{TEAM}: it is {fault}"),
    )


def test_it_is_told_once_however_often_the_destination_fails():
    outbox, elsewhere = outbox_of("a"), FakeChannel()
    channels = {TEAM: FakeChannel(*[error(Fault.DESTINATION)] * 9), ONCALL: elsewhere}
    for _ in range(5):
        sweep(outbox, channels, fallback=lambda _destination: ONCALL)
        outbox.now += 60
    assert len(elsewhere.calls) == 1


def test_what_stands_in_for_another_message_has_no_stand_in_itself():
    outbox = outbox_of("a")
    broken = FakeChannel(*[error(Fault.MESSAGE)] * 9)
    sweep(outbox, {TEAM: broken, ONCALL: broken}, fallback=lambda d: ONCALL if d == TEAM else TEAM)
    sweep(outbox, {TEAM: broken, ONCALL: broken}, fallback=lambda d: ONCALL if d == TEAM else TEAM)
    assert len(outbox.rows) == 2


def test_a_bug_in_a_channel_is_a_failed_attempt_that_names_no_secret():
    outbox = outbox_of("a")
    report = sweep(outbox, FakeChannel(KeyError("xoxb-canary")))
    assert counts(report) == (0, 1, 0, 1)
    assert "canary" not in "".join(report.lines) + outbox.rows[0].last_error


def test_no_attempt_starts_after_the_budget():
    report = sweep(outbox_of(*"abcdef"), FakeChannel(), budget_seconds=2, monotonic=Ticking(0.5))
    assert 0 < report.sent < 6


def test_a_process_that_was_frozen_after_its_claim_sends_nothing():
    clock, channel = Ticking(0), FakeChannel()

    def freeze(point):
        if point == "sending":
            clock.now += LEASE_SECONDS

    report = sweep(outbox_of("a"), channel, monotonic=clock, reached=freeze)
    assert (channel.calls, report.waiting) == ([], 1)
    assert "frozen" in report.lines[0]


def test_a_sender_whose_lease_ran_out_while_it_sent_changes_nothing():
    outbox = outbox_of("a")

    def freeze(point):
        if point == "accepted":
            outbox.now += LEASE_SECONDS + 1
            outbox.claim(TEAM)

    report = sweep(outbox, FakeChannel(), reached=freeze)
    assert (report.sent, outbox.rows[0].state) == (0, "inflight")


def test_two_messages_of_a_group_keep_the_channels_distance():
    pauses = []
    channel = FakeChannel(gap_seconds=1.0)
    sweep(outbox_of("a", acts=(Act.OPEN, Act.RESOLVE)), channel, sleep=pauses.append)
    assert pauses == [1.0]


def test_every_point_where_a_crash_matters_is_reached():
    points = []
    sweep(outbox_of("a"), FakeChannel(), reached=points.append)
    assert points == ["claimed", "sending", "accepted", "recorded"]


def test_an_outbox_that_cannot_be_reached_is_an_error():
    class Unreachable(MemoryOutbox):
        def due(self):
            raise StoreUnavailableError("down")

    with pytest.raises(StoreUnavailableError):
        sweep(Unreachable(), FakeChannel())


def test_a_slow_destination_does_not_hold_up_another_one():
    arrived, released = Event(), Event()

    class Slow(FakeChannel):
        def send(self, message, **how):
            released.wait(5)
            return super().send(message, **how)

    class Fast(FakeChannel):
        def send(self, message, **how):
            arrived.set()
            return super().send(message, **how)

    outbox = outbox_of("a")
    outbox.enqueue("a", ONCALL, steps(Act.OPEN))
    lines, looks = [], []

    def wait():
        looks.append(arrived.wait(5))
        if len(looks) == 1:  # a page that comes while Slack is slow
            arrived.clear()
            outbox.enqueue("b", ONCALL, steps(Act.OPEN))
        else:
            released.set()

    dispatcher(outbox, {TEAM: Slow(), ONCALL: Fast()}).run(
        wait=wait, tell=lines.append, is_over=lambda: len(looks) > 2
    )
    assert looks == [True, True, True]


def test_a_run_outlives_a_database_that_is_away_for_a_while():
    class Flaky(MemoryOutbox):
        looks = 0

        def due(self):
            self.looks += 1
            if self.looks == 1:
                raise StoreUnavailableError("down")
            return super().due()

    outbox, lines = Flaky(), []
    outbox.enqueue("a", TEAM, steps(Act.OPEN))
    dispatcher(outbox, FakeChannel()).run(
        wait=lambda: None, tell=lines.append, is_over=lambda: not outbox.waiting()
    )
    assert lines[0] == "down"


@pytest.mark.parametrize("failures", [1, 2, 5, 50])
def test_a_back_off_is_neither_too_short_for_the_history_nor_too_long_for_an_outage(failures):
    pace = Pace()
    waits = [pace.back_off(failures, Random(seed)) for seed in range(50)]
    assert min(waits) >= pace.shortest_back_off
    assert max(waits) <= pace.longest_back_off


def test_a_report_reads_as_a_sentence():
    report = sweep(outbox_of("a"), FakeChannel())
    assert str(report) == "1 delivered, 0 failed, 0 given up, 0 waiting"
