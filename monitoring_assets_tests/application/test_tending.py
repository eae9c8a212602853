from datetime import timedelta

from monitoring_assets.application.tending import tend
from monitoring_assets.domain.message import Act
from monitoring_assets_tests.application.alerts import HOUR, PAGER, Course, bad, ok

DAY = timedelta(days=1)


def looked(course, day, after, missing=None):
    return tend([course.alerts], course.store, missing or {}, course.now(day, after))


def test_a_quiet_model_needs_nothing():
    course = Course()
    course.decide(0, ok())
    assert looked(course, 0, HOUR).lines == ()


def test_a_window_that_nobody_monitored_is_a_page():
    course = Course()
    course.decide(0, ok())
    first = looked(course, 1, 7 * HOUR)
    assert (first.lines, list(first.missing)) == ((), ["churn 2026-03-03"])
    second = looked(course, 1, 8 * HOUR, first.missing)
    assert second.missing == {}
    assert course.acts(PAGER) == [Act.OPEN]
    assert course.said().summary.startswith("2026-03-03: it ended 8 hours ago and was not")


def test_a_missing_window_is_told_once():
    course = Course()
    course.decide(0, ok())
    missing = looked(course, 1, 7 * HOUR).missing
    for hours in (8, 9, 10):
        missing = looked(course, 1, hours * HOUR, missing).missing
    assert course.acts(PAGER) == [Act.OPEN]


def test_a_window_may_come_until_its_deadline():
    course = Course()
    course.decide(0, ok())
    assert looked(course, 1, 5 * HOUR).missing == {}


def test_a_model_that_was_never_monitored_is_not_missed():
    assert looked(Course(), 9, DAY).missing == {}


def test_a_missing_window_that_was_monitored_is_over():
    course = Course()
    course.decide(0, ok())
    missing = looked(course, 1, 7 * HOUR).missing
    looked(course, 1, 8 * HOUR, missing)
    course.decide(1, ok(), after=9 * HOUR)
    assert course.acts(PAGER) == [Act.OPEN, Act.RESOLVE]


def test_the_digest_is_enqueued():
    course = Course()
    course.decide(0, bad(), is_backfill=True)
    assert looked(course, 0, 10 * HOUR).lines == ("digest/slack/2026-03-03T09",)


def test_what_was_done_is_told():
    course = Course()
    course.decide(0, bad())
    course.alerts.snooze(course.incidents[0].id, "ada", course.now(0, 2 * HOUR), course.now(0))
    assert looked(course, 0, 3 * HOUR).lines == (
        "churn: snooze ended missing values of x: it is bad",
    )
