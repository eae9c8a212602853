from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring_assets.domain.window import Cadence, Every

START = date(2026, 3, 2)
DAYS = Cadence(every=Every.DAY, start=START)
BERLIN = Cadence(every=Every.DAY, start=START, timezone="Europe/Berlin")
HOURS = Cadence(every=Every.HOUR, start=START)
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "America/Havana",
    "Pacific/Apia",
]


def at(day: int, hour: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cadence", "key", "start", "hours"),
    [
        (DAYS, "2026-03-02", at(2), 24),
        (BERLIN, "2026-03-02", at(1, 23), 24),
        (BERLIN, "2026-03-29", at(28, 23), 23),
        (BERLIN, "2026-10-25", at(24, 22, month=10), 25),
        (HOURS, "2026-03-02-05:00", at(2, 5), 1),
    ],
)
def test_a_key_is_a_window(cadence, key, start, hours):
    window = cadence.window(key)
    assert (window.start, window.hours, window.key) == (start, hours, key)
    assert window.start.tzinfo is window.end.tzinfo is UTC


@pytest.mark.parametrize(
    ("cadence", "key"),
    [(DAYS, "2026-02-30"), (DAYS, "yesterday"), (DAYS, "2026-03-02-05:00"), (HOURS, "2026-03-02")],
)
def test_a_key_of_another_kind_is_refused(cadence, key):
    with pytest.raises(ValueError, match=key):
        cadence.window(key)


# Samoa left out 30 December 2011; Cairo and São Paulo begin some days at one o'clock.
FIRST, LAST = at(1).replace(year=2010, tzinfo=None), at(1).replace(year=2030, tzinfo=None)
moments = st.datetimes(FIRST, LAST, timezones=st.just(UTC))


@given(moments, st.sampled_from(ZONES))
def test_the_window_of_a_moment_holds_it_and_has_a_key_of_its_own(moment, zone):
    cadence = Cadence(every=Every.DAY, start=START, timezone=zone)
    window = cadence.containing(moment)
    assert window.start <= moment < window.end
    assert cadence.window(window.key) == window


@given(moments, st.sampled_from(ZONES))
def test_days_follow_each_other_without_a_gap(moment, zone):
    cadence = Cadence(every=Every.DAY, start=START, timezone=zone)
    first = cadence.containing(moment)
    assert cadence.containing(first.end).start == first.end


def test_a_day_that_a_zone_left_out_is_no_window():
    samoa = Cadence(every=Every.DAY, start=START, timezone="Pacific/Apia")
    thursday = samoa.window("2011-12-29")
    assert samoa.containing(thursday.end).key == "2011-12-31"


@given(moments)
def test_hours_follow_each_other_without_a_gap(moment):
    window = HOURS.containing(moment)
    assert window.start <= moment < window.end == HOURS.containing(window.end).start
    assert HOURS.window(window.key) == window


def test_the_first_window_begins_at_local_midnight():
    assert BERLIN.first().start == at(1, 23)
    assert HOURS.first().key == "2026-03-02-00:00"


def test_windows_between_two_include_both():
    first, last = DAYS.window("2026-03-02"), DAYS.window("2026-03-05")
    windows = list(DAYS.between(first, last))
    assert [w.key[-2:] for w in windows] == ["02", "03", "04", "05"]
    assert all(a.end == b.start for a, b in pairwise(windows))


@pytest.mark.parametrize(
    ("now", "key"),
    [
        (at(2, 23), None),
        (at(3), "2026-03-02"),
        (at(3, 23), "2026-03-02"),
        (at(4), "2026-03-03"),
    ],
)
def test_a_window_is_complete_when_it_has_ended(now, key):
    window = DAYS.last_complete(now)
    assert (window and window.key) == key


@pytest.mark.parametrize(
    ("now", "keys"),
    [
        (at(2, 12), []),
        (at(3), ["02"]),
        (at(5), ["02", "03", "04"]),
        (at(7, 12), ["04", "05", "06"]),
    ],
)
def test_recent_windows_ended_within_the_look_back(now, keys):
    recent = DAYS.recent(now, timedelta(days=3))
    assert [w.key[-2:] for w in recent] == keys


def test_nothing_is_recent_long_after_the_last_day():
    cadence = Cadence(every=Every.DAY, start=START, end=date(2026, 3, 5))
    assert cadence.last_complete(at(20)).key == "2026-03-05"
    assert [w.key for w in cadence.recent(at(7), timedelta(days=3))] == [
        "2026-03-04",
        "2026-03-05",
    ]
    assert cadence.recent(at(20), timedelta(days=3)) == []


def test_the_last_day_ends_at_local_midnight():
    cadence = Cadence(
        every=Every.DAY, start=START, end=date(2026, 3, 29), timezone="Europe/Berlin"
    )
    assert cadence.last_complete(at(10, month=4)).key == "2026-03-29"
