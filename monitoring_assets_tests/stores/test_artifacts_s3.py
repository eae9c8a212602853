import pyarrow as pa
import pytest

from monitoring_assets.domain.errors import StoreUnavailableError
from monitoring_assets.stores import conformance
from monitoring_assets.stores.artifacts import FileArtifacts
from monitoring_assets_tests.stores.fake_s3 import FakeS3


@pytest.fixture(scope="module")
def bucket():
    bucket = FakeS3()
    yield bucket
    bucket.stop()


@pytest.fixture
def store(bucket):
    bucket.objects.clear()
    bucket.refuses = False
    return FileArtifacts(bucket.uri("bucket/prefix"))


@pytest.mark.parametrize("check", conformance.ARTIFACT_CHECKS, ids=lambda check: check.__name__)
def test_a_bucket_keeps_the_promises_of_an_artifact_store(check, store):
    check(store)


def test_an_object_has_the_path_of_its_address(store, bucket):
    assert store.write_text("churn/a.txt", "x") == "s3://bucket/prefix/churn/a.txt"
    assert bucket.objects["/bucket/prefix/churn/a.txt"] == b"x"


def test_a_large_table_comes_back(store):
    table = pa.table(
        {"x": pa.array(range(2_000_000)), "y": [f"{i * 7919}" for i in range(2_000_000)]}
    )
    store.write_table("large.parquet", table)
    assert store.read_table("large.parquet").equals(table)


def test_a_refused_write_is_named_without_the_credentials(store, bucket):
    bucket.refuses = True
    with pytest.raises(StoreUnavailableError, match=r"s3://bucket/prefix/a\.txt") as refused:
        store.write_text("a.txt", "x")
    assert "canary-secret" not in f"{refused.value} {refused.value.__cause__}"
