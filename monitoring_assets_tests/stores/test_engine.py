import pytest
import sqlalchemy as sa

from monitoring_assets.domain.errors import ConfigurationError, StoreUnavailableError
from monitoring_assets.stores.engine import create_engine, place, transaction

SECRET = "hunter2-canary"


@pytest.mark.parametrize(
    "scheme", ["postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2"]
)
def test_every_postgres_scheme_becomes_psycopg_3(scheme):
    engine = create_engine(f"{scheme}://user@localhost/db")
    assert engine.url.drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "not a url",
        "sqlite:///monitoring.db",
        "mysql://user@localhost/db",
        f"postgresql://user:{SECRET}@localhost:port/db",
        f"postgresql://user:a@{SECRET}@localhost/db",
        f"postgresql://user:a@{SECRET}/x@localhost/db",
        f"postgresql://user:a@{SECRET}@[::1]/db",
    ],
)
def test_an_unusable_url_is_refused_without_its_password(url):
    with pytest.raises(ConfigurationError) as refused:
        create_engine(url)
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


def test_an_unreachable_server_is_named_without_the_password():
    engine = create_engine(f"postgresql://user:{SECRET}@127.0.0.1:1/db")
    with (
        pytest.raises(StoreUnavailableError, match=r"127\.0\.0\.1:1/db") as refused,
        transaction(engine),
    ):
        pass
    assert SECRET not in f"{refused.value}{refused.value.__cause__}"


def test_a_socket_folder_is_named_as_the_place():
    assert place(create_engine("postgresql://u@/db?host=/run/pg")) == "/run/pg/db"


def test_a_refused_statement_is_named_without_the_row(engine):
    with pytest.raises(StoreUnavailableError) as refused, transaction(engine) as connection:
        connection.execute(sa.text("SELECT CAST(:value AS int)"), {"value": 2**40})
    assert "integer out of range" in str(refused.value)
    assert str(2**40) not in str(refused.value)


def test_a_failed_transaction_leaves_nothing(engine):
    both = "INSERT INTO monitoring.source_state VALUES ('m','s',now(),'k','f',now()); SELECT 1/0"
    with pytest.raises(StoreUnavailableError), transaction(engine) as connection:
        connection.exec_driver_sql(both)
    with transaction(engine) as connection:
        count = connection.execute(sa.text("SELECT count(*) FROM monitoring.source_state"))
        assert count.scalar_one() == 0


def test_the_connection_carries_the_name_of_the_application(engine):
    with transaction(engine) as connection:
        name = connection.execute(sa.text("SHOW application_name")).scalar_one()
    assert name == "monitoring_assets"


def test_an_old_server_is_refused_with_its_version(engine, monkeypatch):
    monkeypatch.setattr("monitoring_assets.stores.engine.OLDEST_POSTGRES", 99)
    fresh = create_engine(engine.url.render_as_string(hide_password=False))
    with pytest.raises(StoreUnavailableError, match="version 99 or newer"), transaction(fresh):
        pass
    fresh.dispose()
