from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from scipy.stats import wasserstein_distance
from sklearn.metrics import log_loss, roc_auc_score

from monitoring_assets.config.loader import load_models
from monitoring_assets.config.model import LoadedModel
from monitoring_assets.demo.calendar import load_calendar
from monitoring_assets.demo.history import (
    first_day_of,
    land_day,
    write_history,
    write_model_file,
)
from monitoring_assets.demo.parcels import NUMERIC_FEATURES
from monitoring_assets.domain.errors import ConfigurationError
from monitoring_assets_tests.demo.conftest import FIRST_DAY, History, all_labels

QUIET_DAYS = (0, 1, 2, 3, 7, 8, 9, 10, 11, 19, 20, 21, 22, 23, 28, 29, 30, 31, 32)


def silent(_: str) -> None:
    pass


def written(folder: Path) -> dict[str, int]:
    return {
        str(f.relative_to(folder)): f.stat().st_mtime_ns for f in folder.rglob("*") if f.is_file()
    }


def auc(rows: pa.Table) -> float:
    return float(roc_auc_score(rows["late"].to_numpy(), rows["score"].to_numpy()))


def loss(rows: pa.Table) -> float:
    return float(log_loss(rows["late"].to_numpy(), rows["score"].to_numpy()))


def event_days(name: str) -> range:
    event = next(e for e in load_calendar().events if e.name == name)
    return range(event.first_day, min(event.last_day + 1, load_calendar().history_days))


