"""`mlmon env`: the settings for tools that are not started by `mlmon`."""

import argparse
import shlex
import sys
from collections.abc import Mapping

from monitoring_assets.cli.database import embedded, settings_for
from monitoring_assets.composition import DATABASE_URL
from monitoring_assets.domain.errors import DatabaseServerError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = 'example:\n  eval "$(mlmon env)" && dagster dev'


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:  # noqa: ARG001
    """Print one `export` per setting; the database's URL holds its password."""
    url = environ.get(DATABASE_URL)
    if not url:
        running = embedded(environ).status()
        if running is None:
            raise DatabaseServerError("the embedded Postgres is not running: mlmon db start")
        url = running.url()
    for name, value in settings_for(environ, url).items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
    return 0
