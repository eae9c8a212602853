import time
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import pytest
import sqlalchemy as sa

from monitoring_assets.domain.message import Act, Step
from monitoring_assets.stores.memory_outbox import MemoryOutbox
from monitoring_assets.stores.outbox import PostgresOutbox, delivery_id, enqueue
from monitoring_assets.stores.outbox_conformance import (
    GROUP,
    OUTBOX_CHECKS,
    TEAM,
    claimed,
    steps,
)


@pytest.fixture
def outbox(engine):
    return PostgresOutbox(engine)


@pytest.mark.parametrize("check", OUTBOX_CHECKS, ids=lambda check: check.__name__)
def test_outbox_in_postgres(check, outbox):
    check(outbox)


@pytest.mark.parametrize("check", OUTBOX_CHECKS, ids=lambda check: check.__name__)
def test_outbox_in_memory(check):
    check(MemoryOutbox())


def test_a_message_left_behind_is_claimed_as_a_retry_when_its_lease_ran_out(engine):
    outbox = PostgresOutbox(engine, lease_seconds=0.05)
    outbox.enqueue(GROUP, TEAM, steps(Act.OPEN))
    outbox.claim(TEAM)
    time.sleep(0.1)
    again = outbox.claim(TEAM)
    assert (again.may_have_arrived, again.failures) == (True, 1)


def test_a_sender_whose_lease_ran_out_cannot_change_the_message(engine):
    outbox = PostgresOutbox(engine, lease_seconds=0.05)
    outbox.enqueue(GROUP, TEAM, steps(Act.OPEN))
    frozen = outbox.claim(TEAM)
    time.sleep(0.1)
    other = outbox.claim(TEAM)
    assert not outbox.mark_failed(frozen, "late", retry_seconds=None, may_have_arrived=False)
    assert outbox.mark_sent(other, "C1:1.0")


def test_many_claimers_at_once_get_each_message_once(outbox):
    for group in range(20):
        outbox.enqueue(str(group), TEAM, steps(Act.OPEN))

    def claim_all(_):
        names = []
        while (delivery := outbox.claim(TEAM)) is not None:
            names.append(delivery.delivery_id)
        return names

    with ThreadPoolExecutor(4) as pool:
        names = [one for some in pool.map(claim_all, range(4)) for one in some]
    assert (len(names), len(set(names))) == (20, 20)


def test_older_messages_go_first(outbox):
    for group in ("b", "a"):
        outbox.enqueue(group, TEAM, steps(Act.OPEN))
    assert claimed(outbox).group_id == "b"


def test_a_message_has_the_same_name_whenever_it_is_enqueued():
    assert delivery_id("a", "team", 1) == delivery_id("a", "team", 1)


@pytest.mark.parametrize("other", [("b", "team", 1), ("a", "oncall", 1), ("a", "team", 2)])
def test_other_steps_have_other_names(other):
    assert delivery_id("a", "team", 1) != delivery_id(*other)


def test_a_step_and_what_decided_it_are_stored_together_or_not_at_all(engine, outbox):
    def decide():
        with engine.begin() as connection:
            enqueue(connection, GROUP, TEAM, steps(Act.OPEN))
            connection.execute(sa.text("SELECT 1 / 0"))

    with pytest.raises(sa.exc.DBAPIError):
        decide()
    assert outbox.waiting() == 0


def test_an_edit_waits_until_it_is_known_whether_the_former_one_was_claimed(engine, outbox):
    outbox.enqueue(GROUP, TEAM, steps(Act.EDIT))
    later = Step(seq=2, act=Act.EDIT)
    with engine.begin() as connection:
        enqueue(connection, GROUP, TEAM, [later])
        assert outbox.claim(TEAM) is None  # its row is locked until the new state is visible
    assert claimed(outbox).seq == 1


def test_a_signal_comes_with_a_message(outbox):
    with outbox.signals() as signals:
        signals.wait(0)
        Thread(target=outbox.enqueue, args=(GROUP, TEAM, steps(Act.OPEN))).start()
        started = time.monotonic()
        signals.wait(10)
    assert time.monotonic() - started < 5


def test_a_lost_connection_is_only_a_missed_signal(engine, outbox):
    with outbox.signals() as signals:
        signals.wait(0)
        with engine.begin() as connection:
            connection.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE pid <> pg_backend_pid() AND datname = current_database()"
                )
            )
        signals.wait(0.05)
        signals.wait(0.05)


def test_a_clock_that_is_ahead_makes_what_waits_due(engine, outbox):
    outbox.enqueue(GROUP, TEAM, steps(Act.OPEN))
    outbox.mark_failed(claimed(outbox), "HTTP 500", retry_seconds=3600, may_have_arrived=True)
    later = PostgresOutbox(engine, ahead_seconds=4000)
    assert claimed(later).waited_seconds > 3600
