"""Why an alert fired, or did not."""

from monitoring_assets.application.explain import explain_incident, explain_window
from monitoring_assets.domain.measurement import Kind, Status
from monitoring_assets_tests.alerting.verdicts import scored, verdict
from monitoring_assets_tests.application.alerts import Course, bad, ok


def window_of(course, key):
    return dict(explain_window(course.store, course.config, key).sections)


def incident_of(course, number=0):
    incident = course.incidents[number]
    return dict(explain_incident(course.store, course.config, incident).sections)


def test_a_quiet_window_has_nothing_to_explain():
    course = Course()
    course.decide(0, ok())
    assert window_of(course, "2026-03-02") == {"decision": ("ok: nothing fails",)}


def test_what_has_not_lasted_is_said_with_the_rule():
    course = Course()
    course.decide(0, ok(Kind.PREDICTION_DRIFT))
    course.decide(1, bad(Kind.PREDICTION_DRIFT))
    assert window_of(course, "2026-03-03")["failing"] == (
        "prediction_drift x: it is bad — no incident: bad in 1 of the last 2 judged windows, it "
        "takes 2 of 3",
    )


def test_a_warning_is_said_to_be_one():
    course = Course()
    course.decide(0, verdict(status=Status.WARN))
    (line,) = window_of(course, "2026-03-02")["failing"]
    assert line == "missing_values x: it is bad — it only warns"


def test_an_incident_that_was_not_told_says_why():
    course = Course()
    course.decide(0, bad(), is_backfill=True)
    assert incident_of(course)["told"] == ("nobody was told by itself: a backfill tells nobody",)


def test_a_hidden_incident_names_its_cause():
    course = Course()
    course.decide(0, bad(Kind.NO_DATA, column=""), bad())
    (hidden,) = [n for n, i in enumerate(course.incidents) if i.hidden_by]
    (why, cause) = incident_of(course, hidden)["told"]
    assert why.endswith("it is a consequence of another incident, which hides it")
    assert cause.startswith("explained by no rows: it is bad (")


def test_the_course_shows_scores_and_limits():
    course = Course()
    for day, score in enumerate((0.05, 0.2, 0.09, 0.05)):
        course.decide(day, scored(score, day))
    sections = incident_of(course)
    assert sections["verdicts"] == (
        "2026-03-02 ok       5 %, limit 10 %, over at 7.5 % (n 100)",
        "2026-03-03 bad      20 %, limit 10 %, over at 7.5 % (n 100) it is bad",
        "2026-03-04 ok       9 %, limit 10 %, over at 7.5 % (n 100)",
        "2026-03-05 ok       5 %, limit 10 %, over at 7.5 % (n 100)",
    )
    assert (
        "it opens at 1 bad of 1 judged windows and is over after 1 ok in a row"
        in (sections["what"])
    )


def test_a_long_course_shows_its_ends():
    course = Course()
    for day in range(40):
        course.decide(day, bad())
    assert len(incident_of(course)["verdicts"]) == 20
