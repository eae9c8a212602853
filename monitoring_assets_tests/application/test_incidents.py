"""What follows from verdicts, day by day: incidents, threads, pages, digests, and reasons."""

from datetime import timedelta

import pytest

from monitoring_assets.application.incidents import SUPERSEDED, due_digests
from monitoring_assets.application.ports import RunInfo
from monitoring_assets.domain.incident import Resolution, Severity, Silence, State
from monitoring_assets.domain.measurement import Kind, Status
from monitoring_assets.domain.message import Act
from monitoring_assets_tests.alerting.verdicts import scored, verdict, window
from monitoring_assets_tests.application.alerts import HOUR, PAGER, SLACK, Course, bad, ok

DAY = timedelta(days=1)
OPEN, REPLY, EDIT, RESOLVE = Act.OPEN, Act.REPLY, Act.EDIT, Act.RESOLVE


# -- threads and pages ---------------------------------------------------------------------------


def test_a_trouble_opens_a_thread_and_its_end_closes_it():
    course = Course()
    course.decide(0, bad())
    assert (course.acts(), course.acts(PAGER), course.states) == ([OPEN], [], [State.NOTIFIED])
    course.decide(1, bad())
    assert course.acts() == [OPEN]
    course.decide(2, ok())
    assert (course.acts(), course.states) == ([OPEN, RESOLVE], [State.RESOLVED])


def test_what_certainly_hurts_is_a_page_too():
    course = Course()
    course.decide(0, bad(Kind.SCHEMA))
    course.decide(1, ok(Kind.SCHEMA))
    assert course.acts() == course.acts(PAGER) == [OPEN, RESOLVE]


def test_nothing_bad_is_nothing_told():
    course = Course()
    assert course.decide(0, ok()).reason == "nothing fails"
    assert course.store.told == []


def test_a_model_has_one_thread_while_anything_is_open():
    course = Course()
    course.decide(0, bad())
    course.decide(1, bad(), bad(column="y"))
    course.decide(2, ok(), bad(column="y"))
    course.decide(3, ok(), ok(column="y"))
    assert course.acts() == [OPEN, REPLY, RESOLVE]
    assert len(course.store.groups) == 1


def test_the_next_trouble_has_a_thread_of_its_own():
    course = Course()
    for day, said in enumerate([bad(), ok(), bad()]):
        course.decide(day, said)
    assert course.acts() == [OPEN, RESOLVE, OPEN]
    assert len(course.store.groups) == 2


def test_many_columns_at_once_are_one_message():
    course = Course()
    decision = course.decide(0, *(bad(column=f"c{n}") for n in range(30)))
    assert (course.acts(), len(decision.told)) == ([OPEN], 30)


def test_a_page_that_joins_a_thread_pages():
    course = Course()
    course.decide(0, bad())
    course.decide(1, bad(), bad(Kind.SCHEMA, column="y"))
    assert (course.acts(), course.acts(PAGER)) == ([OPEN, REPLY], [OPEN])


def test_a_page_is_closed_before_the_thread_of_what_lasts():
    course = Course()
    course.decide(0, bad(), bad(Kind.SCHEMA, column="y"))
    course.decide(1, bad(), ok(Kind.SCHEMA, column="y"))
    assert (course.acts(), course.acts(PAGER)) == ([OPEN], [OPEN, RESOLVE])


def test_every_change_edits_the_root():
    course = Course()
    course.decide(0, bad())
    course.decide(1, bad())
    assert [t.step.act for t in course.store.told] == [OPEN, EDIT]


def test_steps_of_a_group_are_numbered_in_order():
    course = Course()
    course.decide(0, bad())
    course.decide(1, bad(), bad(column="y"))
    course.decide(2, ok(), ok(column="y"))
    numbers = [t.step.seq for t in course.store.told]
    assert numbers == sorted(set(numbers))


# -- who is told, and why not --------------------------------------------------------------------


def test_the_decision_says_who_was_told():
    decision = Course().decide(0, bad(reason="x is missing"))
    assert decision.reason == "told: missing values of x: x is missing"
    assert decision.told == ("missing values of x: x is missing",)
    assert decision.failing == ("missing_values: x is missing",)


