"""Which days of the demo are written at once, and which arrive while it is watched."""

from datetime import date, timedelta

import pytest

from monitoring_assets.cli.demo import LIVE_DAYS, _Span
from monitoring_assets.demo.history import ModelCard

TODAY = date(2026, 6, 1)


def days_ago(number):
    return TODAY - timedelta(days=number)


@pytest.fixture
def begun(tmp_path):
    """Return a function that makes a history which began 95 days ago and ends on a day."""

    def begin(last):
        card = ModelCard(
            first_day=days_ago(95), trained_from=days_ago(150), trained_to=days_ago(96)
        )
        for number in range(95, last - 1, -1):
            (tmp_path / "data" / "predictions" / f"date={days_ago(number)}").mkdir(parents=True)
        (tmp_path / "data" / "model_card.json").write_text(card.model_dump_json())
        return tmp_path

    return begin


def test_a_new_history_keeps_its_last_days_for_later(tmp_path):
    span = _Span.of(tmp_path, TODAY, is_served=True)
    assert (span.first_day, span.end) == (days_ago(90), days_ago(LIVE_DAYS))
    assert span.live == (days_ago(3), days_ago(2), days_ago(1))


def test_a_history_that_is_not_watched_is_written_at_once(tmp_path):
    span = _Span.of(tmp_path, TODAY, is_served=False)
    assert (span.end, span.live) == (TODAY, ())


def test_a_complete_history_has_nothing_left_to_arrive(begun):
    span = _Span.of(begun(last=1), TODAY, is_served=True)
    assert (span.first_day, span.end, span.live) == (days_ago(95), TODAY, ())


def test_the_days_since_the_last_demo_arrive(begun):
    span = _Span.of(begun(last=2), TODAY, is_served=True)
    assert (span.end, span.live) == (days_ago(1), (days_ago(1),))


def test_after_a_long_time_the_last_days_arrive(begun):
    span = _Span.of(begun(last=30), TODAY, is_served=True)
    assert (span.end, len(span.live)) == (days_ago(LIVE_DAYS), LIVE_DAYS)
