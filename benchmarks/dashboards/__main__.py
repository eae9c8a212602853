"""Fill an embedded Postgres, measure dashboards, writing and the exporter on it, and delete it.

    python -m benchmarks.dashboards                  # 21 million rows, 8 GB of disk
    python -m benchmarks.dashboards --days 15        # a twentieth
    python -m benchmarks.dashboards --keep FOLDER    # fill once, measure again and again

The exit code is 1 where a figure is missed.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from benchmarks.dashboards.filling import Size, fill
from benchmarks.dashboards.measuring import Timing, panels, scraping, writing
from monitoring_assets.server.embedded_postgres import EmbeddedPostgres
from monitoring_assets.stores.engine import create_engine
from monitoring_assets.stores.schema import upgrade

FLEET = "mlmon-fleet"
LIMITS = {"writing": 20.0, "exporter": 150.0, FLEET: 50.0}
ANY_PANEL = 100.0


def main() -> int:
    """Measure and print; return the exit code."""
    options = _options()
    size = Size(models=options.models, days=options.days, features=options.features)
    with _database(options.keep) as engine:
        if not _is_filled(engine):
            began = time.perf_counter()
            fill(engine, size, _say)
            _say(f"filled in {time.perf_counter() - began:.0f} s")
        print(_described(engine))
        timings = [
            *panels(engine, options.repeats),
            *writing(engine, size, options.repeats),
            *scraping(engine, options.repeats),
        ]
    missed = [t for t in timings if t.median > _limit(t)]
    for t in timings if options.all else [*_slowest(timings), *missed]:
        print(f"{t.where:<20} {t.what:<48} {t.median:>8.1f} {t.worst:>8.1f} ms {t.rows:>7,} rows")
    print(f"{len(timings)} timings, {len(missed)} above their limit")
    return 1 if missed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--days", type=int, default=300)
    parser.add_argument("--features", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="of the database")
    parser.add_argument("--all", action="store_true", help="print every timing")
    return parser.parse_args()


@contextmanager
def _database(kept: Path | None) -> Iterator[sa.Engine]:
    folder = kept or Path(tempfile.mkdtemp(prefix="mlmon-dashboards-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)  # as root, the server runs under another account
    postgres = EmbeddedPostgres(folder / "postgres")
    try:
        engine = create_engine(postgres.start().url())
        upgrade(engine)
        yield engine
        engine.dispose()
    finally:
        postgres.stop()
        if kept is None:
            shutil.rmtree(folder)


def _is_filled(engine: sa.Engine) -> bool:
    with engine.connect() as connection:
        query = "SELECT EXISTS (SELECT FROM monitoring.incident)"
        return bool(connection.execute(sa.text(query)).scalar_one())


def _described(engine: sa.Engine) -> str:
    with engine.connect() as connection:
        rows, size = connection.execute(
            sa.text(
                "SELECT estimated_rows, pg_database_size(current_database()) FROM dash.table_size "
                "WHERE table_name = 'measurement'"
            )
        ).one()
    return f"{rows:,} measurements, {size / 1e9:.1f} GB"


def _limit(timing: Timing) -> float:
    return LIMITS.get(timing.where, ANY_PANEL)


def _slowest(timings: list[Timing]) -> Iterator[Timing]:
    """Yield the slowest timing of each place."""
    for where in dict.fromkeys(t.where for t in timings):
        yield max((t for t in timings if t.where == where), key=lambda t: t.median)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