@pytest.mark.parametrize(
    ("verdicts", "reason"),
    [
        ([verdict(status=Status.WARN)], "what fails only warns"),
        ([bad(Kind.PREDICTION_DRIFT)], "it has not lasted long enough to be an incident"),
    ],
)
def test_the_decision_says_why_nobody_is_told(verdicts, reason):
    course = Course()
    assert course.decide(0, *verdicts).reason == reason
    assert course.store.told == []


def test_a_backfill_tells_nobody():
    course = Course()
    assert course.decide(0, bad(), is_backfill=True).reason == "a backfill tells nobody"
    assert (course.store.told, course.states) == ([], [State.OPEN])


def test_windows_of_long_ago_are_not_told():
    course = Course()
    reason = course.decide(0, bad(), after=5 * DAY).reason
    assert reason == "the window ended 5 days ago, too long to alert"
    assert course.store.told == []


@pytest.mark.parametrize(
    ("said", "is_told"),
    [
        (bad(Kind.SCHEMA), False),
        (bad(Kind.NO_DATA), False),
        (bad(Kind.NO_DATA, check="label_coverage"), True),
    ],
)
def test_what_waits_for_labels_is_told_when_they_came(said, is_told):
    course = Course()
    course.decide(0, said, after=10 * DAY)
    assert bool(course.acts()) is is_told


def test_time_alone_tells_nothing_of_a_backfill():
    course = Course()
    course.decide(0, bad(Kind.SCHEMA), is_backfill=True)
    course.tend(0, 3 * HOUR)
    assert course.store.told == []


def test_an_incident_found_by_a_backfill_is_told_once_when_it_lasts():
    course = Course()
    course.decide(0, bad(), is_backfill=True)
    course.decide(1, bad())
    course.decide(2, bad())
    assert course.acts() == [OPEN]


def test_an_incident_that_recovers_is_not_told_any_more():
    course = Course(settings={"persistence": {"quality": {"bad": 1, "of": 1, "ok": 2}}})
    course.decide(0, bad(), is_backfill=True)
    assert course.decide(1, ok()).reason == "nothing fails"
    assert course.incidents[0].note == "it is recovering: the newest window is ok"
    assert course.acts() == []


def test_small_drift_is_for_the_digest_only():
    course = Course()
    for day in range(2):
        decision = course.decide(day, bad(Kind.FEATURE_DRIFT))
    assert decision.reason == "incidents of severity info are in the digest only"
    assert course.acts() == []


def test_large_drift_is_a_ticket():
    course = Course()
    for day in range(2):
        course.decide(day, scored(0.35, day, Kind.FEATURE_DRIFT))
    assert course.incidents[0].severity is Severity.TICKET
    assert course.acts() == [OPEN]


def test_new_models_are_quiet_until_they_are_known():
    course = Course(settings={"warm_up": 3})
    reason = course.decide(0, bad()).reason
    assert reason == "warm-up: 1 of 3 windows are judged, it would have been told"
    course.decide(1, bad())
    assert course.acts() == []
    course.decide(2, bad())
    assert course.acts() == [OPEN]


@pytest.mark.parametrize("kind", [Kind.NO_DATA, Kind.SCHEMA])
def test_what_is_certain_needs_no_warm_up(kind):
    course = Course(settings={"warm_up": 3})
    course.decide(0, bad(kind))
    assert course.acts() == [OPEN]


def test_another_reference_begins_with_a_warm_up():
    course = Course(settings={"warm_up": 2})
    for day in range(3):
        course.decide(day, bad())
    course.active = "v2"
    reason = course.decide(3, bad(baseline="v2")).reason
    assert course.incidents[0].resolution is Resolution.BASELINE_CHANGED
    assert reason.startswith("warm-up: 1 of 2 windows")
    assert course.acts() == [OPEN, RESOLVE]


