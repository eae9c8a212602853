"""What was found is told beside what happened, and nothing is passed over."""

from datetime import date, timedelta

import pytest

from monitoring_assets.demo.calendar import load_calendar
from monitoring_assets.demo.parcels import Disturbance
from monitoring_assets.demo.story import chapters, surprises
from monitoring_assets.domain.incident import Episode, Incident, Severity
from monitoring_assets.domain.measurement import Kind
from monitoring_assets.domain.verdict import Subject
from monitoring_assets.domain.window import Cadence, Every

CADENCE = Cadence(every=Every.DAY, start=date(2026, 3, 2))
WINDOWS = [CADENCE.window(str(date(2026, 3, 2) + timedelta(days=day))) for day in range(90)]


def event(name):
    return next(event for event in load_calendar().events if event.name is name)


def incident(day, kind, severity=Severity.TICKET):
    episode = Episode(
        subject=Subject(check=kind),
        kind=kind,
        first=WINDOWS[day],
        opened=WINDOWS[day],
        last=WINDOWS[day],
    )
    return Incident(
        id=f"{day} {kind}",
        model="late_parcel",
        episode=episode,
        severity=severity,
        opened_at=WINDOWS[day].end,
    )


def chapter(name, incidents, windows=WINDOWS):
    return next(c for c in chapters(windows, incidents) if c.event.name is name)


def all_expected():
    return [
        incident(event.windows.start, expected.kind)
        for event in load_calendar().events
        for expected in event.expected
    ]


def test_every_event_of_the_history_has_a_chapter():
    assert [c.event for c in chapters(WINDOWS, [])] == list(load_calendar().events)


def test_events_that_have_not_begun_have_none():
    begun = [c.event.name for c in chapters(WINDOWS[:30], [])]
    assert begun == [
        Disturbance.HOLIDAY_WEEKEND,
        Disturbance.PROMO_WEEK,
        Disturbance.MILES_FROM_IOS,
    ]


def test_an_event_that_lasts_beyond_the_history_ends_with_it():
    last = chapter(Disturbance.NULLS_IN_EAST, [])
    assert last.windows == (WINDOWS[88].key, WINDOWS[89].key)


def test_a_story_in_which_all_was_found_is_as_expected():
    assert all(c.is_as_expected for c in chapters(WINDOWS, all_expected()))


def test_an_incident_of_the_calendar_that_was_not_found_is_not_as_expected():
    assert not chapter(Disturbance.DUPLICATED_BATCH, []).is_as_expected


def test_each_expected_kind_must_be_found():
    day = event(Disturbance.PROMO_WEEK).first_day
    assert not chapter(Disturbance.PROMO_WEEK, [incident(day, Kind.QUALITY)]).is_as_expected


def test_what_opened_after_an_event_is_not_about_it():
    day = event(Disturbance.DUPLICATED_BATCH).last_day + 1
    late = [incident(day, Kind.QUALITY)]
    assert not chapter(Disturbance.DUPLICATED_BATCH, late).is_as_expected


def test_labels_that_were_lost_before_an_outage_belong_to_it():
    first = event(Disturbance.LABEL_FEED_OUT).windows.start
    assert first < event(Disturbance.LABEL_FEED_OUT).first_day
    assert chapter(Disturbance.LABEL_FEED_OUT, [incident(first, Kind.NO_DATA)]).is_as_expected


@pytest.mark.parametrize(
    ("severity", "is_as_expected"),
    [(Severity.INFO, True), (Severity.TICKET, False), (Severity.PAGE, False)],
)
def test_nobody_may_be_told_of_a_harmless_event(severity, is_as_expected):
    day = event(Disturbance.GARDEN_SEASON).first_day
    found = [incident(day, Kind.FEATURE_DRIFT, severity)]
    assert chapter(Disturbance.GARDEN_SEASON, found).is_as_expected is is_as_expected


def test_an_incident_that_no_event_explains_is_a_surprise():
    told = list(chapters(WINDOWS, [stray := incident(1, Kind.QUALITY)]))
    assert surprises(WINDOWS, [stray], told) == [stray]


def test_what_nobody_is_told_of_is_no_surprise():
    stray = incident(1, Kind.FEATURE_DRIFT, Severity.INFO)
    assert surprises(WINDOWS, [stray], list(chapters(WINDOWS, [stray]))) == []


def test_what_an_event_explains_is_no_surprise():
    found = all_expected()
    assert surprises(WINDOWS, found, list(chapters(WINDOWS, found))) == []


def test_what_opened_outside_the_windows_is_no_surprise():
    later = incident(60, Kind.QUALITY)
    assert surprises(WINDOWS[:30], [later], []) == []
