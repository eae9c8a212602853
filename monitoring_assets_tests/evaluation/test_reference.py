from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from monitoring_assets.evaluation.reference import Reference
from monitoring_assets.profiles.cache import FolderCache
from monitoring_assets_tests.evaluation.models import START, day, model, reference, table

WEEKS = 5


def at(*moments: datetime) -> pa.Array:
    return pa.array(moments, pa.timestamp("us", "UTC"))


def spread(counts: list[int], zone: str = "UTC") -> pa.Array:
    """Return times of consecutive days before the first one, `counts[i]` on the i-th."""
    first = START - timedelta(days=len(counts))
    moments = []
    for offset, n in enumerate(counts):
        midnight = datetime.combine(
            first + timedelta(days=offset), datetime.min.time(), ZoneInfo(zone)
        ).astimezone(UTC)
        moments += [midnight + timedelta(hours=23) * i / max(n, 1) for i in range(n)]
    return at(*moments)


def of_times(config, moments: pa.Array) -> Reference:
    return reference(config, table(len(moments), at=moments))


# Monday to Sunday, five weeks.
BY_WEEKDAY = [10, 20, 30, 40, 50, 60, 70] * WEEKS


@pytest.mark.parametrize("weekday", range(7))
def test_as_many_rows_are_expected_as_on_the_same_weekday(weekday):
    config = model()
    found = of_times(config, spread(BY_WEEKDAY)).expected_rows(day(config, weekday))
    assert found == pytest.approx(BY_WEEKDAY[weekday])


def test_the_first_and_the_last_day_may_be_cut_off():
    counts = [1, *BY_WEEKDAY[1:-1], 1]
    config = model()
    found = of_times(config, spread(counts))
    assert found.expected_rows(day(config, 0)) == pytest.approx(10)
    assert found.expected_rows(day(config, 6)) == pytest.approx(70)


def test_one_day_says_nothing_about_the_usual():
    config = model()
    found = of_times(config, spread([9] * 9))  # two of some weekdays, one of the others
    assert found.expected_rows(day(config, 0)) is None


def test_times_that_are_not_known_leave_the_usual_unknown():
    config = model()
    found = of_times(config, pa.nulls(50, pa.timestamp("us", "UTC")))
    assert found.expected_rows(day(config)) is None


def test_a_declared_volume_is_expected():
    config = model(quality={"expected_rows": 77})
    assert reference(config).expected_rows(day(config)) == 77


@pytest.mark.parametrize(("key", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_days_when_clocks_change_are_scaled(key, hours):
    cadence = {"start": START, "timezone": "Europe/Berlin"}
    config = model(cadence=cadence, quality={"expected_rows": 2400})
    window = config.cadence.windows.window(key)
    assert reference(config).expected_rows(window) == pytest.approx(100 * hours)


def test_days_begin_at_midnight_of_zones_off_by_half_an_hour():
    config = model(cadence={"start": START, "timezone": "Asia/Kolkata"})
    found = of_times(config, spread(BY_WEEKDAY, "Asia/Kolkata"))
    monday = config.cadence.windows.window("2026-03-02")
    assert found.expected_rows(monday) == pytest.approx(10)


def test_hours_are_compared_with_the_same_hour_of_the_week():
    config = model(cadence={"start": START, "every": "hour"})
    first = datetime(2026, 2, 2, tzinfo=UTC)
    moments = [
        first + timedelta(hours=h, minutes=m) for h in range(28 * 24) for m in range(1 + h % 24)
    ]
    found = of_times(config, at(*moments))
    window = config.cadence.windows.window("2026-03-02-05:00")
    assert found.expected_rows(window) == pytest.approx(6)


# -- weekday matching ----------------------------------------------------------------------------


def weekday_model(**changes: object):
    versions = {"v1": {"path": "reference.parquet"}}
    matched = {"active": "v1", "match": "weekday", "versions": versions}
    return model(reference=matched, **changes)


def by_weekday(per_day: int, zone: str = "UTC") -> pa.Table:
    """Return rows whose x is the weekday on which they were made."""
    times = spread([per_day] * 7 * WEEKS, zone)
    return table(len(times), at=times, x=np.repeat(np.tile(np.arange(7.0), WEEKS), per_day))


@pytest.mark.parametrize("weekday", range(7))
def test_a_window_is_compared_with_rows_of_its_weekday(weekday):
    config = weekday_model()
    baseline = reference(config, by_weekday(50)).baseline(day(config, weekday))
    assert set(baseline.samples["x"].values.tolist()) == {weekday}


def test_weekdays_are_those_of_the_models_zone():
    config = weekday_model(cadence={"start": START, "timezone": "Pacific/Auckland"})
    found = reference(config, by_weekday(50, "Pacific/Auckland"))
    monday = config.cadence.windows.window("2026-03-02")
    assert set(found.baseline(monday).samples["x"].values.tolist()) == {0}


@pytest.mark.parametrize(("per_day", "n"), [(39, 39 * 7 * WEEKS), (40, 200)])
def test_few_rows_of_a_weekday_say_less_than_all_days(per_day, n):
    config = weekday_model()
    assert reference(config, by_weekday(per_day)).baseline(day(config)).profile.rows == n


def test_without_matching_a_window_is_compared_with_all_rows():
    config = model()
    found = reference(config)
    assert found.baseline(day(config)) is found.whole


# -- what is kept --------------------------------------------------------------------------------


def test_the_part_for_a_weekday_has_the_layout_of_the_whole():
    config = weekday_model()
    found = reference(config, by_weekday(50))
    assert found.baseline(day(config)).profile.layout == found.layout.key


@pytest.mark.parametrize(("per_day", "part"), [(39, "all"), (40, "weekday-0")])
def test_the_part_that_a_window_is_compared_with_has_a_name(per_day, part):
    config = weekday_model()
    assert reference(config, by_weekday(per_day)).part_of(day(config)) == part


def test_rows_are_not_read_again_for_what_a_cache_keeps(tmp_path):
    config, rows = model(), table(500)

    def unread(columns):
        raise AssertionError(columns)

    cached = [FolderCache(tmp_path / "v1", "edition") for _ in range(2)]
    first = Reference(config, "v1", lambda _: rows, frozenset(), cached[0])
    assert first.whole.profile.rows == 500
    assert Reference(config, "v1", unread, frozenset(), cached[1]).layout.key == first.layout.key


def test_performance_is_that_of_the_part():
    config = weekday_model()
    right = np.repeat(np.tile(np.arange(7) == 0, WEEKS), 50)
    rows = by_weekday(50).set_column(1, "p", [np.where(right, "1", "0").tolist()])
    rows = rows.set_column(rows.schema.get_field_index("truth"), "truth", [["1"] * len(right)])
    found = reference(config, rows)
    assert found.performance("weekday-0")["accuracy"].value == 1
    assert found.performance()["accuracy"].value == pytest.approx(1 / 7)


def test_seen_categories_are_those_of_categorical_features():
    assert reference(model()).seen_categories == {"c": {"a", "b"}}
