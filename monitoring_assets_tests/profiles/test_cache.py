"""The cache of prepared references: kept, healed and forgotten."""

import numpy as np
import pyarrow as pa
import pytest

from monitoring_assets.profiles.cache import FolderCache, MemoryCache
from monitoring_assets.profiles.exact import prepare
from monitoring_assets_tests.profiles.cases import assert_same

RNG = np.random.default_rng(0)
ROWS = pa.table({"x": RNG.normal(size=500), "c": RNG.choice(list("ab"), 500)})


class Maker:
    """Prepares the reference, and counts how often."""

    def __init__(self):
        self.times = 0

    def __call__(self):
        self.times += 1
        return prepare(ROWS, ["x"], ["c"], segments=["c"])


@pytest.fixture
def make():
    return Maker()


def test_a_part_is_made_once_in_memory(make):
    cache = MemoryCache()
    assert cache.part("all", make) is cache.part("all", make)
    assert make.times == 1


def test_a_part_is_made_once_for_all_processes(make, tmp_path):
    for _ in range(3):
        FolderCache(tmp_path / "v1", "edition").part("all", make)
    assert make.times == 1


def test_what_is_kept_is_what_was_made(make, tmp_path):
    FolderCache(tmp_path / "v1", "edition").part("all", make)
    kept, made = FolderCache(tmp_path / "v1", "edition").part("all", make), make()
    assert kept.layout.key == made.layout.key
    for segment, profile in made.profiles.parts.items():
        assert_same(kept.profiles.parts[segment], profile)
    np.testing.assert_array_equal(kept.samples["x"].values, made.samples["x"].values)


def test_a_damaged_part_is_made_again(make, tmp_path):
    FolderCache(tmp_path / "v1", "edition").part("all", make)
    (tmp_path / "v1/edition/all/layout.parquet").write_bytes(b"PAR1")
    FolderCache(tmp_path / "v1", "edition").part("all", make)
    assert make.times == 2


def test_a_new_edition_takes_the_place_of_the_old_one(make, tmp_path):
    FolderCache(tmp_path / "v1", "old").part("all", make)
    FolderCache(tmp_path / "v1", "new").part("all", make)
    assert [path.name for path in (tmp_path / "v1").iterdir()] == ["new"]


def test_without_a_place_to_write_the_part_is_made_in_memory(make, tmp_path):
    (tmp_path / "v1").write_text("not a folder")
    assert FolderCache(tmp_path / "v1", "edition").part("all", make).profile.rows == 500
