from dataclasses import replace

import pytest

from monitoring_assets.domain.errors import DeliveryError, Fault
from monitoring_assets.domain.incident import Severity
from monitoring_assets.domain.message import Act
from monitoring_assets.notifiers.pagerduty import PagerDutyChannel, trigger
from monitoring_assets_tests.notifiers.situations import PAGE, SITUATIONS
from monitoring_assets_tests.notifiers.test_conformance import pagerduty_channel
from monitoring_assets_tests.providers.server import Answer


def send(server, message=PAGE, *, is_retry=False):
    return pagerduty_channel(server).send(
        message, delivery_id="id", thread=None, is_retry=is_retry
    )


def test_an_open_pages_under_the_key_of_its_group(pagerduty):
    assert send(pagerduty) == f"mlmon:{PAGE.group}"
    (incident,) = pagerduty.incidents
    assert (incident.dedup_key, incident.severity) == (f"mlmon:{PAGE.group}", "critical")


@pytest.mark.parametrize("fault", ["error_500_after", "dropped_after", "html_after"])
def test_an_open_whose_answer_was_lost_pages_once(pagerduty, fault):
    pagerduty.faults.queue = [fault]
    try:
        send(pagerduty)
    except DeliveryError:
        send(pagerduty, is_retry=True)
    assert len(pagerduty.incidents) == 1


def test_a_resolve_closes_the_page(pagerduty):
    send(pagerduty)
    send(pagerduty, SITUATIONS["resolved"])
    assert [incident.is_open for incident in pagerduty.incidents] == [False]


@pytest.mark.parametrize("act", [Act.REPLY, Act.EDIT, Act.REMINDER])
def test_what_happens_in_the_thread_sends_nothing(pagerduty, act):
    send(pagerduty, replace(PAGE, act=act))
    assert pagerduty.requests == []


def test_a_digest_is_a_change_that_pages_nobody(pagerduty):
    send(pagerduty, SITUATIONS["digest"])
    assert (len(pagerduty.changes), pagerduty.incidents) == (1, [])


def test_an_event_that_is_refused_is_sent_once_more_with_the_least_that_is_required(
    pagerduty, monkeypatch
):
    monkeypatch.setattr(pagerduty, "serve", lambda _request: Answer(400, {"errors": ["links"]}))
    with pytest.raises(DeliveryError) as failed:
        send(pagerduty)
    assert failed.value.fault is Fault.MESSAGE
    assert [b"links" in request.body for request in pagerduty.requests] == [True, False]


def test_a_wrong_key_lets_messages_wait_and_names_the_variable(pagerduty):
    pagerduty.routing_keys = {"another"}
    with pytest.raises(DeliveryError, match="routing key in KEY") as failed:
        send(pagerduty)
    assert failed.value.fault is Fault.DESTINATION


def test_a_missing_key_names_the_variable(pagerduty):
    channel = PagerDutyChannel({}, key_env="OUR_KEY", base_url=pagerduty.url)
    with pytest.raises(DeliveryError, match="OUR_KEY"):
        channel.send(PAGE, delivery_id="id", thread=None, is_retry=False)


def test_too_many_events_are_sent_later(pagerduty):
    pagerduty.faults.queue = ["rate_limited"]
    with pytest.raises(DeliveryError) as failed:
        send(pagerduty)
    assert (failed.value.fault, failed.value.retry_after_seconds) == (Fault.BUSY, 7.0)


@pytest.mark.parametrize(
    ("severity", "told"),
    [(Severity.PAGE, "critical"), (Severity.TICKET, "error"), (Severity.INFO, "info")],
)
def test_severities_have_pagerdutys_names(severity, told):
    assert trigger(replace(PAGE, severity=severity))["payload"]["severity"] == told


def test_two_facts_of_one_name_are_both_told():
    details = trigger(replace(PAGE, facts=(("a", "1"), ("a", "2"))))["payload"]["custom_details"]
    assert details["a"] == "1; 2"
