from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from monitoring_assets.domain.errors import StoreUnavailableError
from monitoring_assets.stores import schema
from monitoring_assets.stores.engine import create_engine

COLUMNS = sa.text("""
SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default
FROM information_schema.columns
WHERE table_schema = 'monitoring' AND table_name NOT LIKE '%version'
ORDER BY table_name, ordinal_position
""")
CONSTRAINTS = sa.text("""
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'monitoring'::regnamespace AND conrelid::regclass::text NOT LIKE '%version'
ORDER BY 1, 2
""")


def scalar(engine, sql):
    with engine.connect() as connection:
        return connection.execute(sa.text(sql)).scalar()


def test_an_empty_database_has_no_revision(bare_engine):
    assert schema.current_revision(bare_engine) is None


def test_upgrading_twice_ends_at_the_newest_revision(bare_engine):
    schema.upgrade(bare_engine)
    schema.upgrade(bare_engine)
    assert schema.current_revision(bare_engine) == schema.newest_revision()


def test_upgrading_keeps_what_is_stored(bare_engine):
    schema.upgrade(bare_engine)
    with bare_engine.begin() as connection:
        connection.execute(
            sa.text("INSERT INTO monitoring.source_state VALUES ('m','s',now(),'k','f',now())")
        )
    schema.upgrade(bare_engine)
    assert scalar(bare_engine, "SELECT count(*) FROM monitoring.source_state") == 1


def test_models_and_migrations_agree(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=schema.context_options())
        assert compare_metadata(context, schema.metadata) == []


@pytest.mark.parametrize("query", [COLUMNS, CONSTRAINTS], ids=["columns", "constraints"])
def test_models_and_migrations_create_the_same(bare_engine, engine, query):
    with bare_engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(schema.SCHEMA))
        schema.metadata.create_all(connection)
        modelled = connection.execute(query).all()
    with engine.connect() as connection:
        assert connection.execute(query).all() == modelled


def test_nothing_is_created_outside_our_schema(bare_engine):
    schema.upgrade(bare_engine)
    assert sa.inspect(bare_engine).get_table_names("public") == []


def test_several_starters_at_once_migrate_once(bare_engine):
    url = bare_engine.url.render_as_string(hide_password=False)
    engines = [create_engine(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(schema.upgrade, engines))
    for engine in engines:
        engine.dispose()
    assert scalar(bare_engine, "SELECT count(*) FROM monitoring.schema_version") == 1


def test_a_schema_of_a_newer_program_is_refused(bare_engine):
    schema.upgrade(bare_engine)
    with bare_engine.begin() as connection:
        connection.execute(sa.text("UPDATE monitoring.schema_version SET version_num = '9999'"))
    with pytest.raises(StoreUnavailableError, match=r"9999.*newer monitoring-assets"):
        schema.upgrade(bare_engine)


def test_a_foreign_schema_version_table_is_left_alone(bare_engine):
    with bare_engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE public.alembic_version (version_num text)"))
        connection.execute(sa.text("INSERT INTO public.alembic_version VALUES ('theirs')"))
    schema.upgrade(bare_engine)
    assert scalar(bare_engine, "SELECT version_num FROM public.alembic_version") == "theirs"
