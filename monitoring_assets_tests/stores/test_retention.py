from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from monitoring_assets.stores.retention import TABLES, outdated, prune
from monitoring_assets_tests.stores.seeded import seed

NOW = datetime(2026, 3, 10, 6, tzinfo=UTC)


@pytest.fixture
def seeded(engine, tmp_path):
    seed(engine, tmp_path, NOW)
    return engine


def days(n):
    return dict.fromkeys(TABLES, n)


def count(engine, table):
    with engine.connect() as connection:
        return connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608


def test_what_is_old_is_deleted_and_the_rest_stays(seeded):
    before = count(seeded, "monitoring.measurement")
    deleted = prune(seeded, days(10), NOW)
    # The windows of the stale model ended 20 days before, the others within the last five.
    assert deleted["measurement"] == before / 3
    assert deleted["histogram"] == 5
    with seeded.connect() as connection:
        oldest = connection.execute(
            sa.text("SELECT min(window_start) FROM monitoring.measurement")
        )
        assert oldest.scalar_one() >= NOW - timedelta(days=10)


def test_roll_ups_stay_for_ever(seeded):
    before = count(seeded, "monitoring.model_day")
    prune(seeded, days(1), NOW + timedelta(days=4_000))
    assert count(seeded, "monitoring.model_day") == before
    assert count(seeded, "monitoring.measurement") == 0


def test_a_dry_run_counts_what_would_be_deleted(seeded):
    counted = outdated(seeded, days(10), NOW)
    assert count(seeded, "monitoring.measurement") == 60
    assert prune(seeded, days(10), NOW) == counted


def test_nothing_is_old_in_an_empty_database(engine):
    assert prune(engine, days(1), NOW) == dict.fromkeys(TABLES, 0)
