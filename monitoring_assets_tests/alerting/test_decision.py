from datetime import timedelta

import pytest

from monitoring_assets.alerting.decision import checks_of, decide
from monitoring_assets.domain.evaluation import Evaluation
from monitoring_assets.domain.incident import Severity
from monitoring_assets.domain.measurement import Kind, Measurement, Status
from monitoring_assets_tests.alerting.verdicts import model, verdict, window

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def decided(*checks, age=HOUR, config=None, is_backfill=False):
    config = config or model()
    first = window(config=config)
    return decide(
        config,
        first,
        checks,
        now=first.end + age,
        is_backfill=is_backfill,
        link="http://ui/churn",
    )


def test_what_fails_is_told():
    notice = decided(verdict(Kind.SCHEMA, reason="age is missing")).notice
    assert (notice.model, notice.window_key) == ("churn", "2026-03-02")
    assert (notice.severity, notice.title) == (Severity.PAGE, "churn 2026-03-02: schema")
    assert (notice.lines, notice.link) == (("schema: age is missing",), "http://ui/churn")


def test_the_decision_holds_every_failing_check_and_the_worst_status():
    decision = decided(verdict(Kind.QUALITY), verdict(Kind.SCHEMA, Status.ERROR))
    assert decision.status is Status.ERROR
    assert decision.failing == ("schema: it is bad", "missing_values: it is bad")


@pytest.mark.parametrize("status", [Status.OK, Status.UNJUDGED, Status.INFO])
def test_nobody_is_told_where_nothing_fails(status):
    decision = decided(verdict(Kind.SCHEMA, status))
    assert (decision.notice, decision.reason) == (None, "nothing fails")
    assert decision.status is status


def test_nobody_is_told_of_a_backfill():
    decision = decided(verdict(Kind.SCHEMA), is_backfill=True)
    assert (decision.notice, decision.reason) == (None, "a backfill tells nobody")
    assert decision.failing == ("schema: it is bad",)


@pytest.mark.parametrize(("age", "is_told"), [(2 * DAY, True), (2 * DAY + HOUR, False)])
def test_windows_of_long_ago_are_not_told(age, is_told):
    decision = decided(verdict(Kind.SCHEMA), age=age)
    assert (decision.notice is not None) is is_told


def test_a_window_of_long_ago_says_how_long():
    reason = decided(verdict(Kind.SCHEMA), age=5 * DAY).reason
    assert reason == "the window ended 5 days ago, too long to alert"


def test_the_largest_age_may_be_declared():
    config = model(alerts={"max_age": "1h"})
    assert decided(verdict(Kind.SCHEMA), age=HOUR, config=config).notice is not None
    reason = decided(verdict(Kind.SCHEMA), age=2 * HOUR, config=config).reason
    assert reason == "the window ended 2 hours ago, too long to alert"


def test_a_largest_age_of_zero_tells_nothing_late():
    config = model(alerts={"max_age": "0h"})
    assert decided(verdict(Kind.SCHEMA), age=HOUR, config=config).notice is None


@pytest.mark.parametrize(("age", "is_told"), [(6 * HOUR, True), (7 * HOUR, False)])
def test_windows_of_an_hour_are_told_for_six(age, is_told):
    config = model(cadence={"start": "2026-03-02", "every": "hour"})
    hour = config.cadence.windows.first()
    decision = decide(
        config, hour, [verdict(Kind.SCHEMA)], now=hour.end + age, is_backfill=False, link=""
    )
    assert (decision.notice is not None) is is_told


@pytest.mark.parametrize(
    ("late", "is_told"),
    [
        (verdict(Kind.PERFORMANCE), True),
        (verdict(Kind.NO_DATA, check="label_coverage"), True),
        (verdict(Kind.NO_DATA), False),
        (verdict(Kind.PREDICTION_DRIFT), False),
    ],
)
def test_what_waits_for_labels_is_told_when_they_came(late, is_told):
    decision = decided(late, age=15 * DAY)
    assert (decision.notice is not None) is is_told


def test_labels_do_not_come_for_ever():
    assert decided(verdict(Kind.PERFORMANCE), age=17 * DAY).notice is None


def test_nobody_is_told_of_what_is_merely_interesting():
    decision = decided(verdict(Kind.FEATURE_DRIFT), verdict(Kind.CORRELATION))
    assert (decision.notice, decision.reason) == (None, "what fails is of severity info")


def test_nobody_is_told_of_a_warning():
    decision = decided(verdict(Kind.SCHEMA, Status.WARN))
    assert (decision.notice, decision.reason) == (None, "what fails is of severity info")
    assert decision.failing == ("schema: it is bad",)


def test_severities_may_be_declared():
    config = model(alerts={"severity": {"feature_drift": "page", "schema": "info"}})
    assert decided(verdict(Kind.FEATURE_DRIFT), config=config).notice.severity is Severity.PAGE
    assert decided(verdict(Kind.SCHEMA), config=config).notice is None


def test_the_most_serious_trouble_comes_first():
    notice = decided(
        verdict(Kind.FEATURE_DRIFT), verdict(Kind.QUALITY), verdict(Kind.SCHEMA)
    ).notice
    assert notice.title == "churn 2026-03-02: schema, quality, feature drift"
    assert [line.partition(":")[0] for line in notice.lines] == [
        "schema",
        "missing_values",
        "feature_drift",
    ]
    assert notice.severity is Severity.PAGE


def test_a_message_that_labels_bring_late_still_tells_what_failed_before():
    notice = decided(verdict(Kind.QUALITY), verdict(Kind.PERFORMANCE), age=8 * DAY).notice
    assert notice.lines == ("performance: it is bad", "missing_values: it is bad")


def test_what_is_too_old_to_tell_has_no_say_in_the_severity():
    config = model(alerts={"severity": {"performance": "ticket"}})
    notice = decided(
        verdict(Kind.SCHEMA), verdict(Kind.PERFORMANCE), age=8 * DAY, config=config
    ).notice
    assert notice.severity is Severity.TICKET


def test_messages_go_to_the_channel_of_the_model():
    config = model(alerts={"slack_channel": "#growth"})
    assert decided(verdict(Kind.SCHEMA), config=config).notice.channel == "#growth"


def test_checks_are_those_that_measurements_count_towards():
    def measurement(check: str, status: Status) -> Measurement:
        return Measurement(
            metric="m", kind=Kind.QUALITY, check=check, n=1, value=1.0, status=status
        )

    evaluation = Evaluation(
        model="churn",
        asset="quality_results",
        window=window(),
        reference_version="v1",
        measurements=(
            measurement("a", Status.OK),
            measurement("", Status.INFO),
            measurement("b", Status.OK),
            measurement("a", Status.BAD),
        ),
    )
    found = {check.check: check.status for check in checks_of([evaluation])}
    assert found == {"a": Status.BAD, "b": Status.OK}
