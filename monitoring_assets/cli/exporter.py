"""`mlmon exporter`: the numbers of now for Prometheus."""

import argparse
import threading
from collections.abc import Mapping
from contextlib import suppress

from monitoring_assets.cli.database import readable_engine
from monitoring_assets.cli.serving import end_on_signals

DEFAULT_PORT = 9188


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        "Only views of the schema `dash` are read: MLMON_DATABASE_URL may name the role made by\n"
        "`mlmon db reader`.\n\n"
        "examples:\n  mlmon exporter\n  mlmon exporter --port 9200"
    )
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help=f"default {DEFAULT_PORT}; 0 for any"
    )
    parser.add_argument("--host", default="127.0.0.1", help="default 127.0.0.1: this machine only")


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Serve `/metrics` until Ctrl-C."""
    from monitoring_assets.reports.prometheus import WORST_COLUMNS, OverviewCollector, serve
    from monitoring_assets.stores.overview import PostgresOverview

    end_on_signals()
    with readable_engine(environ) as engine, suppress(KeyboardInterrupt):
        overviews = PostgresOverview(engine)
        collector = OverviewCollector(lambda: overviews.now(columns=WORST_COLUMNS))
        port = serve(collector, options.host, options.port)
        print(f"metrics are at http://{options.host}:{port}/metrics", flush=True)
        threading.Event().wait()
    return 0
