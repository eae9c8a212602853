"""The demo's world: parcels, whether they come late, and when that becomes known.

Everything is a function of the seed, the day and what disturbs it, so a day can be generated
alone and in any order. The numbers are chosen so that quiet days differ from each other by less
than the noise of 1,200 rows. Scoring belongs to `demo.scoring`, files to `demo.history`.
"""

import math
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Texts = NDArray[np.object_]

PARCELS_PER_DAY = 1_250
WEEKDAY_VOLUME = (1.10, 1.04, 1.0, 1.02, 1.07, 0.90, 0.87)
MAX_LABEL_DELAY_DAYS = 12
KM_IN_MILES = 0.621371

REGIONS = {"north": 0.20, "south": 0.20, "east": 0.20, "west": 0.22, "centre": 0.18}
CARRIERS = {"Atlas": 0.24, "Bolt": 0.24, "Condor": 0.16, "Pelican": 0.18, "Swift": 0.18}
CHANNELS = {"web": 0.36, "android": 0.20, "ios": 0.30, "store": 0.14}
CATEGORIES = {"fashion": 0.26, "electronics": 0.20, "home": 0.20, "books": 0.18, "garden": 0.16}
NEW_CARRIER = "NordExpress"
NEW_CARRIER_SHARE = 0.2

CATEGORICAL_FEATURES = ("region", "carrier", "channel", "category")
NUMERIC_FEATURES = (
    "distance_km",
    "warehouse_load",
    "rain_mm",
    "weight_kg",
    "promised_days",
    "order_hour",
    "items",
)

# Lateness in log-odds: what the model can learn from the features. The intercept makes about
# 15 % of the parcels late; the slopes let a good model reach a ROC AUC of about 0.75.
_INTERCEPT = -2.53
_REGION_EFFECT = {"north": 0.15, "south": -0.2, "east": 0.25, "west": -0.15, "centre": 0.0}
_CARRIER_EFFECT = {"Atlas": -0.35, "Bolt": 0.0, "Condor": 0.45, "Pelican": 0.1, "Swift": -0.2}
_STRIKE_EFFECT = 2.3

_NOON_ORDERS = 0.55
_DRY_ROUTES = 0.5
_NULLS_IN_EAST = 0.6

# Day indices before the first monitored day are negative and seeds must not be.
_SEED_OFFSET = 100_000


class Disturbance(StrEnum):
    """What can happen to the world, or to its records, on a day."""

    HOLIDAY_WEEKEND = "holiday_weekend"
    PROMO_WEEK = "promo_week"
    MILES_FROM_IOS = "miles_from_ios"
    DUPLICATED_BATCH = "duplicated_batch"
    LABEL_FEED_OUT = "label_feed_out"
    NEW_CARRIER = "new_carrier"
    GARDEN_SEASON = "garden_season"
    STRIKE_AT_BOLT = "strike_at_bolt"
    SCORING_DOWN = "scoring_down"
    NULLS_IN_EAST = "nulls_in_east"


QUIET: frozenset[Disturbance] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class DayOfParcels:
    """One day of parcels.

    Attributes:
        requests: What the service was asked: `prediction_id`, `predicted_at` (UTC) and the
            features, in order of time. A request that was logged twice is there twice.
        outcomes: The truth, one row per parcel: `prediction_id`, `late` (0 or 1) and `known_at`,
            when that became known (UTC).
    """

    requests: pa.Table
    outcomes: pa.Table


@dataclass(frozen=True, slots=True)
class World:
    """A world of parcels; the same seed makes the same world."""

    seed: int

    def day(
        self, day: date, day_index: int, disturbances: AbstractSet[Disturbance] = QUIET
    ) -> DayOfParcels:
        """Return the parcels that were ordered on a UTC day.

        Args:
            day: The date; it sets the weekday, the season and the timestamps.
            day_index: Days since the first monitored day; negative before it.
            disturbances: What happens on that day.
        """
        rng = np.random.default_rng([self.seed, _SEED_OFFSET + day_index])
        n = _volume(rng, day, disturbances)
        orders = _orders(rng, n, day, disturbances)
        is_late = rng.random(n) < 1 / (1 + np.exp(-_log_odds(orders, disturbances)))
        delay = _label_delay_days(rng, orders.promised_days, is_late)
        midnight = np.datetime64(day, "us")
        prefix = f"p{day:%Y%m%d}"
        ids = pa.array([f"{prefix}-{i:05d}" for i in range(n)], pa.string())
        requests = _requests(rng, ids, midnight, orders, disturbances)
        # Parcels are handed over between 8:00 and 20:00 of the day on which that becomes known.
        hand_over = rng.integers(8 * 3600, 20 * 3600, n)
        known_at = midnight + delay.astype("timedelta64[D]") + hand_over.astype("timedelta64[s]")
        outcomes = pa.table(
            {
                "prediction_id": ids,
                "late": pa.array(is_late.astype(np.int64)),
                "known_at": _utc(known_at),
            }
        )
        return DayOfParcels(requests, outcomes)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Orders:
    """The true properties of `n` parcels in order of time, each of shape `(n,)`."""

    second_of_day: Integers
    region: Texts
    carrier: Texts
    channel: Texts
    category: Texts
    distance_km: Floats
    warehouse_load: Floats
    rain_mm: Floats
    weight_kg: Floats
    promised_days: Integers
    items: Integers


