from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from monitoring_assets.profiles.building import profile_of
from monitoring_assets.profiles.layout import layout_of
from monitoring_assets.profiles.profile import merge
from monitoring_assets.profiles.segments import merge_segmented, profile_stream
from monitoring_assets_tests.profiles.cases import assert_same

RNG = np.random.default_rng(0)
ROWS = pa.table(
    {
        "x": RNG.normal(size=600),
        "c": RNG.choice(list("pqr"), 600),
        "region": pa.array(["north", "south", None, "north"] * 150),
        "is_new": pa.array([True, None, False] * 200),
    }
)
LAYOUT = layout_of(ROWS, ["x"], ["c"])


def stream(rows, column, values):
    return profile_stream(rows.to_batches(max_chunksize=70), LAYOUT, {column: values})


@pytest.mark.parametrize(("column", "values"), [("region", ["north", "south"]), ("is_new", "10")])
def test_all_segments_merged_are_the_whole(column, values):
    rows = ROWS.filter(pc.is_valid(ROWS.column(column)))
    found = stream(rows, column, values)
    assert set(found.segments) == {(column, value) for value in values}
    assert_same(reduce(merge, found.segments.values()), found.whole)
    assert_same(found.whole, profile_of(rows, LAYOUT))


@pytest.mark.parametrize("encode", [False, True])
def test_a_segment_has_the_rows_with_its_value(encode):
    region = ROWS.column("region")
    rows = ROWS.set_column(2, "region", region.dictionary_encode() if encode else region)
    found = stream(rows, "region", ["north"])
    assert set(found.segments) == {("region", "north")}
    own = ROWS.filter(pc.equal(region, "north"))
    assert_same(found.segments["region", "north"], profile_of(own, LAYOUT))


def test_without_the_column_there_is_no_segment():
    found = stream(ROWS, "absent", ["north"])
    assert not found.segments
    assert_same(found.whole, profile_of(ROWS, LAYOUT))


def test_without_segments_only_the_whole_is_profiled():
    found = profile_stream(ROWS.to_batches(max_chunksize=70), LAYOUT, {})
    assert not found.segments
    assert_same(found.whole, profile_of(ROWS, LAYOUT))


def test_windows_merge_segment_by_segment():
    a = stream(ROWS.slice(0, 100), "region", ["north"])
    b = stream(ROWS.slice(100), "region", ["north", "south"])
    both, expected = merge_segmented(a, b), stream(ROWS, "region", ["north"])
    assert_same(both.whole, expected.whole)
    assert_same(both.segments["region", "north"], expected.segments["region", "north"])
    assert_same(both.segments["region", "south"], b.segments["region", "south"])
