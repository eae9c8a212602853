from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from monitoring_assets.demo.calendar import Calendar, EventKind, load_calendar
from monitoring_assets.demo.parcels import (
    CATEGORICAL_FEATURES,
    NUMERIC_FEATURES,
    QUIET,
    Disturbance,
)

CALENDAR = load_calendar()


def test_every_disturbance_is_in_the_calendar_once():
    assert sorted(event.name for event in CALENDAR.events) == sorted(Disturbance)


def test_events_begin_within_the_history():
    assert all(event.first_day < CALENDAR.history_days for event in CALENDAR.events)


def test_at_least_three_quiet_days_lie_between_events():
    gaps = [
        after.windows.start - before.windows.stop for before, after in pairwise(CALENDAR.events)
    ]
    assert min(gaps) >= 3


def test_more_than_half_of_the_history_is_free_of_incidents():
    incidents = [event for event in CALENDAR.events if event.kind is EventKind.INCIDENT]
    spoilt = {day for event in incidents for day in event.windows}
    assert len(set(range(CALENDAR.history_days)) - spoilt) >= 0.5 * CALENDAR.history_days


def test_a_new_incident_begins_on_the_last_but_one_day():
    assert CALENDAR.events[-1].kind is EventKind.INCIDENT
    assert CALENDAR.events[-1].first_day == CALENDAR.history_days - 2


def test_two_events_are_harmless():
    assert sum(event.kind is EventKind.HARMLESS for event in CALENDAR.events) == 2


def test_expected_columns_are_scored_columns():
    columns = {c for e in CALENDAR.events for x in e.expected for c in x.columns}
    assert columns <= {*CATEGORICAL_FEATURES, *NUMERIC_FEATURES, "score"}


def test_nothing_happens_before_the_first_monitored_day():
    assert all(CALENDAR.on(-i) == QUIET for i in range(1, CALENDAR.reference_days + 1))


def test_an_event_happens_from_its_first_to_its_last_day():
    promo = next(e for e in CALENDAR.events if e.name is Disturbance.PROMO_WEEK)
    around = range(promo.first_day - 1, promo.last_day + 2)
    days = [Disturbance.PROMO_WEEK in CALENDAR.on(i) for i in around]
    assert days == [False, *[True] * 7, False]


def event(**changes: Any) -> dict[str, Any]:
    usual = {
        "name": "promo_week",
        "kind": "incident",
        "first_day": 3,
        "last_day": 4,
        "expected": [{"kind": "quality"}],
        "description": "A promotion.",
    }
    return usual | changes


@pytest.mark.parametrize(
    ("events", "complaint"),
    [
        ([event(first_day=5)], "before it begins"),
        ([event(expected=[])], "has `expected` findings"),
        ([event(kind="harmless")], "has `expected` findings"),
        ([event(name="snow")], "promo_week"),
        ([event(first_day=-1)], "greater than or equal to 0"),
        ([event(colour="red")], "Extra inputs"),
        ([event(), event(name="new_carrier", first_day=4)], "new_carrier must begin after"),
        ([event(expected=[{"kind": "weather"}])], "Input should be"),
    ],
)
def test_a_calendar_that_contradicts_itself_is_refused(
    events: list[dict[str, Any]], complaint: str
):
    with pytest.raises(ValidationError, match=complaint):
        Calendar.model_validate({"history_days": 9, "reference_days": 9, "events": events})
