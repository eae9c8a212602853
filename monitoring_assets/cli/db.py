"""`mlmon db`: the database as such."""

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime

from monitoring_assets.cli.database import embedded, prepared, readable_engine, ready_environment
from monitoring_assets.composition import DATABASE_URL
from monitoring_assets.domain.errors import ConfigurationError
from monitoring_assets.stores.retention import TABLES, outdated, prune

_ACTIONS = {
    "start": "start the embedded Postgres and make the tables",
    "stop": "stop the embedded Postgres",
    "status": "say where the database is; the exit code is 1 where it is not running",
    "upgrade": "make the tables that are missing",
    "prune": "delete what is older than it should be",
    "reader": "make a role for dashboards that may read the views of the schema dash only",
}
_PASSWORD_ENV = "MLMON_READER_PASSWORD"  # noqa: S105 - a name, not a password


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        "start and stop are about the embedded Postgres; with MLMON_DATABASE_URL set there is\n"
        "none.\n\n"
        "examples:\n  mlmon db start\n  mlmon db upgrade\n  mlmon db prune --dry-run\n"
        f"  {_PASSWORD_ENV}=… mlmon db reader"
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, text in _ACTIONS.items():
        action = actions.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name == "prune":
            _add_retention(action)
        if name == "reader":
            _add_reader(action)


def _add_retention(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="only count")
    for table, kept in TABLES.items():
        parser.add_argument(
            f"--{table.replace('_', '-')}",
            type=_days,
            metavar="DAYS",
            default=kept.days,
            help=f"how long its rows are kept (default {kept.days})",
        )


def _days(text: str) -> int:
    days = int(text)
    if days < 1:
        raise ValueError
    return days


def _add_reader(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--role", default="grafana_reader", help="default grafana_reader")
    parser.add_argument(
        "--password-env",
        metavar="NAME",
        default=_PASSWORD_ENV,
        help=f"the variable that holds its password (default {_PASSWORD_ENV})",
    )


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Do one thing with the database."""
    match options.action:
        case "upgrade":
            with ready_environment(environ):
                print("all tables are there")
            return 0
        case "prune":
            return _prune(options, environ)
        case "reader":
            return _reader(options, environ)
    return _own(options.action) if environ.get(DATABASE_URL) else _server(options.action, environ)


def _server(action: str, environ: Mapping[str, str]) -> int:
    server = embedded(environ)
    if action == "stop":
        server.stop()
        print("the embedded Postgres is stopped")
        return 0
    running = server.status()
    if action == "start":
        running = server.start()
        prepared(environ, running.url())
    if running is None:
        print("the embedded Postgres is not running")
        return 1
    print(f"the embedded Postgres listens on {running.host}:{running.port}")
    return 0


def _own(action: str) -> int:
    """Answer for a Postgres that is not ours to start or stop."""
    if action != "status":
        raise ConfigurationError(f"{DATABASE_URL} is set: start and stop your own Postgres")
    print(f"{DATABASE_URL} is set: your own Postgres is used")
    return 0


def _prune(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    days = {table: getattr(options, table) for table in TABLES}
    with readable_engine(environ) as engine:
        done = (outdated if options.dry_run else prune)(engine, days, datetime.now(UTC))
    verb = "would be deleted" if options.dry_run else "deleted"
    for table, rows in done.items():
        print(f"{table}: {rows:,} rows older than {days[table]} days {verb}")
    return 0


def _reader(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from monitoring_assets.stores.engine import create_engine
    from monitoring_assets.stores.reader import create_reader

    password = environ.get(options.password_env)
    if not password:
        raise ConfigurationError(f"{options.password_env} is not set: it holds the password")
    with ready_environment(environ) as ready:
        engine = create_engine(ready[DATABASE_URL])
        left = create_reader(engine, options.role, password)
        engine.dispose()
    print(f"{options.role} may read the views of the schema dash")
    if left:
        print(f"not ours to take from everybody, {len(left)} functions: {', '.join(left)}")
    return 0
