"""The outbox in Postgres and senders of the product against providers that can be away."""
# ruff: noqa: ARG002

from random import Random

import pytest

from monitoring_assets.application.dispatch import Dispatcher
from monitoring_assets.application.drill import rehearse
from monitoring_assets.domain.incident import Severity
from monitoring_assets.domain.message import Act, Message
from monitoring_assets.notifiers.pagerduty import PagerDutyChannel
from monitoring_assets.notifiers.slack import SlackChannel
from monitoring_assets.stores.conformance import NOW
from monitoring_assets.stores.outbox import PostgresOutbox
from monitoring_assets.stores.outbox_conformance import steps
from monitoring_assets.stores.watcher import watch
from monitoring_assets_tests.notifiers.conftest import pagerduty, slack  # noqa: F401  fixtures
from monitoring_assets_tests.providers.pagerduty import ROUTING_KEY
from monitoring_assets_tests.providers.slack import CHANNEL, TOKEN


class Book:
    def message(self, group_id, act, seq, *, destination, may_have_arrived):
        return Message(
            act=act,
            group=group_id,
            model="churn",
            severity=Severity.PAGE,
            title=f"{group_id} {seq}",
            summary="",
        )


@pytest.fixture
def outbox(engine):
    return PostgresOutbox(engine)


@pytest.fixture
def dispatcher(outbox, slack, pagerduty):  # noqa: F811
    pager = PagerDutyChannel({"KEY": ROUTING_KEY}, key_env="KEY", base_url=pagerduty.url)
    pager.gap_seconds = 0.0
    environment = {"SLACK_BOT_TOKEN": TOKEN}
    channels = {
        "slack": SlackChannel(
            environment, channel=CHANNEL, base_url=slack.url, timeout_seconds=0.2
        ),
        "pagerduty": pager,
    }
    return Dispatcher(
        outbox=outbox,
        messages=Book(),
        channels=channels.__getitem__,
        fallback=lambda destination: "pagerduty" if destination == "slack" else "slack",
        jitter=Random(0),  # noqa: S311
    )


def test_one_thread_and_one_page_per_group(outbox, dispatcher, slack, pagerduty):  # noqa: F811
    outbox.enqueue("a", "slack", steps(Act.OPEN, Act.REPLY, Act.EDIT, Act.RESOLVE))
    outbox.enqueue("a", "pagerduty", steps(Act.OPEN, Act.RESOLVE))
    report = dispatcher.sweep(20)
    (root,) = slack.roots
    assert (report.sent, report.waiting) == (6, 0)
    assert [m.text[-1] for m in (root, *slack.replies(root))] == ["4", "2", "4"]
    assert [incident.is_open for incident in pagerduty.incidents] == [False]


def test_a_day_without_slack_delays_no_page_and_loses_nothing(
    outbox,
    dispatcher,
    slack,  # noqa: F811
    pagerduty,  # noqa: F811
):
    slack.faults.is_down = True
    paged = []
    for hour in range(24):
        outbox.enqueue(f"g{hour}", "slack", steps(Act.OPEN, Act.REPLY))
        outbox.enqueue(f"g{hour}", "pagerduty", steps(Act.OPEN))
        dispatcher.sweep(20)
        paged.append(len(pagerduty.incidents))
        outbox.ahead_seconds += 3600
    assert paged == list(range(1, 25))
    slack.faults.is_down = False
    for _ in range(3):
        dispatcher.sweep(20)
        outbox.ahead_seconds += 60
    assert outbox.waiting() == 0
    assert sorted(m.text[2:] for m in slack.roots) == sorted(f"g{hour} 1" for hour in range(24))
    assert len(slack.messages) == 48


def test_after_three_days_without_slack_somebody_else_is_told_and_a_number_says_so(
    engine,
    outbox,
    dispatcher,
    slack,  # noqa: F811
    pagerduty,  # noqa: F811
):
    slack.faults.is_down = True
    outbox.enqueue("a", "slack", steps(Act.OPEN))
    dispatcher.sweep(20)
    outbox.ahead_seconds = 73 * 3600
    dispatcher.sweep(20)
    dispatcher.sweep(20)
    assert watch(engine).dead == 1
    (incident,) = pagerduty.incidents
    assert incident.details["not delivered to"].startswith("slack: Slack ")


def test_a_revoked_token_is_told_elsewhere_at_once_and_repaired_without_loss(
    outbox,
    dispatcher,
    slack,  # noqa: F811
    pagerduty,  # noqa: F811
):
    slack.token = "another"
    outbox.enqueue("a", "slack", steps(Act.OPEN))
    dispatcher.sweep(20)
    dispatcher.sweep(20)
    assert "invalid_auth" in pagerduty.incidents[0].details["not delivered to"]
    slack.token = TOKEN
    outbox.ahead_seconds += 60
    dispatcher.sweep(20)
    assert len(slack.messages) == 1


def test_the_drill_of_a_week_opens_and_resolves_once(outbox, dispatcher, pagerduty):  # noqa: F811
    for _ in range(2):
        rehearse(outbox, ["pagerduty"], NOW)
        dispatcher.sweep(20)
    assert [(i.summary[:5], i.is_open) for i in pagerduty.incidents] == [("Drill", False)]


def test_the_watcher_knows_how_long_the_oldest_message_waits(engine, outbox):
    PostgresOutbox(engine, ahead_seconds=-600).enqueue("a", "slack", steps(Act.OPEN))
    outbox.enqueue("b", "slack", steps(Act.OPEN))
    seen = watch(engine)
    assert seen.waiting == 2
    assert seen.oldest_pending_seconds == pytest.approx(600, abs=30)


def test_the_watcher_of_an_empty_outbox_sees_nothing(engine):
    seen = watch(engine)
    assert (seen.oldest_pending_seconds, seen.waiting, seen.dead) == (0, 0, 0)
    assert str(seen) == "oldest waiting 0 s, 0 given up; last decisions: none"
