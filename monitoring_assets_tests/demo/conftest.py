"""A default demo history, written once: it takes a few seconds."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring_assets.demo.calendar import load_calendar
from monitoring_assets.demo.history import write_history

FIRST_DAY = date(2026, 3, 2)


@dataclass(frozen=True, slots=True)
class History:
    folder: Path

    def day(self, index: int) -> date:
        return FIRST_DAY + timedelta(days=index)

    def predictions_file(self, index: int) -> Path:
        return self.folder / "predictions" / f"date={self.day(index)}" / "part-0.parquet"

    def labels_file(self, index: int) -> Path:
        return self.folder / "labels" / f"arrived={self.day(index)}.parquet"

    def predictions(self, *indices: int) -> pa.Table:
        parts = [pq.ParquetFile(self.predictions_file(i)).read() for i in indices]
        return pa.concat_tables(parts)

    def labelled(self, *indices: int) -> pa.Table:
        labels = all_labels(self.folder)
        return self.predictions(*indices).join(labels, "prediction_id", join_type="inner")

    def reference(self) -> pa.Table:
        return pq.read_table(self.folder / "reference.parquet")


@cache
def all_labels(folder: Path) -> pa.Table:
    parts = [pq.ParquetFile(f).read() for f in sorted((folder / "labels").iterdir())]
    return pa.concat_tables(parts)


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    written = History(tmp_path_factory.mktemp("history"))
    days = load_calendar().history_days
    until = datetime.combine(written.day(days), time(9), UTC)
    write_history(
        written.folder, first_day=FIRST_DAY, days=days, until=until, progress=lambda _: None
    )
    return written
