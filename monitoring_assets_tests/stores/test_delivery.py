"""Nothing is lost and nothing is posted twice: the outbox in Postgres against a faulty Slack."""
# ruff: noqa: S311

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from monitoring_assets.application.dispatch import dispatch
from monitoring_assets.notifiers.slack import SlackNotifier
from monitoring_assets.stores.conformance import NOW, RUN, decision, notice
from monitoring_assets.stores.decisions import PostgresDecisions
from monitoring_assets.stores.outbox import PostgresOutbox
from monitoring_assets_tests.notifiers.fake_slack import CHANNEL, FAULTS, NAME, TOKEN

# Longer than the slowest delivery here: four requests that time out after 0.1 s.
LEASE_SECONDS = 0.7


class KilledError(BaseException):
    """The process ends here; nothing that follows is executed."""


class MortalOutbox(PostgresOutbox):
    """An outbox whose process is killed after sending, before the delivery is recorded."""

    def __init__(self, engine, random, probability):
        super().__init__(engine, lease_seconds=LEASE_SECONDS)
        self.random = random
        self.probability = probability
        self.kills = 0

    def mark_sent(self, delivery, provider_ref, now):
        if self.random.random() < self.probability:
            self.kills += 1
            raise KilledError
        return super().mark_sent(delivery, provider_ref, now)


def notifier(workspace, channel=CHANNEL):
    return SlackNotifier(
        {"SLACK_BOT_TOKEN": TOKEN}, channel=channel, base_url=workspace.url, timeout_seconds=0.1
    )


def record(engine, days, *lines):
    decisions = PostgresDecisions(engine)
    for day in range(days):
        key = f"2026-01-{day + 1:02}"
        text = replace(notice(*lines), window_key=key, title=f"churn {key} {''.join(lines)}")
        decisions.record(decision(text), RUN)


def deliver(outbox, channel, random):
    """Dispatch until nothing waits; the hours between two passes go by in no time."""
    now, end = NOW, time.monotonic() + 20
    while outbox.waiting() and time.monotonic() < end:
        now += timedelta(minutes=6)
        try:
            dispatch(outbox, channel, now=now, budget_seconds=5, jitter=random)
        except KilledError:
            continue
        time.sleep(0.01)


def nemesis(seed, probability):
    random = Random(seed)
    return lambda _method: random.choice(FAULTS) if random.random() < probability else None


def test_a_healthy_slack_gets_each_notice_once(engine, slack):
    record(engine, 5)
    report = dispatch(PostgresOutbox(engine), notifier(slack), now=NOW, budget_seconds=20)
    assert (report.sent, report.waiting) == (5, 0)
    assert sorted(Counter(slack.delivery_ids).values()) == [1] * 5


@pytest.mark.parametrize(("seed", "channel"), [(1, CHANNEL), (2, f"#{NAME}"), (3, f"#{NAME}")])
def test_faults_and_kills_lose_nothing_and_repeat_nothing(engine, slack, seed, channel):
    record(engine, 12)
    slack.nemesis = nemesis(seed, 0.5)
    outbox = MortalOutbox(engine, Random(seed), 0.2)
    deliver(outbox, notifier(slack, channel), Random(seed))
    assert outbox.kills > 0
    assert outbox.waiting() == 0
    assert sorted(Counter(slack.delivery_ids).values()) == [1] * 12


def test_edits_under_faults_end_with_the_last_text(engine, slack):
    slack.nemesis = nemesis(1, 0.4)
    outbox = MortalOutbox(engine, Random(1), 0.2)
    for text in ("first", "second", "third"):
        record(engine, 6, text)
        deliver(outbox, notifier(slack), Random(1))
    assert sorted(Counter(slack.delivery_ids).values()) == [1] * 6
    assert {m.text.rsplit(" ", 1)[-1] for m in slack.messages} == {"third"}


def test_two_dispatchers_at_once_repeat_nothing(engine, slack):
    record(engine, 20)
    slack.nemesis = nemesis(4, 0.3)
    outboxes = [MortalOutbox(engine, Random(seed), 0.1) for seed in (1, 2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda o: deliver(o, notifier(slack), Random(0)), outboxes))
    assert outboxes[0].waiting() == 0
    assert sorted(Counter(slack.delivery_ids).values()) == [1] * 20


def test_a_kill_between_sending_and_recording_is_no_second_post(engine, slack):
    record(engine, 1)
    outbox = MortalOutbox(engine, Random(0), 1.0)
    with pytest.raises(KilledError):
        dispatch(outbox, notifier(slack), now=NOW, budget_seconds=5)
    outbox.probability = 0.0
    time.sleep(LEASE_SECONDS + 0.1)
    assert dispatch(outbox, notifier(slack), now=NOW, budget_seconds=5).sent == 1
    assert len(slack.messages) == 1


def test_a_notice_decided_again_after_a_delivery_posts_nothing(engine, slack):
    for _ in range(3):
        record(engine, 2)
        dispatch(PostgresOutbox(engine), notifier(slack), now=NOW, budget_seconds=5)
    assert slack.called == ["chat.postMessage"] * 2
