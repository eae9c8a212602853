from monitoring_assets.alerting.failed_run import failed_run, first_line
from monitoring_assets.domain.incident import Severity
from monitoring_assets.domain.measurement import Status
from monitoring_assets_tests.alerting.verdicts import model, window


def test_a_failed_run_is_told_as_trouble_of_the_pipeline():
    decision = failed_run(model(), window(), "out of memory", "http://run", is_backfill=False)
    assert decision.status is Status.ERROR
    assert decision.notice.severity is Severity.PAGE
    assert decision.notice.title == "churn 2026-03-02: not monitored, its run failed"
    assert decision.notice.lines == decision.failing == ("pipeline: out of memory",)
    assert decision.notice.link == "http://run"


def test_nobody_is_told_of_a_failed_backfill():
    decision = failed_run(model(), window(), "out of memory", "http://run", is_backfill=True)
    assert (decision.notice, decision.reason) == (None, "a backfill tells nobody")
    assert decision.failing == ("pipeline: out of memory",)


def test_the_severity_of_the_pipeline_may_be_declared():
    config = model(alerts={"severity": {"pipeline": "ticket"}, "slack_channel": "#growth"})
    notice = failed_run(config, window(), "e", "", is_backfill=False).notice
    assert (notice.severity, notice.channel) == (Severity.TICKET, "#growth")


def test_the_first_line_that_says_something_counts():
    assert first_line("\n   \n  ValueError: no\n  at line 3") == "ValueError: no"
    assert first_line("  ") == "no reason was given"
    assert first_line("x" * 400) == "x" * 300
