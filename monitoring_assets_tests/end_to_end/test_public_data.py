"""Five public prediction streams, configured as a user would, replayed by `mlmon backtest`.

What is asserted is known about the streams: when they change, and how good the models are.
"""

import json
import re
from statistics import fmean

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from monitoring_assets_tests.end_to_end.conftest import DATA

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the public data sets are not here; MLMON_SHARED_DATA names them"
)

MODELS = {
    "car_loan": """
  name: car_loan
  task: binary
  owner: team:credit
  cadence: {every: day, start: 2018-10-31, end: 2019-08-28}
  predictions: {path: DATA/car_loan/monitoring.parquet}
  reference: {active: v1, versions: {v1: {path: DATA/car_loan/reference.parquet}}}
  columns:
    timestamp: timestamp
    timestamp_zone: UTC
    prediction: y_pred
    score: y_pred_proba
    label: repaid
  features:
    car_value: {type: numeric, min: 0}
    salary_range: categorical
    debt_to_income_ratio: numeric
    loan_length: numeric
    repaid_loan_on_prev_car: categorical
    size_of_downpayment: categorical
    driver_tenure: numeric
  segments: [salary_range]
  drift: {threshold: 0.25}  # a day holds 165 rows: by chance they are up to 0.25 away
""",
    "car_price": """
  name: car_price
  task: regression
  owner: team:market
  cadence: {every: day, start: 2017-02-17, end: 2017-03-11}
  predictions: {path: DATA/car_price/monitoring.parquet}
  reference: {active: v1, versions: {v1: {path: DATA/car_price/reference.parquet}}}
  columns:
    timestamp: timestamp
    timestamp_zone: UTC
    prediction_id: id
    prediction: y_pred
    label: y_true
  features:
    car_age: numeric
    km_driven: numeric
    price_new: numeric
    accident_count: numeric
    door_count: numeric
    fuel: categorical
    transmission: categorical
  segments: [fuel]
""",
    "electricity": """
  name: electricity
  task: binary
  owner: team:grid
  cadence: {every: day, start: 1996-08-27, end: 1998-12-06}
  predictions: {path: DATA/electricity/monitoring.parquet}
  reference: {active: v1, versions: {v1: {path: DATA/electricity/reference.parquet}}}
  columns:
    timestamp: timestamp
    prediction_id: prediction_id
    prediction: prediction
    score: predicted_probability
    label: label
  features:
    nswprice: numeric
    nswdemand: numeric
    vicprice: numeric
    vicdemand: numeric
    transfer: numeric
""",
    "bike_sharing": """
  name: bike_sharing
  task: regression
  owner: team:city
  cadence: {every: day, start: 2011-10-01, end: 2012-09-30}
  predictions: {path: DATA/bike_sharing/monitoring.parquet}
  reference: {active: v1, versions: {v1: {path: DATA/bike_sharing/reference.parquet}}}
  columns:
    timestamp: timestamp
    prediction_id: prediction_id
    prediction: prediction
    label: cnt
  min_rows: 20              # a day holds 24 rows
  performance: {min_rows: 20}
  features:
    temp: numeric
    hum: numeric
    windspeed: numeric
    weathersit: categorical
    workingday: categorical
""",
    "employment": """
  name: employment
  task: binary
  owner: team:census
  cadence: {every: day, start: 2016-01-01, end: 2016-01-30}
  predictions: {path: "predictions/*.parquet"}
  labels: {path: DATA/employment/monitoring_labels.parquet, prediction_id: id, label: employed}
  reference: {active: v1, versions: {v1: {path: reference.parquet}}}
  columns:
    timestamp: predicted_at
    prediction_id: id
    prediction: prediction
    score: predicted_probability
  features:
    AGEP: numeric
    SCHL: categorical
    MAR: categorical
    SEX: categorical
    DIS: categorical
  segments: [SEX]
""",
}