@pytest.fixture(scope="session")
def model(history: History, tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    models = tmp_path_factory.mktemp("models")
    return load_models([write_model_file(history.folder, models, FIRST_DAY)])[0]


def test_every_day_has_predictions_except_when_scoring_was_down(history: History):
    without = [i for i in range(90) if not history.predictions_file(i).exists()]
    assert without == list(event_days("scoring_down"))


def test_every_day_has_labels_except_when_their_feed_was_out(history: History):
    without = [i for i in range(1, 90) if not history.labels_file(i).exists()]
    assert without == list(event_days("label_feed_out"))


def test_nothing_is_written_for_a_day_that_has_not_ended(history: History):
    assert not history.predictions_file(90).exists()
    assert not history.labels_file(90).exists()


def test_the_log_does_not_hold_the_truth(history: History):
    assert not {"late", "known_at"} & set(history.predictions(0).column_names)


def test_a_label_file_holds_what_became_known_on_its_day(history: History):
    known_at = pq.ParquetFile(history.labels_file(30)).read()["known_at"]
    assert set(pc.cast(known_at, pa.date32()).to_pylist()) == {history.day(30)}


def test_a_prediction_has_at_most_one_label(history: History):
    ids = all_labels(history.folder)["prediction_id"]
    assert pc.count_distinct(ids).as_py() == len(ids)


def test_labels_of_quiet_days_are_complete_after_two_weeks(history: History):
    share = history.labelled(*QUIET_DAYS).num_rows / history.predictions(*QUIET_DAYS).num_rows
    assert share == 1.0


def test_the_label_feed_leaves_gaps_in_the_windows_that_the_calendar_names(history: History):
    outage = next(e for e in load_calendar().events if e.name == "label_feed_out")
    days = range(outage.first_day - 14, outage.last_day + 8)
    coverage = {i: history.labelled(i).num_rows / history.predictions(i).num_rows for i in days}
    assert {i for i, share in coverage.items() if share < 0.98} <= set(outage.windows)
    assert min(coverage.values()) < 0.1


def test_the_reference_is_sixty_quiet_days_with_labels(history: History):
    reference = history.reference()
    days = pc.count_distinct(pc.cast(reference["predicted_at"], pa.date32())).as_py()
    assert days == load_calendar().reference_days
    assert reference["late"].null_count == 0
    assert pc.max(reference["predicted_at"]).as_py() < datetime.combine(FIRST_DAY, time(), UTC)


@pytest.mark.parametrize("where", ["reference", "quiet days"])
def test_the_model_separates_late_parcels_well(history: History, where: str):
    rows = history.reference() if where == "reference" else history.labelled(*QUIET_DAYS)
    assert 0.72 < auc(rows) < 0.80


def test_the_model_is_calibrated_on_quiet_days(history: History):
    rows = history.labelled(*QUIET_DAYS)
    late, expected = pc.mean(rows["late"]).as_py(), pc.mean(rows["score"]).as_py()
    assert 0.14 < late < 0.17
    assert late == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("name", ["score", *NUMERIC_FEATURES])
def test_no_quiet_or_harmless_day_drifts(model: LoadedModel, history: History, name: str):
    reference = history.reference()[name].to_numpy()
    harmless = (*event_days("holiday_weekend"), *event_days("garden_season"))
    distances = [
        wasserstein_distance(history.predictions(i)[name].to_numpy(), reference)
        for i in (*QUIET_DAYS, *harmless)
    ]
    limit = model.config.drift.threshold
    assert limit is not None
    assert max(distances) / np.std(reference) < limit


def test_miles_from_ios_drift_within_ios_far_more_than_elsewhere(history: History):
    reference, rows = history.reference(), history.predictions(*event_days("miles_from_ios"))

    def distance(channel: str) -> float:
        now, before = (
            t.filter(pc.equal(t["channel"], channel))["distance_km"].to_numpy()
            for t in (rows, reference)
        )
        return float(wasserstein_distance(now, before) / np.std(before))

    assert distance("ios") > 0.35
    assert max(map(distance, ("web", "android", "store"))) < 0.1


def test_the_strike_raises_the_log_loss_of_each_day_by_more_than_a_quarter(history: History):
    usual = loss(history.reference())
    days = [loss(history.labelled(i)) for i in event_days("strike_at_bolt")]
    assert min(days) > 1.25 * usual


def test_no_quiet_day_raises_the_log_loss_by_a_quarter(history: History):
    days = [loss(history.labelled(i)) for i in QUIET_DAYS]
    assert max(days) < 1.2 * loss(history.reference())


def test_the_promotion_surprises_the_model(history: History):
    rows = history.labelled(*event_days("promo_week"))
    assert pc.mean(rows["late"]).as_py() > pc.mean(rows["score"]).as_py() + 0.05


def test_a_second_call_changes_no_file(history: History):
    before, said = written(history.folder), []
    until = datetime.combine(history.day(90), time(9), UTC)
    write_history(history.folder, first_day=FIRST_DAY, days=90, until=until, progress=said.append)
    assert written(history.folder) == before
    assert said == []


def test_an_interrupted_history_is_completed_with_the_same_rows(history: History, tmp_path: Path):
    until = datetime.combine(FIRST_DAY + timedelta(days=4), time(), UTC)
    for days in (2, 4):
        write_history(tmp_path, first_day=FIRST_DAY, days=days, until=until, progress=silent)
    again = History(tmp_path)
    assert again.predictions(0, 1, 2, 3).equals(history.predictions(0, 1, 2, 3))
    assert not again.predictions_file(4).exists()


def test_landing_a_day_adds_its_predictions_and_labels_only(tmp_path: Path):
    until = datetime.combine(FIRST_DAY + timedelta(days=3), time(), UTC)
    write_history(tmp_path, first_day=FIRST_DAY, days=3, until=until, progress=silent)
    before = written(tmp_path)
    land_day(tmp_path, FIRST_DAY + timedelta(days=3), progress=silent)
    day = FIRST_DAY + timedelta(days=3)
    assert written(tmp_path).keys() - before.keys() == {
        f"predictions/date={day}/part-0.parquet",
        f"labels/arrived={day}.parquet",
    }


def test_a_day_cannot_land_where_no_history_is(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="holds no history"):
        land_day(tmp_path, FIRST_DAY, progress=silent)


def test_a_history_keeps_its_first_day(history: History):
    with pytest.raises(ConfigurationError, match="begins on 2026-03-02"):
        write_history(
            history.folder,
            first_day=FIRST_DAY + timedelta(days=1),
            days=1,
            until=datetime(2026, 6, 1, tzinfo=UTC),
            progress=silent,
        )


def test_the_first_day_of_a_history_is_remembered(history: History, tmp_path: Path):
    assert first_day_of(history.folder) == FIRST_DAY
    assert first_day_of(tmp_path) is None


def test_a_broken_model_card_is_named(tmp_path: Path):
    (tmp_path / "model_card.json").write_text("{")
    with pytest.raises(ConfigurationError, match=r"model_card\.json"):
        first_day_of(tmp_path)


def test_files_carry_page_checksums(history: History):
    verified = pq.read_table(history.predictions_file(0), page_checksum_verification=True)
    assert verified.num_rows > 0
    broken = bytearray(history.predictions_file(0).read_bytes())
    broken[400] ^= 0xFF
    with pytest.raises(OSError, match="CRC"):
        pq.read_table(pa.BufferReader(bytes(broken)), page_checksum_verification=True)


def test_no_partial_file_is_left(history: History):
    assert not [f for f in history.folder.rglob("*") if f.name.endswith(".part")]


def test_the_model_file_is_valid_and_begins_on_the_first_day(model: LoadedModel):
    assert model.config.cadence.start == FIRST_DAY


def test_the_model_file_names_the_columns_of_the_log(model: LoadedModel, history: History):
    columns = set(history.predictions(0).column_names)
    assert set(model.config.log_columns) == columns


def test_the_model_file_finds_the_history(model: LoadedModel, history: History):
    located = model.located(model.config.reference.versions["v1"].path or "")
    assert Path(located) == (history.folder / "reference.parquet").resolve()


def test_a_model_file_that_a_user_changed_is_kept(history: History, tmp_path: Path):
    file = write_model_file(history.folder, tmp_path, FIRST_DAY)
    file.write_text("# mine\n")
    write_model_file(history.folder, tmp_path, FIRST_DAY)
    assert file.read_text() == "# mine\n"


def test_quiet_rows_keep_the_contract_of_the_model_file(model: LoadedModel, history: History):
    rows = history.predictions(*QUIET_DAYS)
    for name in model.config.numeric_features:
        feature = model.config.features[name]
        if feature.min is not None:
            assert pc.min(rows[name]).as_py() >= feature.min
        if feature.max is not None:
            assert pc.max(rows[name]).as_py() <= feature.max
