"""What the parcel service would have left behind: a prediction log, labels and a reference.

Every file is written whole or not at all, and one that is there is never written again, so a
demo that was interrupted or is days old is continued. Nothing here reads a clock.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from string import Template

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, ValidationError

from monitoring_assets.demo.calendar import load_calendar
from monitoring_assets.demo.parcels import (
    MAX_LABEL_DELAY_DAYS,
    DayOfParcels,
    Disturbance,
    World,
)
from monitoring_assets.demo.scoring import (
    DECISION_THRESHOLD,
    MODEL_VERSION,
    LatenessModel,
    train,
)
from monitoring_assets.domain.errors import ConfigurationError

Progress = Callable[[str], None]

SEED = 20_260_101
TRAINING_DAYS = 35
ONE_DAY = timedelta(days=1)


class ModelCard(BaseModel):
    """What a reader of the folder should know about the model and the stream."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = "late_parcel"
    version: str = MODEL_VERSION
    algorithm: str = "HistGradientBoostingClassifier"
    decision_threshold: float = DECISION_THRESHOLD
    seed: int = SEED
    first_day: date
    """The first monitored day."""
    trained_from: date
    trained_to: date
    """The last day of training, included."""


@dataclass(frozen=True, slots=True)
class _Stream:
    """The world seen from its first monitored day."""

    first_day: date

    def index(self, day: date) -> int:
        return (day - self.first_day).days

    def parcels(self, day: date) -> DayOfParcels:
        return _parcels(day, self.index(day))

    def days(self, start: int, stop: int) -> list[date]:
        return [self.first_day + index * ONE_DAY for index in range(start, stop)]

    @property
    def training(self) -> list[date]:
        start = -load_calendar().reference_days
        return self.days(start - TRAINING_DAYS, start)

    @property
    def reference(self) -> list[date]:
        return self.days(-load_calendar().reference_days, 0)


# A day's labels arrive over two weeks; the parcels of that time are not generated again each day.
@lru_cache(maxsize=MAX_LABEL_DELAY_DAYS + 4)
def _parcels(day: date, index: int) -> DayOfParcels:
    return World(SEED).day(day, index, load_calendar().on(index))


def write_history(
    folder: Path, *, first_day: date, days: int, until: datetime, progress: Progress
) -> None:
    """Write what the service logged and learned until now; files that are there stay.

    Args:
        folder: Where `predictions/`, `labels/`, `reference.parquet` and `model_card.json` are.
        first_day: The first monitored day.
        days: How many days of predictions there are at most.
        until: An aware moment; only UTC days that ended by then are written.
        progress: Is told in a few words what is being done.

    Raises:
        ConfigurationError: If the folder holds a history with another first day.
    """
    stream = _Stream(first_day)
    _write_card(folder, stream)
    complete = stream.index(until.astimezone(UTC).date())
    if not (folder / "reference.parquet").exists():
        _write_reference(folder, stream, progress)
    _write_predictions(folder, stream, stream.days(0, min(days, complete)), progress)
    _write_labels(folder, stream, stream.days(1, complete), progress)


def land_day(folder: Path, day: date, *, progress: Progress) -> None:
    """Add one day to a history: its predictions and the labels that became known on it.

    Days that are missing before it are added too.

    Raises:
        ConfigurationError: If the folder holds no history.
    """
    first_day = first_day_of(folder)
    if first_day is None:
        raise ConfigurationError(f"{folder}: holds no history; run `mlmon demo` first.")
    until = datetime.combine(day + ONE_DAY, datetime.min.time(), UTC)
    days = (day - first_day).days + 1
    write_history(folder, first_day=first_day, days=days, until=until, progress=progress)


def first_day_of(folder: Path) -> date | None:
    """Return the first monitored day of a history, None where there is no history.

    Raises:
        ConfigurationError: If the folder's `model_card.json` cannot be read.
    """
    file = folder / "model_card.json"
    if not file.exists():
        return None
    try:
        return ModelCard.model_validate_json(file.read_text(encoding="utf-8")).first_day
    except (OSError, ValidationError) as error:
        raise ConfigurationError(
            f"{file}: is no model card of this version; delete the folder to begin again."
        ) from error