class Replay:
    """The JSON of a backtest, and questions to it."""

    def __init__(self, document):
        self.windows = document["windows"]
        self.incidents = document["incidents"]

    def values(self, metric, first="", last="9999", column=""):
        """Return the values of a metric of whole windows from one key to another."""
        return [
            m["value"]
            for window in self.windows
            if first <= window["window"] <= last
            for m in window["measurements"]
            if (m["metric"], m["column"], m["segment"]) == (metric, column, "")
            and m["value"] is not None
        ]

    def share_of(self, kind, first="", last="9999", column=""):
        """Return the share of windows in which something of a kind is failing."""
        chosen = [w for w in self.windows if first <= w["window"] <= last]
        failing = [
            w for w in chosen if any(_is_failing(m, kind, column) for m in w["measurements"])
        ]
        return len(failing) / len(chosen)


def _is_failing(measurement, kind, column):
    return (
        measurement["kind"] == kind
        and measurement["status"] in {"warn", "bad", "error"}
        and not measurement["segment"]
        and (not column or measurement["column"] == column)
    )


def write_model(folder, name):
    models = folder / "models"
    models.mkdir(exist_ok=True)
    text = f"type: monitoring_assets.MonitoredModel\nattributes:{MODELS[name]}"
    file = models / f"{name}.yaml"
    file.write_text(text.replace("DATA", str(DATA)), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def replayed(home):
    """Return a function that replays a stream once."""
    done = {}

    def replay(name):
        if name not in done:
            out = home.folder / f"{name}.json"
            answer = home.run("backtest", write_model(home.folder, name), "--json", out)
            assert answer.returncode == 0, answer.stderr
            assert answer.stderr == ""
            done[name] = Replay(json.loads(out.read_text(encoding="utf-8")))
        return done[name]

    return replay


def test_the_loans_are_quiet_at_first(replayed):
    loan = replayed("car_loan")
    early = [i for i in loan.incidents if i["opened_window"] < "2019-03-01"]
    assert [i for i in early if i["kind"] in {"feature_drift", "prediction_drift"}] == []
    assert len(early) < 5


def test_the_cars_of_the_loans_become_dearer_late_and_stay_so(replayed):
    loan = replayed("car_loan")
    drifts = [i for i in loan.incidents if i["kind"] == "feature_drift"]
    [drift] = [i for i in drifts if i["column"] == "car_value"]
    assert "2019-03-29" <= drift["opened_window"] <= "2019-04-02"
    assert drift["resolved_window"] is None
    assert loan.share_of("feature_drift", first="2019-04-02", column="car_value") == 1.0


@pytest.mark.parametrize(
    "column", ["debt_to_income_ratio", "driver_tenure", "size_of_downpayment"]
)
def test_inputs_of_the_loans_that_stay_as_they_are_do_not_drift(replayed, column):
    assert replayed("car_loan").share_of("feature_drift", column=column) < 0.01


def test_the_loans_are_judged_worse_with_the_drift(replayed):
    loan = replayed("car_loan")
    before = fmean(loan.values("accuracy", last="2018-12-31"))
    after = fmean(loan.values("accuracy", first="2019-04-01"))
    assert before == pytest.approx(0.942, abs=0.003)
    assert after == pytest.approx(0.916, abs=0.003)
    opened = [i["opened_window"] for i in loan.incidents if i["kind"] == "performance"]
    late = [window for window in opened if window > "2019-04-01"]
    assert len(late) > len(opened) - len(late)


def test_the_prices_of_cars_change_in_the_second_half(replayed):
    price = replayed("car_price")
    assert price.share_of("prediction_drift", last="2017-02-27") < 0.1
    assert price.share_of("prediction_drift", first="2017-03-01") == 1.0
    opened = {i["kind"]: i["opened_window"] for i in price.incidents if not i["resolved_window"]}
    assert opened["prediction_drift"] in {"2017-02-28", "2017-03-01", "2017-03-02"}
    assert opened["feature_drift"] >= "2017-02-28"


def test_the_errors_of_the_prices_change_with_them(replayed):
    price = replayed("car_price")
    before = fmean(price.values("mae", last="2017-02-27"))
    after = fmean(price.values("mae", first="2017-03-02"))
    assert (before, after) == pytest.approx((853, 697), abs=5)


def test_electricity_falls_from_its_reference_and_recovers(replayed):
    """The model is right in 79 % of the reference, and in so many of each eight weeks after."""
    by_day = replayed("electricity").values("accuracy")
    eight_weeks = [fmean(by_day[begin : begin + 56]) for begin in range(0, len(by_day) - 55, 56)]
    assert eight_weeks[:11] == pytest.approx(
        [0.726, 0.663, 0.618, 0.666, 0.682, 0.664, 0.668, 0.641, 0.619, 0.627, 0.581], abs=0.001
    )
    assert eight_weeks[11] == pytest.approx(0.79, abs=0.001)


def test_the_fall_of_electricity_is_an_incident(replayed):
    power = replayed("electricity")
    found = [i for i in power.incidents if i["kind"] == "performance"]
    assert all(i["severity"] == "page" for i in found)
    assert any("the reference has 0.7909" in i["reason"] for i in found)
    assert power.share_of("performance", first="1997-01-01", last="1997-12-31") > 0.5


def test_electricity_drifts_strongly(replayed):
    power = replayed("electricity")
    assert power.share_of("feature_drift") > 0.9
    assert max(power.values("drift", column="nswprice")) > 0.5


def test_the_errors_of_the_bikes_more_than_double(replayed):
    bikes = replayed("bike_sharing")
    before = bikes.values("rmse", first="2011-10-01", last="2011-12-31")
    after = bikes.values("rmse", first="2012-07-01", last="2012-09-30")
    pooled = [fmean(value**2 for value in values) ** 0.5 for values in (before, after)]
    assert pooled == pytest.approx([82.9, 234.5], rel=0.01)
    assert bikes.share_of("performance", first="2012-07-01") > 0.9


@pytest.fixture(scope="module")
def census(home):
    """Give the census, whose rows have no time, a day each 7,000 rows."""
    rows = pq.read_table(DATA / "employment" / "monitoring.parquet")
    (home.folder / "models" / "predictions").mkdir(parents=True, exist_ok=True)
    per_day, days = 7_000, 30
    seconds = pc.multiply(pa.array(range(rows.num_rows)), 86_400 // per_day)
    start = 1_451_606_400  # 2016-01-01 UTC
    times = pc.add(seconds, start).cast(pa.timestamp("s", tz="UTC"))
    dated = rows.append_column("predicted_at", times).slice(0, per_day * days)
    pq.write_table(dated, home.folder / "models" / "predictions" / "all.parquet")
    reference = pq.read_table(DATA / "employment" / "reference.parquet")
    column = pa.array([start - 86_400] * reference.num_rows).cast(pa.timestamp("s", tz="UTC"))
    pq.write_table(
        reference.append_column("predicted_at", column),
        home.folder / "models" / "reference.parquet",
    )


def test_labels_of_the_census_are_joined_from_their_own_file(census, replayed):
    people = replayed("employment")
    covered = people.values("label_coverage", last="2016-01-29")
    assert covered
    assert min(covered) == 1.0
    table = pq.read_table(DATA / "employment" / "monitoring.parquet", columns=["id", "prediction"])
    labels = pq.read_table(DATA / "employment" / "monitoring_labels.parquet")
    joined = table.join(labels, "id")
    right = fmean(pc.equal(joined["prediction"], joined["employed"]).cast(pa.int8()).to_pylist())
    assert fmean(people.values("accuracy")) == pytest.approx(right, abs=0.01)


def test_the_census_changes_mildly(census, replayed):
    people = replayed("employment")
    assert people.share_of("performance") < 0.2
    assert all(not re.search("error", i["reason"]) for i in people.incidents)