def _volume(rng: np.random.Generator, day: date, disturbances: AbstractSet[Disturbance]) -> int:
    expected = PARCELS_PER_DAY * WEEKDAY_VOLUME[day.weekday()] * (1 + 0.04 * _season(day))
    if Disturbance.PROMO_WEEK in disturbances:
        expected *= 2.2
    if Disturbance.HOLIDAY_WEEKEND in disturbances:
        expected *= 0.8
    if Disturbance.SCORING_DOWN in disturbances:
        expected = 0.0
    return round(expected * math.exp(rng.normal(0, 0.03)))


def _season(day: date) -> float:
    """Return a number from -1 in June to 1 in December."""
    return math.cos(2 * math.pi * (day.timetuple().tm_yday - 355) / 365.25)


def _orders(
    rng: np.random.Generator, n: int, day: date, disturbances: AbstractSet[Disturbance]
) -> _Orders:
    region = _draw(rng, REGIONS, n)
    distance_km = _rounded(np.minimum(rng.gamma(1.6, 130, n) + 5, 1_400), 1)
    items = 1 + np.minimum(rng.poisson(1.1, n), 9)
    return _Orders(
        second_of_day=np.sort(_seconds_of_day(rng, n)),
        region=region,
        carrier=_carrier(rng, n, disturbances),
        channel=_draw(rng, CHANNELS, n),
        category=_draw(rng, _category_shares(disturbances), n),
        distance_km=distance_km,
        warehouse_load=_warehouse_load(rng, region, day, disturbances),
        rain_mm=_rain_mm(rng, n, day),
        weight_kg=_rounded(items * rng.lognormal(-0.3, 0.5, n) + 0.1, 2),
        promised_days=np.clip(np.rint(rng.normal(1.8 + distance_km / 350, 0.8)), 1, 5).astype(int),
        items=items,
    )


def _draw(rng: np.random.Generator, shares: dict[str, float], n: int) -> Texts:
    return rng.choice(np.array(list(shares), dtype=object), n, p=list(shares.values()))


def _seconds_of_day(rng: np.random.Generator, n: int) -> Integers:
    """Most orders come around noon and in the evening."""
    hour = np.where(
        rng.random(n) < _NOON_ORDERS, rng.normal(12.5, 2.8, n), rng.normal(19.5, 2.2, n)
    )
    return (np.clip(hour, 0, 23.99) * 3600).astype(np.int64)


def _carrier(rng: np.random.Generator, n: int, disturbances: AbstractSet[Disturbance]) -> Texts:
    carrier = _draw(rng, CARRIERS, n)
    if Disturbance.NEW_CARRIER in disturbances:
        carrier[rng.random(n) < NEW_CARRIER_SHARE] = NEW_CARRIER
    return carrier


def _category_shares(disturbances: AbstractSet[Disturbance]) -> dict[str, float]:
    if Disturbance.PROMO_WEEK in disturbances:
        return _shifted(CATEGORIES, "electronics", 0.22)
    if Disturbance.GARDEN_SEASON in disturbances:
        return _shifted(CATEGORIES, "garden", 0.03)
    return CATEGORIES


def _shifted(shares: dict[str, float], category: str, gain: float) -> dict[str, float]:
    """Return shares where one category gains what the others lose in proportion."""
    rest = (1 - shares[category] - gain) / (1 - shares[category])
    return {c: s + gain if c == category else s * rest for c, s in shares.items()}


