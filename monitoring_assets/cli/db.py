"""`mlmon db`: the database as such."""

import argparse
from collections.abc import Mapping

from monitoring_assets.cli.database import embedded, prepared
from monitoring_assets.composition import DATABASE_URL


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        "start and stop are about the embedded Postgres; with MLMON_DATABASE_URL set, only\n"
        "upgrade and status do something.\n\nexamples:\n  mlmon db start\n  mlmon db upgrade"
    )
    parser.add_argument("action", choices=["start", "stop", "status", "upgrade"])


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Do one thing with the database."""
    server, url = embedded(environ), environ.get(DATABASE_URL)
    if options.action == "stop":
        server.stop()
        print("the embedded Postgres is stopped")
        return 0
    if options.action == "status":
        return _status(environ)
    if options.action == "start":
        running = server.start()
        print(f"the embedded Postgres listens on {running.host}:{running.port}")
        url = running.url()
    prepared(environ, url or server.start().url())
    print("all tables are there")
    return 0


def _status(environ: Mapping[str, str]) -> int:
    if environ.get(DATABASE_URL):
        print(f"{DATABASE_URL} is set: your own Postgres is used")
        return 0
    running = embedded(environ).status()
    if running is None:
        print("the embedded Postgres is not running")
        return 1
    print(f"the embedded Postgres listens on {running.host}:{running.port}")
    return 0
