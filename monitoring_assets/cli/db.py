"""`mlmon db`: the database as such."""

import argparse
from collections.abc import Mapping

from monitoring_assets.cli.database import embedded, prepared, ready_environment
from monitoring_assets.composition import DATABASE_URL
from monitoring_assets.domain.errors import ConfigurationError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        "start and stop are about the embedded Postgres; with MLMON_DATABASE_URL set there is\n"
        "none. upgrade makes the tables that are missing.\n\n"
        "examples:\n  mlmon db start\n  mlmon db upgrade"
    )
    parser.add_argument("action", choices=["start", "stop", "status", "upgrade"])


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Do one thing with the database; the exit code of `status` is 1 where it is not running."""
    if options.action == "upgrade":
        with ready_environment(environ):
            print("all tables are there")
        return 0
    if environ.get(DATABASE_URL):
        return _own(options.action)
    server = embedded(environ)
    if options.action == "stop":
        server.stop()
        print("the embedded Postgres is stopped")
        return 0
    running = server.status()
    if options.action == "start":
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