def test_a_run_over_many_windows_decides_once():
    course = Course()
    found = {window(day): [bad(day=day)] for day in range(3)}
    run = RunInfo(run_id="range", computed_at=course.now(2))
    decisions = course.alerts.decide(found, run, is_backfill=False)
    assert [d.window for d in decisions] == [window(day) for day in range(3)]
    assert {d.reason for d in decisions} == {"told: missing values of x: it is bad"}
    assert course.acts() == [OPEN]


# -- causes --------------------------------------------------------------------------------------


def test_a_cause_hides_its_symptom_and_says_so():
    course = Course()
    course.decide(0, bad(Kind.NO_DATA, column=""), bad(reason="x is missing"))
    assert course.acts() == [OPEN]
    hidden = next(i for i in course.incidents if i.hidden_by)
    assert (hidden.state, hidden.episode.kind) == (State.OPEN, Kind.QUALITY)
    assert course.said().hides == ("missing values of x: x is missing",)


def test_a_symptom_that_outlasts_its_cause_is_told():
    course = Course()
    course.decide(0, bad(Kind.NO_DATA, column=""), bad())
    course.decide(1, ok(Kind.NO_DATA, column=""), bad())
    assert course.acts() == [OPEN, REPLY]
    assert course.acts(PAGER) == [OPEN, RESOLVE]


def test_performance_is_never_hidden():
    course = Course()
    for day in range(2):
        decision = course.decide(day, bad(Kind.SCHEMA), bad(Kind.PERFORMANCE, column=""))
    assert decision.told == ("performance: it is bad",)


# -- life cycle ----------------------------------------------------------------------------------


def test_a_failed_run_is_a_page_until_the_window_is_monitored():
    course = Course()
    decision = course.fail(0)
    assert decision.failing == ("pipeline: out of memory",)
    assert course.acts(PAGER) == [OPEN]
    course.decide(0, ok(), after=2 * HOUR)
    assert course.acts(PAGER) == [OPEN, RESOLVE]
    assert course.incidents[0].resolution is Resolution.VERDICT_REVISED


def test_a_failed_backfill_tells_nobody():
    course = Course()
    assert course.fail(0, is_backfill=True).reason == "a backfill tells nobody"
    assert course.store.told == []


def test_late_data_that_change_a_verdict_edit_the_thread():
    course = Course()
    course.decide(0, bad(), bad(column="y"))
    course.decide(0, ok(), bad(column="y"), after=2 * HOUR)
    assert [t.step.act for t in course.store.told] == [OPEN, EDIT]
    revised = next(i for i in course.incidents if not i.is_open)
    assert revised.resolution is Resolution.VERDICT_REVISED


def test_a_verdict_revised_back_and_forth_pages_once():
    course = Course()
    course.decide(0, bad(Kind.SCHEMA), bad(Kind.SCHEMA, column="y"))
    for hour in range(2, 8):
        turning = bad if hour % 2 else ok
        course.decide(0, turning(Kind.SCHEMA), bad(Kind.SCHEMA, column="y"), after=hour * HOUR)
    assert course.acts(PAGER).count(OPEN) == 1


def test_a_past_window_that_turns_bad_is_for_the_digest():
    course = Course()
    for day in range(6):
        course.decide(day, ok())
    course.decide(1, bad(), after=5 * DAY)
    assert course.acts() == []
    assert [i.resolution for i in course.incidents] == [Resolution.RECOVERED]
    (waiting,) = [t.event for t in course.store.happened]
    assert (waiting.what, waiting.destination) == ("passed", SLACK)


def test_an_older_slow_run_changes_nothing():
    course = Course()
    course.decide(0, ok(), after=2 * HOUR, began=HOUR)
    decision = course.decide(0, bad(), after=3 * HOUR, began=timedelta(0))
    assert (decision.reason, decision.is_superseded) == (SUPERSEDED, True)
    assert course.incidents == []


def test_what_could_not_be_judged_resolves_nothing():
    course = Course()
    course.decide(0, bad())
    course.decide(1, verdict(status=Status.UNJUDGED))
    assert course.acts() == [OPEN]


def test_a_ticket_that_nobody_takes_becomes_a_page():
    course = Course()
    for day in range(4):
        course.decide(day, bad())
    assert (course.acts(), course.acts(PAGER)) == ([OPEN, REPLY], [OPEN])
    assert course.states == [State.ESCALATED]
    assert course.said(act=REPLY).title == "churn: missing values of x is more serious now"


