import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring_assets.profiles.building import profile_of
from monitoring_assets.profiles.files import profile_file
from monitoring_assets.profiles.layout import layout_of
from monitoring_assets_tests.profiles.cases import assert_same

RNG = np.random.default_rng(3)
ROWS = pa.table(
    {f"x{k}": RNG.normal(size=900) for k in range(20)}
    | {f"c{k}": pa.array(RNG.choice(["a", "b", None], 900), pa.string()) for k in range(11)}
)
NUMERIC, CATEGORICAL = ROWS.column_names[:20], ROWS.column_names[20:]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "rows.parquet"
    pq.write_table(ROWS, path, row_group_size=300)
    return path


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("correlated", [NUMERIC, ["x3", "x19"], []])
@pytest.mark.parametrize("categorical", [CATEGORICAL, []])
def test_a_file_has_the_profile_of_its_rows(path, threads, correlated, categorical):
    layout = layout_of(ROWS, NUMERIC, categorical, correlated=correlated)
    found = profile_file(path, layout, threads=threads)
    assert_same(found, profile_of(ROWS, layout))
    assert [*found.numeric, *found.categorical] == layout.columns


def test_row_groups_can_be_profiled_alone(path):
    layout = layout_of(ROWS, NUMERIC, CATEGORICAL)
    rows = pa.concat_tables([ROWS.slice(0, 300), ROWS.slice(600)])
    assert_same(profile_file(path, layout, [0, 2]), profile_of(rows, layout))


def test_columns_that_a_file_lacks_have_no_values(path, tmp_path):
    layout = layout_of(ROWS, NUMERIC, CATEGORICAL, correlated=[])
    rows = ROWS.select(["x0", "c1"])
    pq.write_table(rows, tmp_path / "few.parquet")
    assert_same(profile_file(tmp_path / "few.parquet", layout), profile_of(rows, layout))


def test_a_file_without_rows_has_an_empty_profile(tmp_path):
    layout = layout_of(ROWS, NUMERIC, CATEGORICAL)
    pq.write_table(ROWS.slice(0, 0), tmp_path / "none.parquet")
    assert profile_file(tmp_path / "none.parquet", layout).rows == 0


def test_rows_of_no_columns_are_counted(path):
    assert profile_file(path, layout_of(ROWS, [], [])).rows == 900
