import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa

from monitoring_assets.domain.errors import StoreUnavailableError
from monitoring_assets.stores.conformance import LATER, NOW, RUN, decision, notice
from monitoring_assets.stores.decisions import PostgresDecisions
from monitoring_assets.stores.outbox import PostgresOutbox, delivery_id


@pytest.fixture
def decisions(engine):
    return PostgresDecisions(engine)


def about(window_key):
    return replace(notice(), window_key=window_key)


def test_a_message_left_behind_is_claimed_as_a_retry_when_its_lease_ran_out(engine, decisions):
    decisions.record(decision(notice()), RUN)
    outbox = PostgresOutbox(engine, lease_seconds=0.05)
    outbox.claim(NOW)
    time.sleep(0.1)
    assert outbox.claim(NOW).is_retry


def test_a_worker_whose_clock_is_ahead_cannot_take_a_claimed_message(engine, decisions):
    decisions.record(decision(notice()), RUN)
    outbox = PostgresOutbox(engine)
    outbox.claim(NOW)
    assert outbox.claim(NOW.replace(year=2030)) is None


def test_a_sender_whose_lease_ran_out_cannot_change_the_message(engine, decisions):
    decisions.record(decision(notice()), RUN)
    outbox = PostgresOutbox(engine, lease_seconds=0.05)
    frozen = outbox.claim(NOW)
    time.sleep(0.1)
    other = outbox.claim(NOW)
    assert not outbox.mark_failed(frozen, "late", None)
    assert outbox.mark_sent(other, "C1:1.0", NOW)


def test_many_claimers_at_once_get_each_message_once(engine, decisions):
    for day in range(20):
        decisions.record(decision(about(f"2026-01-{day + 1:02}")), RUN)
    outbox = PostgresOutbox(engine)

    def claim_all(_):
        claimed = []
        while (delivery := outbox.claim(NOW)) is not None:
            claimed.append(delivery.delivery_id)
        return claimed

    with ThreadPoolExecutor(4) as pool:
        claimed = [one for some in pool.map(claim_all, range(4)) for one in some]
    assert (len(claimed), len(set(claimed))) == (20, 20)


def test_older_messages_go_first(engine, decisions):
    for key in ("2026-01-03", "2026-01-02"):
        decisions.record(decision(about(key)), RUN)
    assert PostgresOutbox(engine).claim(NOW).notice.window_key == "2026-01-03"


def test_destinations_do_not_share_messages(engine, decisions):
    decisions.record(decision(notice()), RUN)
    assert PostgresOutbox(engine, destination="email").claim(NOW) is None


def test_a_message_has_the_same_name_whatever_its_text():
    assert delivery_id(notice("a"), "slack") == delivery_id(notice("b"), "slack")


def test_messages_of_two_windows_have_different_names():
    assert delivery_id(about("a"), "slack") != delivery_id(about("b"), "slack")


def test_a_notice_with_characters_postgres_refuses_is_delivered(engine, decisions):
    decisions.record(decision(notice("a\x00b \ud800")), RUN)
    outbox = PostgresOutbox(engine)
    claimed = outbox.claim(NOW)
    assert claimed.notice.lines == ("a\ufffdb ?",)
    outbox.mark_sent(claimed, "C1:1.0", NOW)
    assert not decisions.record(decision(notice("a\x00b \ud800")), LATER)


def test_a_decision_and_its_message_are_stored_together_or_not_at_all(engine, decisions):
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE monitoring.outbox RENAME TO gone"))
    try:
        with pytest.raises(StoreUnavailableError):
            decisions.record(decision(notice()), RUN)
    finally:
        with engine.begin() as connection:
            connection.execute(sa.text("ALTER TABLE monitoring.gone RENAME TO outbox"))
    with engine.connect() as connection:
        count = connection.execute(sa.text("SELECT count(*) FROM monitoring.decision"))
        assert count.scalar_one() == 0


def test_deciding_again_replaces_the_decision(engine, decisions):
    decisions.record(decision(notice(), "bad"), RUN)
    decisions.record(decision(None, "ok"), LATER)
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text("SELECT status, run_id, failing FROM monitoring.decision")
        )
        assert rows.all() == [("ok", "run-2", ["drift: amount moved"])]


def test_a_waiting_notice_is_not_withdrawn_by_a_decision_without_one(engine, decisions):
    decisions.record(decision(notice()), RUN)
    decisions.record(decision(None, "ok"), LATER)
    assert PostgresOutbox(engine).waiting() == 1