def test_a_ticket_that_somebody_took_does_not():
    course = Course()
    course.decide(0, bad())
    course.alerts.acknowledge(course.incidents[0].id, "ada", course.now(0))
    for day in range(1, 6):
        course.decide(day, bad())
    assert course.acts() == [OPEN]


def test_what_gets_much_worse_is_told_in_the_thread():
    course = Course()
    course.decide(0, scored(0.12, 0))
    course.decide(1, scored(0.13, 1))
    assert course.acts() == [OPEN]
    course.decide(2, scored(0.5, 2))
    assert course.acts() == [OPEN, REPLY]
    assert course.said(act=REPLY).title == "churn: missing values of x got worse"


# -- people --------------------------------------------------------------------------------------


def test_an_acknowledgement_is_in_the_root_and_in_the_audit():
    course = Course()
    course.decide(0, bad())
    course.alerts.acknowledge(course.incidents[0].id, "ada", course.now(0))
    assert course.states == [State.ACKNOWLEDGED]
    assert ("acknowledged by", "ada") in course.said().facts
    assert [(e.actor, e.action) for e in course.store.audit()] == [("ada", "ack")]


def test_a_snoozed_incident_is_quiet_until_its_time():
    course = Course(settings={"escalate_after": 0})
    course.decide(0, bad())
    course.alerts.snooze(course.incidents[0].id, "ada", course.now(2), course.now(0))
    course.decide(1, bad())
    assert (course.acts(), course.states) == ([OPEN], [State.SNOOZED])
    course.tend(2)
    assert (course.acts(), course.states) == ([OPEN, REPLY], [State.NOTIFIED])


def test_a_snooze_ends_when_it_gets_worse():
    course = Course()
    course.decide(0, scored(0.2, 0))
    course.alerts.snooze(course.incidents[0].id, "ada", course.now(9), course.now(0))
    course.decide(1, scored(0.2, 1))
    assert course.states == [State.SNOOZED]
    course.decide(2, scored(0.3, 2))
    assert (course.acts(), course.states) == ([OPEN, REPLY], [State.NOTIFIED])


def test_an_incident_closed_by_hand_stays_closed_while_it_lasts():
    course = Course()
    course.decide(0, bad())
    course.alerts.resolve(course.incidents[0].id, "ada", course.now(0))
    course.decide(1, bad())
    assert course.acts() == [OPEN, RESOLVE]
    assert course.incidents[0].resolution is Resolution.MANUAL


def silenced(course, **matcher):
    return Silence(
        id="s",
        starts_at=course.now(0, -DAY),
        ends_at=course.now(1),
        created_by="ada",
        reason="a release",
        **matcher,
    )


def test_a_silence_mutes_what_opens_and_says_so():
    course = Course()
    course.alerts.silence(silenced(course), course.now(0))
    reason = course.decide(0, bad()).reason
    assert reason == "silenced by ada until 2026-03-04 01:00: a release"
    assert course.store.told == []
    course.tend(1, 2 * HOUR)
    assert course.acts() == [OPEN]


@pytest.mark.parametrize(
    ("matcher", "is_muted"),
    [
        ({"model": "churn"}, True),
        ({"model": "fraud"}, False),
        ({"kind": "quality"}, True),
        ({"kind": "schema"}, False),
        ({"column": "x"}, True),
        ({"column": "y"}, False),
        ({"segment": "region=east"}, False),
    ],
)
def test_a_silence_mutes_what_it_names(matcher, is_muted):
    course = Course()
    course.alerts.silence(silenced(course, **matcher), course.now(0))
    course.decide(0, bad())
    assert (course.acts() == []) is is_muted


def test_a_silence_never_mutes_the_end_of_what_was_told():
    course = Course()
    course.decide(0, bad())
    course.alerts.silence(silenced(course), course.now(0))
    course.decide(1, ok(), after=timedelta(0))
    assert course.acts() == [OPEN, RESOLVE]


