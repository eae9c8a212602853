from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from monitoring_assets.demo.parcels import (
    MAX_LABEL_DELAY_DAYS,
    QUIET,
    DayOfParcels,
    Disturbance,
    World,
)

MONDAY = date(2026, 3, 2)
WORLD = World(7)


def days(first: int, last: int, *disturbances: Disturbance) -> list[DayOfParcels]:
    indices = range(first, last + 1)
    return [WORLD.day(MONDAY + timedelta(days=i), i, set(disturbances)) for i in indices]


def requests(parcels: list[DayOfParcels]) -> pa.Table:
    return pa.concat_tables([p.requests for p in parcels])


def late_share(parcels: list[DayOfParcels]) -> float:
    return pc.mean(pa.concat_tables([p.outcomes for p in parcels])["late"]).as_py()


def share(table: pa.Table, column: str, value: str) -> float:
    return pc.mean(pc.cast(pc.equal(table[column], value), pa.float64())).as_py()


def test_a_day_alone_is_the_day_in_the_sequence():
    in_sequence = days(0, 5)[5]
    alone = World(7).day(MONDAY + timedelta(days=5), 5)
    assert alone.requests.equals(in_sequence.requests)
    assert alone.outcomes.equals(in_sequence.outcomes)


def test_another_seed_is_another_world():
    assert not World(8).day(MONDAY, 0).requests.equals(WORLD.day(MONDAY, 0).requests)


def test_prediction_ids_are_unique_and_in_order_of_time():
    table = requests(days(0, 3))
    ids = table["prediction_id"].to_pylist()
    assert sorted(set(ids)) == ids
    assert table["predicted_at"].to_pylist() == sorted(table["predicted_at"].to_pylist())


def test_all_requests_of_a_day_are_made_on_that_utc_day():
    moments = days(2, 2)[0].requests["predicted_at"]
    assert moments.type == pa.timestamp("us", tz="UTC")
    assert set(pc.cast(moments, pa.date32()).to_pylist()) == {MONDAY + timedelta(days=2)}


def test_quiet_days_have_a_thousand_rows_and_a_weekly_rhythm():
    rows = np.array([p.requests.num_rows for p in days(0, 83)]).reshape(-1, 7)
    assert rows.min() >= 900
    assert rows.max() <= 1_600
    assert rows[:, 0].mean() > 1.15 * rows[:, 6].mean()


def test_about_fifteen_percent_of_the_parcels_come_late():
    assert 0.14 < late_share(days(0, 30)) < 0.17


def test_labels_known_after_two_days_are_biased():
    outcomes = pa.concat_tables([p.outcomes for p in days(0, 0)])
    known = outcomes.filter(pc.less(outcomes["known_at"], pa.scalar(MONDAY + timedelta(days=3))))
    assert 0.6 < known.num_rows / outcomes.num_rows < 0.8
    assert pc.mean(known["late"]).as_py() < 0.5 * pc.mean(outcomes["late"]).as_py()


@pytest.mark.parametrize(("age", "at_least"), [(10, 0.997), (MAX_LABEL_DELAY_DAYS, 1.0)])
def test_labels_are_complete_in_time(age: int, at_least: float):
    known = []
    for i, parcels in enumerate(days(0, 20)):
        end = pa.scalar(MONDAY + timedelta(days=i + age + 1))
        known += pc.less(parcels.outcomes["known_at"], end).to_pylist()
    assert np.mean(known) >= at_least


def test_a_promo_week_doubles_the_volume_and_leaves_the_known_range_of_load():
    quiet, promo = requests(days(0, 6)), requests(days(0, 6, Disturbance.PROMO_WEEK))
    assert promo.num_rows > 2 * quiet.num_rows
    most = pc.max(quiet["warehouse_load"])
    assert np.mean(pc.greater(promo["warehouse_load"], most).to_pylist()) > 0.2


def test_ios_sends_0_62_of_the_distance_and_nobody_else():
    quiet, miles = requests(days(0, 0)), requests(days(0, 0, Disturbance.MILES_FROM_IOS))
    ratio = pc.divide(miles["distance_km"], quiet["distance_km"]).to_numpy()
    is_ios = pc.equal(quiet["channel"], "ios").to_numpy()
    assert ratio[is_ios] == pytest.approx(0.62, abs=0.01)
    assert set(ratio[~is_ios]) == {1.0}


def test_a_duplicated_batch_repeats_ids_and_no_outcome():
    day = days(0, 0, Disturbance.DUPLICATED_BATCH)[0]
    repeated = day.requests.num_rows - pc.count_distinct(day.requests["prediction_id"]).as_py()
    assert 0.15 < repeated / day.requests.num_rows < 0.25
    assert pc.count_distinct(day.outcomes["prediction_id"]).as_py() == day.outcomes.num_rows


def test_a_new_carrier_takes_a_fifth():
    table = requests(days(0, 3, Disturbance.NEW_CARRIER))
    assert 0.17 < share(table, "carrier", "NordExpress") < 0.23


def test_a_strike_shows_in_the_outcomes_of_one_carrier_only():
    quiet, strike = days(0, 3), days(0, 3, Disturbance.STRIKE_AT_BOLT)
    assert requests(strike).equals(requests(quiet))
    changed = []
    for before, after in zip(quiet, strike, strict=True):
        moved = pc.not_equal(before.outcomes["late"], after.outcomes["late"])
        changed += after.requests.filter(moved)["carrier"].to_pylist()
    assert set(changed) == {"Bolt"}
    assert late_share(strike) > late_share(quiet) + 0.06


def test_while_scoring_is_down_there_are_no_rows():
    day = days(0, 0, Disturbance.SCORING_DOWN)[0]
    assert (day.requests.num_rows, day.outcomes.num_rows) == (0, 0)


def test_region_east_loses_sixty_percent_of_its_load():
    table = requests(days(0, 3, Disturbance.NULLS_IN_EAST))
    is_east = pc.equal(table["region"], "east")
    east = table.filter(is_east)["warehouse_load"]
    assert 0.55 < east.null_count / len(east) < 0.65
    assert table.filter(pc.invert(is_east))["warehouse_load"].null_count == 0


def test_a_holiday_weekend_keeps_four_fifths_of_the_volume():
    quiet, holiday = requests(days(4, 6)), requests(days(4, 6, Disturbance.HOLIDAY_WEEKEND))
    assert holiday.num_rows == pytest.approx(0.8 * quiet.num_rows, rel=0.01)


def test_the_garden_season_moves_three_points_of_one_share():
    quiet, season = requests(days(0, 13)), requests(days(0, 13, Disturbance.GARDEN_SEASON))
    gain = share(season, "category", "garden") - share(quiet, "category", "garden")
    assert gain == pytest.approx(0.03, abs=0.012)


@pytest.mark.parametrize("disturbance", sorted(set(Disturbance) - {Disturbance.LABEL_FEED_OUT}))
def test_every_disturbance_of_the_world_changes_it(disturbance: Disturbance):
    quiet = WORLD.day(MONDAY, 0, QUIET)
    disturbed = WORLD.day(MONDAY, 0, {disturbance})
    same = disturbed.requests.equals(quiet.requests) and disturbed.outcomes.equals(quiet.outcomes)
    assert not same