def _warehouse_load(
    rng: np.random.Generator, region: Texts, day: date, disturbances: AbstractSet[Disturbance]
) -> Floats:
    """Return the load as a share of the warehouse's capacity: below 1 except in a promo week."""
    weekday = 0.02 * (WEEKDAY_VOLUME[day.weekday()] - 1)
    load = rng.normal(0.60 + weekday, 0.13, len(region)) + 0.04 * (region == "east")
    load = np.clip(load, 0.1, 0.98)
    if Disturbance.PROMO_WEEK in disturbances:
        load = load + 0.35
    return _rounded(load, 3)


def _rain_mm(rng: np.random.Generator, n: int, day: date) -> Floats:
    amount = 4.0 * (1 + 0.015 * _season(day)) * math.exp(rng.normal(0, 0.02))
    return _rounded(np.where(rng.random(n) < _DRY_ROUTES, 0.0, rng.gamma(1.2, amount, n)), 1)


def _log_odds(orders: _Orders, disturbances: AbstractSet[Disturbance]) -> Floats:
    strike = _STRIKE_EFFECT if Disturbance.STRIKE_AT_BOLT in disturbances else 0.0
    # The promise is made for the distance: a long way with a short promise is the risk.
    haste = orders.distance_km / 350 + 1.8 - orders.promised_days
    odds = (
        _INTERCEPT
        + _effects(_REGION_EFFECT, orders.region)
        + _effects(_CARRIER_EFFECT, orders.carrier)
        + strike * (orders.carrier == "Bolt")
        + 5.0 * (orders.warehouse_load - 0.6)
        + 0.08 * np.minimum(orders.rain_mm, 20)
        + 0.85 * haste
        + 0.25 * (orders.category == "garden")
        + 0.06 * np.minimum(orders.weight_kg, 10)
        + 0.35 * (orders.second_of_day > 18 * 3600)
    )
    return np.asarray(odds, dtype=np.float64)


def _rounded(values: Floats, decimals: int) -> Floats:
    return np.asarray(np.round(values, decimals), dtype=np.float64)


def _effects(effects: dict[str, float], values: Texts) -> Floats:
    return np.array([effects.get(value, 0.0) for value in values], dtype=np.float64)


def _label_delay_days(
    rng: np.random.Generator, promised_days: Integers, is_late: Flags
) -> Integers:
    """Return after how many days the truth is known: on delivery, so lateness is known late."""
    n = len(promised_days)
    on_time = rng.integers(1, promised_days + 1, n)
    late = promised_days + np.minimum(rng.geometric(0.45, n), 7)
    return np.where(is_late, late, on_time)


def _requests(
    rng: np.random.Generator,
    ids: pa.Array,
    midnight: np.datetime64,
    orders: _Orders,
    disturbances: AbstractSet[Disturbance],
) -> pa.Table:
    """Return the orders as the service was told of them, faults included."""
    n = len(ids)
    distance = orders.distance_km
    if Disturbance.MILES_FROM_IOS in disturbances:
        distance = np.where(orders.channel == "ios", _rounded(distance * KM_IN_MILES, 1), distance)
    is_null = np.zeros(n, dtype=bool)
    if Disturbance.NULLS_IN_EAST in disturbances:
        is_null = (orders.region == "east") & (rng.random(n) < _NULLS_IN_EAST)
    table = pa.table(
        {
            "prediction_id": ids,
            "predicted_at": _utc(midnight + orders.second_of_day.astype("timedelta64[s]")),
            "region": pa.array(orders.region, pa.string()),
            "carrier": pa.array(orders.carrier, pa.string()),
            "channel": pa.array(orders.channel, pa.string()),
            "category": pa.array(orders.category, pa.string()),
            "distance_km": pa.array(distance),
            "warehouse_load": pa.array(orders.warehouse_load, mask=is_null),
            "rain_mm": pa.array(orders.rain_mm),
            "weight_kg": pa.array(orders.weight_kg),
            "promised_days": pa.array(orders.promised_days),
            "order_hour": pa.array(orders.second_of_day // 3600),
            "items": pa.array(orders.items),
        }
    )
    if Disturbance.DUPLICATED_BATCH in disturbances:
        return pa.concat_tables([table, table.take(np.arange(0, n, 4))])
    return table


def _utc(moments: NDArray[np.datetime64]) -> pa.Array:
    return pa.array(moments.astype("datetime64[us]"), pa.timestamp("us", tz="UTC"))
