import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from monitoring_assets.domain.errors import CorruptFileError
from monitoring_assets.profiles.building import empty_profile, profile_of
from monitoring_assets.profiles.layout import layout_of
from monitoring_assets.profiles.segments import WHOLE
from monitoring_assets.profiles.storage import (
    layout_from_table,
    layout_to_table,
    parts_from_table,
    parts_to_table,
    profile_from_table,
    profile_to_table,
)
from monitoring_assets_tests.profiles.cases import assert_same

RNG = np.random.default_rng(0)
ROWS = pa.table(
    {
        "x": pa.array([*RNG.normal(size=3000), None, np.inf]),
        "few": pa.array([0.1, 3.0] * 1501),
        "nothing": pa.nulls(3002, pa.float64()),
        "c": [*"abc"] * 1000 + ["d", None],
        "user": [f"user {k}" for k in range(3002)],
    }
)
LAYOUT = layout_of(ROWS, ["x", "few", "nothing"], ["c", "user"], most_categories=50)


def through_parquet(table, path):
    pq.write_table(table, path, compression="zstd")
    return pq.read_table(path)


def test_a_profile_survives_storage(tmp_path):
    profile = profile_of(ROWS, LAYOUT)
    stored = through_parquet(profile_to_table(profile), tmp_path / "p.parquet")
    found = profile_from_table(stored)
    assert_same(found, profile)
    np.testing.assert_array_equal(found.numeric["x"].sums, profile.numeric["x"].sums)


def test_an_empty_profile_survives_storage():
    assert_same(profile_from_table(profile_to_table(empty_profile(LAYOUT))), empty_profile(LAYOUT))


@pytest.mark.parametrize(("numeric", "categorical"), [(["x"], []), ([], ["c"]), ([], [])])
def test_layouts_of_one_kind_survive_storage(numeric, categorical):
    layout = layout_of(ROWS, numeric, categorical)
    assert layout_from_table(layout_to_table(layout)).key == layout.key
    profile = profile_of(ROWS, layout)
    assert_same(profile_from_table(profile_to_table(profile)), profile)


def test_a_layout_survives_storage_with_its_key(tmp_path):
    found = layout_from_table(through_parquet(layout_to_table(LAYOUT), tmp_path / "l.parquet"))
    assert found.key == LAYOUT.key
    assert_same(profile_of(ROWS, found), profile_of(ROWS, LAYOUT))


def test_a_stored_profile_takes_tens_of_kilobytes_for_a_column(tmp_path):
    rows = pa.table({"x": RNG.normal(size=100_000)})
    profile = profile_of(rows, layout_of(rows, ["x"], []))
    path = tmp_path / "p.parquet"
    through_parquet(profile_to_table(profile), path)
    assert path.stat().st_size < 64_000


def test_any_other_table_is_refused():
    with pytest.raises(CorruptFileError, match="format none cannot be read"):
        profile_from_table(ROWS)


@pytest.mark.parametrize("change", ["numeric", "categorical", "most"])
def test_the_key_changes_with_the_layout(change):
    other = {
        "numeric": lambda: layout_of(
            ROWS.slice(1), ["x", "few", "nothing"], ["c", "user"], most_categories=50
        ),
        "categorical": lambda: layout_of(ROWS, ["x", "few", "nothing"], ["c"], most_categories=50),
        "most": lambda: layout_of(
            ROWS, ["x", "few", "nothing"], ["c", "user"], most_categories=51
        ),
    }[change]()
    assert other.key != LAYOUT.key


def test_a_window_and_its_segments_survive_storage_in_one_table(tmp_path):
    parts = {WHOLE: profile_of(ROWS, LAYOUT)}
    for value in "abc":
        own = ROWS.filter(pc.equal(ROWS.column("c"), value))
        parts["c", value] = profile_of(own, LAYOUT)
    found = parts_from_table(through_parquet(parts_to_table(parts), tmp_path / "w.parquet"))
    assert list(found) == list(parts)
    for segment, profile in parts.items():
        assert_same(found[segment], profile)


def test_bins_without_rows_take_no_space():
    few = profile_of(ROWS.slice(0, 10), LAYOUT)
    assert profile_to_table(few).nbytes < 10_000