def write_model_file(folder: Path, models_folder: Path, first_day: date) -> Path:
    """Write the demo's model file unless it is there; return where it is.

    Args:
        folder: Where the history is; the model file names it relative to itself.
        models_folder: Where model files are kept.
        first_day: The first monitored day.
    """
    file = models_folder / "late_parcel.yaml"
    if file.exists():
        return file
    shipped = files("monitoring_assets.demo").joinpath("late_parcel.yaml")
    data = Path(os.path.relpath(folder.resolve(), models_folder.resolve())).as_posix()
    quoted = data.replace("\\", "\\\\").replace('"', '\\"')
    template = Template(shipped.read_text(encoding="utf-8"))
    _write_text(file, template.substitute(data=quoted, first_day=first_day.isoformat()))
    return file


def _write_card(folder: Path, stream: _Stream) -> None:
    existing = first_day_of(folder)
    if existing is None:
        training = stream.training
        card = ModelCard(
            first_day=stream.first_day, trained_from=training[0], trained_to=training[-1]
        )
        _write_text(folder / "model_card.json", card.model_dump_json(indent=2) + "\n")
    elif existing != stream.first_day:
        raise ConfigurationError(
            f"{folder}: holds a history that begins on {existing}, not on {stream.first_day}; "
            "keep that day, or choose another folder."
        )


def _write_reference(folder: Path, stream: _Stream, progress: Progress) -> None:
    progress(f"training the model, writing the reference of {len(stream.reference)} days")
    requests, late = _labelled(stream, stream.reference)
    table = _trained(stream).answer(requests).append_column("late", late)
    _write_table(folder / "reference.parquet", table)


def _write_predictions(
    folder: Path, stream: _Stream, days: list[date], progress: Progress
) -> None:
    place = folder / "predictions"
    files_by_day = {day: place / f"date={day}" / "part-0.parquet" for day in days}
    missing = _missing(stream, files_by_day, Disturbance.SCORING_DOWN)
    if missing:
        progress(f"writing predictions: {len(missing)} days")
    for day, file in missing.items():
        _write_table(file, _trained(stream).answer(stream.parcels(day).requests))


def _write_labels(folder: Path, stream: _Stream, days: list[date], progress: Progress) -> None:
    files_by_day = {day: folder / "labels" / f"arrived={day}.parquet" for day in days}
    missing = _missing(stream, files_by_day, Disturbance.LABEL_FEED_OUT)
    if missing:
        progress(f"writing labels: {len(missing)} days")
    for day, file in missing.items():
        _write_table(file, _labels_known_on(stream, day))


def _missing(
    stream: _Stream, files_by_day: dict[date, Path], gap: Disturbance
) -> dict[date, Path]:
    """Return the files to write, without those of days on which `gap` left nothing."""
    calendar = load_calendar()
    return {
        day: file
        for day, file in files_by_day.items()
        if gap not in calendar.on(stream.index(day)) and not file.exists()
    }


def _labels_known_on(stream: _Stream, day: date) -> pa.Table:
    """Return the labels of monitored parcels that became known on a day, in order of time."""
    index = stream.index(day)
    ordered = stream.days(max(0, index - MAX_LABEL_DELAY_DAYS), index)
    outcomes = pa.concat_tables([stream.parcels(d).outcomes for d in ordered])
    known_on = pc.cast(outcomes["known_at"], pa.date32())
    return outcomes.filter(pc.equal(known_on, pa.scalar(day))).sort_by("known_at")


@cache
def _trained(stream: _Stream) -> LatenessModel:
    return train(*_labelled(stream, stream.training))


def _labelled(stream: _Stream, days: list[date]) -> tuple[pa.Table, pa.ChunkedArray]:
    """Return the requests of quiet days with their truth, row by row."""
    parcels = [stream.parcels(day) for day in days]
    outcomes = pa.concat_tables([p.outcomes for p in parcels])
    return pa.concat_tables([p.requests for p in parcels]), outcomes["late"]


def _write_table(file: Path, table: pa.Table) -> None:
    def write(part: Path) -> None:
        pq.write_table(table.combine_chunks(), part, compression="zstd", write_page_checksum=True)

    _write_whole(file, write)


def _write_text(file: Path, text: str) -> None:
    _write_whole(file, lambda part: part.write_text(text, encoding="utf-8"))


def _write_whole(file: Path, write: Callable[[Path], object]) -> None:
    """Write beside the file and rename, so that a reader sees all of it or nothing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    write(part)
    part.replace(file)
