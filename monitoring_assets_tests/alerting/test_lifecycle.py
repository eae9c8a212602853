"""Stored incidents follow the episodes; what people did stays with them."""

from dataclasses import replace

import pytest

from monitoring_assets.alerting.lifecycle import follow, standing
from monitoring_assets.domain.incident import Episode, Resolution, Severity, State
from monitoring_assets.domain.measurement import Kind
from monitoring_assets.domain.verdict import Subject
from monitoring_assets_tests.alerting.verdicts import model, window

NOW = window(9).end
SUBJECT = Subject(check="missing_values", column="x")


def episode(first, last=None, resolved=None, **changed):
    return Episode(
        subject=SUBJECT,
        kind=Kind.QUALITY,
        first=window(first),
        opened=window(first),
        last=window(first if last is None else last),
        resolved=None if resolved is None else window(resolved),
        resolution=None if resolved is None else Resolution.RECOVERED,
        **changed,
    )


def followed(stored, *episodes):
    return follow(model(), stored, episodes, NOW)


def told(incident, **changed):
    known = {"state": State.NOTIFIED, "told_at": NOW, "group_id": "g"}
    return replace(incident, **known | changed)


def test_a_new_episode_is_a_new_incident():
    (incident,) = followed([], episode(0))
    assert (incident.model, incident.state, incident.opened_at) == ("churn", State.OPEN, NOW)
    assert incident.severity is Severity.TICKET


def test_the_same_episode_has_the_same_name_however_often_it_is_seen():
    (first,) = followed([], episode(0))
    (second,) = followed([], episode(0, 1))
    (third,) = followed([first], episode(0, 1))
    assert first.id == second.id == third.id


def test_nothing_changes_where_nothing_did():
    incidents = followed([], episode(0))
    assert followed(incidents, episode(0)) == incidents


def test_an_episode_that_ended_ends_its_incident():
    (incident,) = followed(followed([], episode(0)), episode(0, 1, resolved=2))
    assert (incident.state, incident.resolution) == (State.RESOLVED, Resolution.RECOVERED)
    assert incident.resolved_at == NOW


def test_an_episode_that_vanished_was_none():
    (incident,) = followed(followed([], episode(0)))
    assert incident.resolution is Resolution.VERDICT_REVISED
    assert standing([incident]) == {}


def test_what_people_know_keeps_its_name_when_episodes_merge():
    first, second = followed([], episode(0, resolved=1), episode(3))
    merged = followed([first, told(second)], episode(0, 3))
    assert [i.id for i in merged if i.is_open] == [second.id]
    assert list(standing(merged)) == [second.id]


def test_an_episode_that_splits_stays_open_where_it_lasts():
    (incident,) = followed([], episode(0, 5))
    split = followed([told(incident)], episode(0, resolved=2), episode(4, 5))
    (still,) = [i for i in split if i.is_open]
    assert (still.id, still.episode.first) == (incident.id, window(4))
    assert len(standing(split)) == 2


def test_an_end_that_was_revised_opens_it_again_and_nobody_knows():
    (incident,) = followed([], episode(0, resolved=1))
    (again,) = followed([told(incident, state=State.RESOLVED)], episode(0, 1))
    assert (again.id, again.state, again.told_at) == (incident.id, State.OPEN, None)


def test_an_incident_that_was_revised_away_may_come_back():
    gone = followed(followed([], episode(0)))
    (back,) = followed(gone, episode(0))
    assert (back.id, back.is_open) == (gone[0].id, True)


def test_what_was_closed_by_hand_stays_closed():
    (incident,) = followed([], episode(0))
    closed = replace(incident, state=State.RESOLVED, resolution=Resolution.MANUAL)
    (after,) = followed([closed], episode(0, 4))
    assert (after.state, after.resolution) == (State.RESOLVED, Resolution.MANUAL)
    assert after.episode.last == window(4)


def test_what_was_told_as_serious_does_not_become_less_so():
    (incident,) = followed([], episode(0))
    (after,) = followed([told(incident, severity=Severity.PAGE)], episode(0, 1))
    assert after.severity is Severity.PAGE


@pytest.mark.parametrize(
    ("kind", "worst", "severity"),
    [
        (Kind.FEATURE_DRIFT, 0.9, Severity.INFO),
        (Kind.FEATURE_DRIFT, 1.1, Severity.TICKET),
        (Kind.PREDICTION_DRIFT, 1.1, Severity.PAGE),
        (Kind.QUALITY, 40.0, Severity.TICKET),
        (Kind.SCHEMA, 0.0, Severity.PAGE),
    ],
)
def test_what_is_twice_as_far_off_is_more_serious(kind, worst, severity):
    (incident,) = followed([], replace(episode(0), kind=kind, worst=worst))
    assert incident.severity is severity


def test_what_could_not_be_judged_is_a_ticket():
    unjudged = replace(episode(0), kind=Kind.NO_DATA, subject=Subject(check="not_judged"))
    (incident,) = followed([], unjudged)
    assert incident.severity is Severity.TICKET
