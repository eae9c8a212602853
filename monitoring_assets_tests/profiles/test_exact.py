import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring_assets.domain.errors import CorruptFileError
from monitoring_assets.metrics.drift_methods import drift
from monitoring_assets.profiles.building import profile_batches
from monitoring_assets.profiles.cache import open_profile, open_reference, save_reference
from monitoring_assets.profiles.exact import measure, prepare
from monitoring_assets.profiles.files import read_batches, read_table
from monitoring_assets.stats.samples import CategorySample, NumericSample
from monitoring_assets_tests.profiles.cases import DISTRIBUTIONS, assert_same

NUMERIC = list(DISTRIBUTIONS)


def drawn(seed, shift):
    rng = np.random.default_rng(seed)
    columns = {name: pa.array(draw(rng, shift)) for name, draw in DISTRIBUTIONS.items()}
    columns["missing"] = pa.array([None, np.nan, np.inf, *rng.normal(size=2997)])
    columns["c"] = pa.array([*"aab", None, "c"] * 600)
    return pa.table(columns)


REFERENCE, WINDOW = drawn(1, 0.0), drawn(2, 0.3)
PREPARED = prepare(REFERENCE, [*NUMERIC, "missing"], ["c"])


@pytest.mark.parametrize("column", [*NUMERIC, "missing"])
@pytest.mark.parametrize("method", ["evidently", "psi"])
def test_values_are_those_of_the_drift_methods(column, method):
    samples = [
        NumericSample.of(np.asarray(side.column(column).to_numpy(), dtype=float))
        for side in (REFERENCE, WINDOW)
    ]
    chunked = pa.Table.from_batches(WINDOW.to_batches(max_chunksize=800))
    for rows in (WINDOW, chunked):
        assert measure(rows, PREPARED, {column: method}).drift[column] == drift(*samples, method)


def test_categories_are_compared_like_numbers():
    counts = CategorySample({"a": 1200, "b": 600, "c": 600})
    assert measure(WINDOW, PREPARED).drift["c"] == drift(counts, counts)


def test_the_same_pass_makes_the_profile():
    found = measure(WINDOW, PREPARED).profile
    assert_same(found, profile_batches(WINDOW.to_batches(max_chunksize=500), PREPARED.layout))


def test_threads_change_nothing():
    one, four = (measure(WINDOW, PREPARED, threads=n) for n in (1, 4))
    assert one.drift == four.drift


def test_a_missing_column_has_a_reason_instead_of_a_value():
    found = measure(WINDOW.drop_columns(["normal", "c"]), PREPARED).drift
    assert found["normal"].reason == found["c"].reason == "the window has no value in this column"


def test_rows_are_not_changed():
    before = WINDOW.column("normal").to_pylist()
    measure(pa.Table.from_batches(WINDOW.to_batches(max_chunksize=800)), PREPARED)
    assert WINDOW.column("normal").to_pylist() == before


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("references") / "v1"
    save_reference(PREPARED, folder)
    return folder


def test_a_saved_reference_gives_the_same_values(folder):
    found = open_reference(folder)
    assert_same(found.profile, PREPARED.profile)
    assert measure(WINDOW, found).drift == measure(WINDOW, PREPARED).drift


def test_saving_again_leaves_no_trace(folder):
    save_reference(PREPARED, folder)
    assert [path.name for path in folder.parent.iterdir()] == ["v1"]


def test_the_profile_can_be_opened_alone(folder):
    layout, profile = open_profile(folder)
    assert layout.key == PREPARED.layout.key
    assert_same(profile, PREPARED.profile)


@pytest.mark.parametrize("damaged", ["layout.parquet", "profiles.parquet", "00003.npy"])
@pytest.mark.parametrize("damage", ["gone", "cut", "empty"])
def test_a_damaged_reference_is_refused(tmp_path, damaged, damage):
    save_reference(PREPARED, tmp_path / "v1")
    path = tmp_path / "v1" / damaged
    content = path.read_bytes()
    path.unlink()
    if damage != "gone":
        path.write_bytes(content[: len(content) // 2] if damage == "cut" else b"")
    with pytest.raises(CorruptFileError, match="delete it to have it made again"):
        open_reference(tmp_path / "v1")


def test_files_are_read_with_the_columns_that_exist(tmp_path):
    path = tmp_path / "w.parquet"
    pq.write_table(WINDOW, path, row_group_size=1000)
    columns = ["normal", "c", "absent"]
    table = read_table(path, columns)
    assert table.column_names == ["normal", "c"]
    batches = list(read_batches(path, columns, row_groups=[0, 2]))
    assert sum(batch.num_rows for batch in batches) == 2000
    whole = profile_batches(read_batches(path, PREPARED.layout.columns), PREPARED.layout)
    assert_same(whole, measure(WINDOW, PREPARED).profile)


def test_the_hot_path_imports_neither_pandas_nor_scipy_nor_evidently(tmp_path, folder):
    path = tmp_path / "w.parquet"
    pq.write_table(WINDOW, path)
    script = """
import sys
from pathlib import Path
from monitoring_assets.profiles.building import profile_batches
from monitoring_assets.profiles.cache import open_reference
from monitoring_assets.profiles.comparison import compare
from monitoring_assets.profiles.exact import measure
from monitoring_assets.profiles.files import read_batches, read_table
folder, window = map(Path, sys.argv[1:])
reference = open_reference(folder)
layout = reference.layout
measured = measure(read_table(window, layout.columns), reference)
profile = profile_batches(read_batches(window, layout.columns), layout)
compared = [compare(layout, reference.profile, profile, name) for name in layout.columns]
assert len(measured.drift) == len(compared) == 20
print(*{"pandas", "scipy", "evidently", "sklearn"}.intersection(sys.modules))
"""
    environ = os.environ | {"PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-c", script, folder, path],
        capture_output=True,
        text=True,
        env=environ,
        check=True,
    )
    assert done.stdout.strip() == ""
