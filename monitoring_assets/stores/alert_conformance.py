"""What every store of alerts promises, as checks that run on an empty one of any kind."""
# ruff: noqa: S101

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitoring_assets.alerting.notification import Outcome
from monitoring_assets.application.ports import AlertStore, RunInfo
from monitoring_assets.domain.decision import AuditEntry, Decision
from monitoring_assets.domain.incident import (
    Episode,
    Event,
    Group,
    Incident,
    Resolution,
    Severity,
    Silence,
    State,
)
from monitoring_assets.domain.measurement import Kind, Status
from monitoring_assets.domain.message import Act, Step
from monitoring_assets.domain.verdict import Coverage, Subject, Verdict
from monitoring_assets.domain.window import Window

DAY = Window(datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC), "2026-01-02")
NEXT_DAY = Window(DAY.end, DAY.end + timedelta(days=1), "2026-01-03")
NOW = datetime(2026, 1, 3, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
RUN = RunInfo(run_id="run-1", computed_at=NOW, started_at=NOW - HOUR)
LATER = RunInfo(run_id="run-2", computed_at=NOW + HOUR, started_at=NOW)
AGE = Subject(check="missing_values", column="age")
BAD = Verdict(
    subject=AGE,
    window=DAY,
    kind=Kind.QUALITY,
    status=Status.BAD,
    n=100,
    metric="missing_share",
    score=0.2,
    threshold=0.1,
    recovery=0.075,
    margin=0.1,
    lower=0.15,
    upper=0.25,
    reason="age: missing_share 0.2 is above 0.1",
    baseline="v1",
)
OK = replace(BAD, status=Status.OK, score=0.05, lower=None, upper=None, reason="")
OTHER = replace(OK, subject=replace(AGE, column="load"))
EPISODE = Episode(
    subject=AGE, kind=Kind.QUALITY, first=DAY, opened=DAY, last=DAY, score=0.2, margin=0.1
)
INCIDENT = Incident(
    id="6d1f6a0e-1", model="churn", episode=EPISODE, severity=Severity.TICKET, opened_at=NOW
)
TOLD = replace(INCIDENT, state=State.NOTIFIED, told_at=NOW, told_bad=1, group_id="g1")
GROUP = Group(
    id="g1",
    model="churn",
    severity=Severity.TICKET,
    opened_at=NOW,
    destinations=("slack",),
    last_seq=1,
)
OPENED = Event(
    incident_id=INCIDENT.id,
    window_key=DAY.key,
    what="opened",
    line="age is missing",
    severity=Severity.TICKET,
    group_id="g1",
    seq=1,
)
QUIET = replace(OPENED, what="quiet", group_id="", seq=None, destination="slack")
SILENCE = Silence(
    id="s1", starts_at=NOW, ends_at=NOW + HOUR, created_by="ada", reason="release", model="churn"
)
ENTRY = AuditEntry(
    at=NOW, actor="ada", action="ack", model="churn", subject=INCIDENT.id, undo="none"
)


def judged(
    store: AlertStore, *verdicts: Verdict, run: RunInfo = RUN, is_whole: bool = True
) -> bool:
    """Store verdicts of the example window."""
    with store.book("churn") as book:
        return book.judge(DAY, verdicts, run, is_whole=is_whole)


def saved(store: AlertStore, outcome: Outcome) -> None:
    """Store what followed from a decision."""
    with store.book("churn") as book:
        book.incidents()
        book.save(outcome, NOW)


def a_verdict_comes_back(store: AlertStore) -> None:
    """Every field is read as it was written."""
    judged(store, BAD, OTHER)
    assert store.verdicts("churn", AGE) == [BAD]
    assert store.verdicts_of_window("churn", DAY.key) == [BAD, OTHER]
    assert store.verdicts_of_window("fraud", DAY.key) == []


def an_older_run_cannot_replace_a_newer_one(store: AlertStore) -> None:
    """A slow run that began earlier changes nothing."""
    assert judged(store, BAD, run=LATER)
    assert not judged(store, OK, run=RUN)
    assert store.verdicts("churn", AGE) == [BAD]


def a_newer_run_replaces_what_was_said(store: AlertStore) -> None:
    """The newest verdict counts, and subjects that are not mentioned any more are gone."""
    judged(store, BAD, OTHER)
    assert judged(store, OK, run=LATER)
    assert store.verdicts_of_window("churn", DAY.key) == [OK]


def a_partial_judgement_leaves_the_rest_alone(store: AlertStore) -> None:
    """A failed run says nothing of the columns."""
    failed = Verdict(
        subject=Subject(check="pipeline"), window=DAY, kind=Kind.PIPELINE, status=Status.ERROR
    )
    judged(store, BAD)
    judged(store, failed, run=LATER, is_whole=False)
    assert store.verdicts_of_window("churn", DAY.key) == [BAD, failed]


def the_history_holds_suspects_and_all_checks(store: AlertStore) -> None:
    """Of a column that was never bad only its check is known."""
    judged(store, BAD, OTHER)
    with store.book("churn") as book:
        book.judge(NEXT_DAY, [replace(OTHER, window=NEXT_DAY)], RUN, is_whole=True)
        history = book.history()
    assert history.verdicts == (BAD,)
    assert history.coverage == tuple(
        Coverage(check="missing_values", window=window, is_judged=True)
        for window in (DAY, NEXT_DAY)
    )


def windows_are_counted_by_reference(store: AlertStore) -> None:
    """A warm-up counts the windows that were judged with one version."""
    judged(store, BAD, OTHER)
    with store.book("churn") as book:
        assert (book.judged_windows("v1"), book.judged_windows("v2")) == (1, 0)


def an_incident_comes_back(store: AlertStore) -> None:
    """Every field of an incident is read as it was written."""
    ended = replace(
        TOLD,
        id="7",
        state=State.RESOLVED,
        resolution=Resolution.RECOVERED,
        episode=replace(EPISODE, resolved=NEXT_DAY, resolution=Resolution.RECOVERED),
        resolved_at=NOW,
        acked_by="ada",
        acked_at=NOW,
        snooze_worst=0.5,
    )
    saved(store, Outcome(incidents=(TOLD, ended)))
    assert store.find("churn") == [TOLD, ended]
    assert store.find(incident_id="6d1f") == [TOLD]
    assert store.find("fraud") == []


def one_may_open_where_another_one_ends(store: AlertStore) -> None:
    """Two incidents of one subject are never open at a time, whatever the order."""
    saved(store, Outcome(incidents=(INCIDENT,)))
    ended = replace(INCIDENT, state=State.RESOLVED, resolution=Resolution.RECOVERED)
    saved(store, Outcome(incidents=(replace(INCIDENT, id="2"), ended)))
    assert [i.id for i in store.find("churn") if i.is_open] == ["2"]


def a_group_is_found_while_it_is_open(store: AlertStore) -> None:
    """The next incident belongs to the group that is open, if one is."""
    saved(store, Outcome(incidents=(), group=GROUP))
    with store.book("churn") as book:
        assert book.group() == GROUP
    saved(store, Outcome(incidents=(), group=replace(GROUP, resolved_at=NOW)))
    with store.book("churn") as book:
        assert book.group() is None
    assert store.group_of("g1") == replace(GROUP, resolved_at=NOW)


def what_was_told_is_remembered_and_counted(store: AlertStore) -> None:
    """Budgets know of threads, replies and pages."""
    reply = replace(OPENED, seq=2, what="worse")
    steps = (
        ("slack", Step(seq=1, act=Act.OPEN)),
        ("pagerduty", Step(seq=1, act=Act.OPEN)),
        ("slack", Step(seq=2, act=Act.REPLY)),
    )
    saved(store, Outcome(incidents=(TOLD,), group=GROUP, steps=steps, events=(OPENED, reply)))
    assert [t.event for t in store.events(group_id="g1")] == [OPENED, reply]
    with store.book("churn") as book:
        spent = book.spent(GROUP, NOW + HOUR)
        later = book.spent(GROUP, NOW + timedelta(days=8))
    assert (spent.replies, spent.paged_at) == (1, NOW)
    assert dict(spent.messages) == {"slack": 2, "pagerduty": 1}
    assert (later.replies, dict(later.messages)) == (0, {})


def what_waits_is_told_in_one_digest(store: AlertStore) -> None:
    """A digest takes everything of its models that waits for a destination, and once."""
    saved(store, Outcome(incidents=(), events=(QUIET, QUIET, OPENED)))
    (name,) = store.digest({"churn": "2026-01-03T09"}, NOW)
    assert name == "digest/slack/2026-01-03T09"
    assert [t.event for t in store.events(digest=name)] == [QUIET, QUIET]
    saved(store, Outcome(incidents=(), events=(QUIET,)))
    assert store.digest({"churn": "2026-01-03T09"}, NOW) == []
    assert len(store.digest({"churn": "2026-01-04T09"}, NOW)) == 1


def other_models_wait_for_their_own_digest(store: AlertStore) -> None:
    """What is not due stays."""
    saved(store, Outcome(incidents=(), events=(QUIET,)))
    assert store.digest({"fraud": "2026-01-03T09"}, NOW) == []


def a_decision_is_remembered(store: AlertStore) -> None:
    """The newest decision about a window counts."""
    decision = Decision(
        model="churn", window=DAY, status="bad", reason="told", failing=("a: b",), told=("a",)
    )
    with store.book("churn") as book:
        book.record(replace(decision, status="ok"), RUN)
        book.record(decision, LATER)
    assert store.decision("churn", DAY.key) == decision
    assert store.decision("churn", NEXT_DAY.key) is None
    assert store.decided_keys("churn", [DAY, NEXT_DAY]) == {DAY.key}
    assert (store.last_decided("churn"), store.last_decided("fraud")) == (DAY, None)


def a_silence_is_kept_with_who_made_it(store: AlertStore) -> None:
    """A silence that is written again replaces the first one."""
    store.silence(SILENCE, ENTRY)
    store.silence(replace(SILENCE, ends_at=NOW), replace(ENTRY, action="unsilence"))
    assert store.silences() == [replace(SILENCE, ends_at=NOW)]
    with store.book("churn") as book:
        assert len(book.silences()) == 1
    with store.book("fraud") as book:
        assert book.silences() == []


def the_audit_only_grows(store: AlertStore) -> None:
    """Who did what is found by its subject, in order."""
    store.note(ENTRY)
    with store.book("churn") as book:
        book.note(replace(ENTRY, action="snooze", expires_at=NOW + HOUR))
    store.note(replace(ENTRY, subject="another"))
    assert [e.action for e in store.audit(INCIDENT.id)] == ["ack", "snooze"]
    assert len(store.audit()) == 3  # noqa: PLR2004


CHECKS: tuple[Callable[[AlertStore], None], ...] = (
    a_verdict_comes_back,
    an_older_run_cannot_replace_a_newer_one,
    a_newer_run_replaces_what_was_said,
    a_partial_judgement_leaves_the_rest_alone,
    the_history_holds_suspects_and_all_checks,
    windows_are_counted_by_reference,
    an_incident_comes_back,
    one_may_open_where_another_one_ends,
    a_group_is_found_while_it_is_open,
    what_was_told_is_remembered_and_counted,
    what_waits_is_told_in_one_digest,
    other_models_wait_for_their_own_digest,
    a_decision_is_remembered,
    a_silence_is_kept_with_who_made_it,
    the_audit_only_grows,
)
