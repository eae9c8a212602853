from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from monitoring_assets.profiles.building import profile_of
from monitoring_assets.profiles.layout import layout_of
from monitoring_assets.profiles.profile import merge
from monitoring_assets.profiles.segments import profile_segments
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


@pytest.mark.parametrize(
    ("column", "values"), [("region", {"north", "south", None}), ("is_new", {"1", "0", None})]
)
def test_all_segments_merged_are_the_whole(column, values):
    found = profile_segments(ROWS.to_batches(max_chunksize=70), LAYOUT, column)
    assert set(found) == values
    assert_same(reduce(merge, found.values()), profile_of(ROWS, LAYOUT))


@pytest.mark.parametrize("encode", [False, True])
def test_a_segment_has_the_rows_with_its_value(encode):
    region = ROWS.column("region")
    rows = ROWS.set_column(2, "region", region.dictionary_encode() if encode else region)
    found = profile_segments(rows.to_batches(max_chunksize=70), LAYOUT, "region")
    own = ROWS.filter(pc.equal(region, "north"))
    assert_same(found["north"], profile_of(own, LAYOUT))


def test_without_the_column_all_rows_are_of_no_segment():
    found = profile_segments(ROWS.to_batches(), LAYOUT, "absent")
    assert_same(found[None], profile_of(ROWS, LAYOUT))