# -- budgets, reminders and the digest -----------------------------------------------------------


def test_enough_replies_a_day_leave_the_rest_to_the_digest():
    course = Course(settings={"replies_per_day": 2})
    for n in range(5):
        said = [bad(column=f"c{m}") for m in range(n + 1)]
        decision = course.decide(0, *said, after=(n + 1) * HOUR)
    assert course.acts() == [OPEN, REPLY, REPLY]
    assert decision.reason.endswith(
        "budget reached: 2 replies in a day; the rest is in the digest"
    )


def test_a_page_is_never_left_to_the_digest():
    course = Course(settings={"replies_per_day": 0})
    course.decide(0, bad())
    course.decide(0, bad(), bad(Kind.SCHEMA), after=2 * HOUR)
    assert (course.acts(), course.acts(PAGER)) == ([OPEN, REPLY], [OPEN])


def test_a_full_channel_leaves_tickets_to_the_digest():
    course = Course(settings={"messages_per_week": 1})
    course.decide(0, bad())
    course.decide(1, ok())
    reason = course.decide(2, bad()).reason
    assert reason == "budget of slack reached; the rest is in the digest"


def test_a_second_page_within_hours_waits_in_its_thread():
    course = Course()
    course.decide(0, bad(Kind.SCHEMA))
    course.decide(0, ok(Kind.SCHEMA), after=2 * HOUR)
    course.decide(0, bad(Kind.SCHEMA), after=3 * HOUR)
    assert (course.acts().count(OPEN), course.acts(PAGER).count(OPEN)) == (2, 1)
    course.tend(0, 8 * HOUR)
    assert course.acts(PAGER).count(OPEN) == 2


def test_a_page_that_nobody_takes_is_recalled_daily_in_its_thread():
    course = Course()
    course.decide(0, bad(Kind.SCHEMA))
    for hours in range(2, 52, 6):
        course.tend(0, hours * HOUR)
    assert course.acts() == [OPEN, Act.REMINDER, Act.REMINDER]
    assert course.acts(PAGER) == [OPEN]


def test_a_ticket_is_not_recalled():
    course = Course()
    course.decide(0, bad())
    course.tend(3)
    assert course.acts() == [OPEN]


def digest(course, day, hour=9):
    now = window(day).end + timedelta(hours=hour)
    return course.store.digest(due_digests({"churn": course.config}, now), now)


def test_the_digest_comes_once_a_day():
    course = Course()
    course.decide(0, bad(), is_backfill=True)
    assert len(digest(course, 0)) == 1
    course.decide(1, bad(column="y"), is_backfill=True)
    assert digest(course, 0, 20) == []
    assert len(digest(course, 1)) == 1


def test_an_empty_digest_is_none():
    course = Course()
    course.decide(0, ok())
    assert digest(course, 0) == []


def test_a_year_of_the_past_is_no_page_and_one_line():
    course = Course()
    for day in range(365):
        trouble = bad if day % 5 == 0 else ok
        said = [trouble(kind, column=c) for kind in (Kind.SCHEMA, Kind.QUALITY) for c in "xyz"]
        course.decide(day, *said, after=(365 - day) * DAY, is_backfill=True)
    assert course.store.told == []
    (name,) = digest(course, 365)
    message = course.messages.message(
        name, Act.DIGEST, 1, destination=SLACK, may_have_arrived=False
    )
    assert message.facts == (
        ("churn", "monitored the past, 2026-03-02 to 2027-02-25: 219 incidents found"),
    )
    course.decide(
        365, *(ok(kind, column=c) for kind in (Kind.SCHEMA, Kind.QUALITY) for c in "xyz")
    )
    assert (course.acts(PAGER), course.acts()) == ([], [Act.DIGEST])


def test_a_year_of_the_past_without_the_tag_is_no_page_either():
    course = Course()
    for day in range(0, 365, 5):
        course.decide(day, bad(Kind.SCHEMA), after=(365 - day) * DAY)
        course.decide(day + 1, ok(Kind.SCHEMA), after=(364 - day) * DAY)
    assert course.acts(PAGER) == course.acts() == []
