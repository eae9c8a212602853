"""What Postgres answers to a query of a dashboard, and what Grafana cannot draw of it."""

import math
import time
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

_CELLS = (str, int, float, bool, datetime, type(None))
MOST_SERIES = 100
MOST_ROWS = 20_000


@dataclass(frozen=True)
class Answer:
    """The rows of one query."""

    columns: list
    rows: list
    seconds: float

    @property
    def names(self):
        """Return the columns that are text in every row that has a value: they name series."""
        return [
            i
            for i in range(1, len(self.columns))
            if any(isinstance(row[i], str) for row in self.rows)
        ]

    @property
    def series(self):
        """Return how many lines Grafana would draw."""
        names = self.names
        of_rows = {tuple(row[i] for i in names) for row in self.rows}
        return len(of_rows) * (len(self.columns) - 1 - len(names))


def ask(engine, sql):
    """Send a query as Grafana does: in one piece, without parameters."""
    with engine.connect() as connection:
        begun = time.perf_counter()
        found = connection.exec_driver_sql(sql.replace("%", "%%"))
        rows = [tuple(row) for row in found]
        return Answer(list(found.keys()), rows, time.perf_counter() - begun)


def faults(answer, form):
    """Return what Grafana could not draw, or would draw wrongly."""
    found = []
    if len(answer.rows) > MOST_ROWS:
        found.append(f"{len(answer.rows)} rows")
    # `$__timeGroup` makes a numeric of time since Postgres 14, which Grafana does read.
    cells = [v for row in answer.rows for v in row[form == "time_series" :]]
    if strange := {type(v).__name__ for v in cells if not _is_cell(v)}:
        found.append(f"values that become text or nothing: {strange}")
    return found + (_faults_over_time(answer) if form == "time_series" else [])


def _is_cell(value):
    return isinstance(value, _CELLS) and not (
        isinstance(value, float) and not math.isfinite(value)
    )


def _faults_over_time(answer):
    found = []
    times = [row[0] for row in answer.rows]
    keys = [(row[0], *(row[i] for i in answer.names)) for row in answer.rows]
    if answer.columns[0] != "time" or not all(isinstance(t, datetime | Decimal) for t in times):
        found.append("the first column is not a time")
    if any(b < a for a, b in pairwise(times)):
        found.append("time does not ascend")
    if len(keys) != len(set(keys)):
        found.append("two values of one series at one time")
    if answer.series > MOST_SERIES:
        found.append(f"{answer.series} series")
    return found
