import pyarrow as pa
import pytest

from monitoring_assets.domain.errors import CorruptFileError, StoreUnavailableError
from monitoring_assets.stores.artifacts import FileArtifacts

TABLE = pa.table({"x": list(range(5_000)), "name": [f"row {i}" for i in range(5_000)]})


@pytest.fixture
def store(tmp_path):
    return FileArtifacts(str(tmp_path / "artifacts"))


def flip(file, position):
    content = bytearray(file.read_bytes())
    content[position] ^= 0x10
    file.write_bytes(content)


def test_the_address_is_where_the_file_is(store, tmp_path):
    address = store.write_text("churn/report.html", "x")
    assert address == str(tmp_path / "artifacts/churn/report.html")
    assert address == store.address("churn/report.html")


def test_the_address_of_a_bucket_holds_no_credentials():
    store = FileArtifacts("s3://key:secret@bucket/prefix/?endpoint_override=localhost")
    assert store.address("a/b.txt") == "s3://bucket/prefix/a/b.txt"


def test_nothing_but_the_file_is_left_in_the_folder(store, tmp_path):
    store.write_table("a.parquet", TABLE)
    assert [f.name for f in (tmp_path / "artifacts").iterdir()] == ["a.parquet"]


def test_a_table_is_zstd_with_page_checksums(store):
    from pyarrow import parquet

    metadata = parquet.read_metadata(store.write_table("a.parquet", TABLE))
    assert metadata.row_group(0).column(0).compression == "ZSTD"


@pytest.mark.parametrize("position", [100, 2_000, 15_000])
def test_a_flipped_bit_in_a_page_is_found(store, tmp_path, position):
    store.write_table("a.parquet", TABLE)
    flip(tmp_path / "artifacts/a.parquet", position)
    with pytest.raises(CorruptFileError, match=r"a\.parquet: the file is damaged"):
        store.read_table("a.parquet")


@pytest.mark.parametrize("size", [0, 3, 500])
def test_a_truncated_table_is_found(store, tmp_path, size):
    store.write_table("a.parquet", TABLE)
    file = tmp_path / "artifacts/a.parquet"
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(CorruptFileError):
        store.read_table("a.parquet")


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    store = FileArtifacts(str(tmp_path / "file"))
    with pytest.raises(StoreUnavailableError, match="cannot be used"):
        store.write_text("a.txt", "x")


def test_a_failed_write_leaves_the_old_file(store, tmp_path):
    store.write_text("a.txt", "old")

    files, root = store._filesystem
    store.__dict__["_filesystem"] = (FullDisk(files), root)
    with pytest.raises(StoreUnavailableError):
        store.write_text("a.txt", "new")
    assert [f.read_text() for f in (tmp_path / "artifacts").iterdir()] == ["old"]


class FullDisk:
    """A file system that takes bytes and fails when they should become a file."""

    def __init__(self, files):
        self.create_dir = files.create_dir
        self.open_output_stream = files.open_output_stream

    def move(self, *_paths):
        raise OSError("No space left on device")
