"""What messages say, and when nothing is left to say."""

import json

import pytest

from monitoring_assets.domain.measurement import Kind
from monitoring_assets.domain.message import Act
from monitoring_assets_tests.application.alerts import HOUR, PAGER, SLACK, Course, bad, ok
from monitoring_assets_tests.application.compositions import GOLDEN, SITUATIONS, composed


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_situation_has_its_golden_message(situation):
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    message = "run: python -m monitoring_assets_tests.application.compositions"
    assert composed()[situation] == golden[situation], message


def said(course, act, destination=SLACK, *, may_have_arrived=False):
    told = [t for t in course.store.told if (t.step.act, t.destination) == (act, destination)][-1]
    return course.messages.message(
        told.group_id,
        act,
        told.step.seq,
        destination=destination,
        may_have_arrived=may_have_arrived,
    )


@pytest.fixture
def over():
    """Return a course whose thread was opened, answered and closed."""
    course = Course()
    course.decide(0, bad())
    course.decide(1, bad(), bad(column="y"))
    course.decide(2, ok(), ok(column="y"))
    return course


@pytest.mark.parametrize("act", [Act.OPEN, Act.REPLY, Act.EDIT])
def test_what_is_over_before_it_was_sent_is_not_said(over, act):
    assert said(over, act) is None


def test_an_opening_that_may_have_arrived_is_said_again(over):
    assert said(over, Act.OPEN, may_have_arrived=True).act is Act.OPEN


def test_the_end_is_always_said(over):
    assert said(over, Act.RESOLVE).title == "churn: over, missing values of x"


def test_a_page_that_is_over_says_nothing_while_its_thread_lasts():
    course = Course()
    course.decide(0, bad(), bad(Kind.SCHEMA, column="y"))
    course.decide(1, bad(), ok(Kind.SCHEMA, column="y"))
    assert said(course, Act.OPEN, PAGER) is None
    assert said(course, Act.OPEN) is not None


def test_a_reply_about_what_is_over_says_nothing():
    course = Course()
    course.decide(0, bad())
    course.decide(1, bad(), bad(column="y"))
    course.decide(2, bad(), ok(column="y"))
    assert said(course, Act.REPLY) is None


def test_a_reminder_of_what_was_taken_says_nothing():
    course = Course()
    course.decide(0, bad(Kind.SCHEMA))
    course.tend(1)
    course.alerts.acknowledge(course.incidents[0].id, "ada", course.now(1, 2 * HOUR))
    assert said(course, Act.REMINDER) is None


def test_a_group_that_nobody_knows_says_nothing():
    message = Course().messages.message
    assert message("gone", Act.OPEN, 1, destination=SLACK, may_have_arrived=False) is None
    assert message("digest/x", Act.DIGEST, 1, destination=SLACK, may_have_arrived=False) is None
