"""A role for dashboards that may read the views of the schema `dash` and nothing else.

Whoever may look at a dashboard may run any SQL that the role may run: the role is the border. What
Postgres gives everybody by default is taken back: large objects, temporary tables, and advisory
locks, by which a reader could hold up every writer. It can still sleep and notify.
"""

from collections.abc import Iterator

import sqlalchemy as sa
from psycopg import Connection, sql
from psycopg.errors import InsufficientPrivilege

from monitoring_assets.domain.errors import ConfigurationError
from monitoring_assets.stores.engine import transaction

CONNECTIONS = 10
TIMEOUT = "15s"

# They belong to the superuser: where the owner of the database is none, they stay as they are.
_FUNCTIONS = """
SELECT format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = 'pg_catalog'
  AND p.proname ~ '^(pg_(try_)?advisory_|lo_|loread$|lowrite$)'
  AND has_function_privilege('public', p.oid, 'EXECUTE')
ORDER BY 1
"""


def create_reader(engine: sa.Engine, name: str, password: str) -> list[str]:
    """Make the role, or bring it to what it should be; return what could not be taken back.

    Other roles of this database lose what everybody had: `CONNECT`, temporary tables, the schema
    `public`; who needs that is granted it by name.

    Raises:
        ConfigurationError: If our own role may not make roles, or the name is our own role's.
        StoreUnavailableError: If Postgres cannot be reached or refuses.
    """
    with transaction(engine) as connection:
        me = connection.execute(sa.text("SELECT current_user")).scalar_one()
        if name == me:
            raise ConfigurationError(f"{name} owns the tables: give the reader another name")
        psycopg: Connection[object] = connection.connection.driver_connection  # type: ignore[assignment]
        role, owner = sql.Identifier(name), sql.Identifier(me)
        _make(connection, psycopg, name, password)
        for statement in _grants(role, owner, sql.Identifier(psycopg.info.dbname)):
            psycopg.execute(statement)
        return _take_back(connection, psycopg, owner)


def _make(
    connection: sa.Connection, psycopg: Connection[object], name: str, password: str
) -> None:
    known = sa.text("SELECT count(*) FROM pg_roles WHERE rolname = :name")
    verb = "ALTER" if connection.execute(known, {"name": name}).scalar_one() else "CREATE"
    # Hashed here, so that the password is in no log of the server.
    secret = psycopg.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    statement = sql.SQL(
        "{verb} ROLE {role} LOGIN NOINHERIT NOCREATEDB NOCREATEROLE CONNECTION LIMIT {most} "
        "PASSWORD {secret}"
    ).format(
        verb=sql.SQL(verb),
        role=sql.Identifier(name),
        most=sql.Literal(CONNECTIONS),
        secret=sql.Literal(secret.decode()),
    )
    may = sa.text("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
    if not connection.execute(may).scalar_one():
        raise ConfigurationError(
            "the role of MLMON_DATABASE_URL may not make roles: run this once with the URL of one "
            "that may (CREATEROLE)"
        )
    psycopg.execute(statement)


def _grants(
    role: sql.Identifier, owner: sql.Identifier, database: sql.Identifier
) -> Iterator[sql.Composed]:
    names = {"role": role, "owner": owner, "database": database}
    for statement in (
        "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {owner}",
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "GRANT CONNECT ON DATABASE {database} TO {role}",
        "GRANT USAGE ON SCHEMA dash TO {role}",
        "GRANT SELECT ON ALL TABLES IN SCHEMA dash TO {role}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA dash "
        "GRANT SELECT ON TABLES TO {role}",
        "ALTER ROLE {role} SET default_transaction_read_only = on",
        f"ALTER ROLE {{role}} SET statement_timeout = '{TIMEOUT}'",
    ):
        yield sql.SQL(statement).format(**names)


def _take_back(
    connection: sa.Connection, psycopg: Connection[object], owner: sql.Identifier
) -> list[str]:
    """Take functions from everybody that would let a reader write or block; return the others."""
    left = []
    for function in connection.execute(sa.text(_FUNCTIONS)).scalars().all():
        statements = (
            f"GRANT EXECUTE ON FUNCTION {function} TO {{owner}}",
            f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC",
        )
        try:
            with connection.begin_nested():
                for statement in statements:
                    psycopg.execute(sql.SQL(statement).format(owner=owner))
        except InsufficientPrivilege:
            left.append(function)
    return left
