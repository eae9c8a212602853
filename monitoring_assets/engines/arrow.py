"""The engine that streams Parquet files through this process, a batch at a time.

Memory does not grow with the number of rows: windows may be larger than it. Files are read where
they lie, in a folder or a bucket; nothing is copied.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from monitoring_assets.domain.errors import ConfigurationError, CorruptFileError, SourceError
from monitoring_assets.domain.window import Window
from monitoring_assets.profiles.building import BATCH_ROWS
from monitoring_assets.profiles.columns import text_counts
from monitoring_assets.profiles.layout import Layout
from monitoring_assets.profiles.segments import (
    SegmentedProfile,
    largest_values,
    profile_stream,
)


class ArrowEngine:
    """A `ProfileEngine` over Parquet files, in bounded memory."""

    def __init__(
        self,
        path: str,
        timestamp: str,
        *,
        timestamp_zone: ZoneInfo | None = None,
        most_segment_values: int = 12,
    ) -> None:
        """Take where the rows are; nothing is read before the first profile.

        Args:
            path: A file, a folder or a glob, absolute or a URL.
            timestamp: The column of the event time.
            timestamp_zone: The zone of times that carry none, None is UTC.
            most_segment_values: How many values of a segment column have a profile of their own.
        """
        self.description = f"arrow over {path}"
        self._path = path
        self._timestamp = timestamp
        self._zone = timestamp_zone
        self._most = most_segment_values

    def profile(
        self, window: Window, layout: Layout, segments: Sequence[str] = ()
    ) -> SegmentedProfile:
        """Return the profile of the rows of a window and those of its segments.

        Raises:
            SourceError: If there are no files, or they cannot be reached.
            CorruptFileError: If one is damaged, so that rows would be missing.
        """
        try:
            rows = _WindowRows(self._dataset(), self._timestamp, window, self._zone)
            kept = self._largest(rows, segments)
            return profile_stream(rows.batches([*layout.columns, *segments]), layout, kept)
        except pa.ArrowInvalid as error:
            raise CorruptFileError(
                f"{self.description} cannot profile {window.key}: {_first_line(error)}"
            ) from error
        except OSError as error:
            raise SourceError(
                f"{self.description} cannot be read: {_first_line(error)}; check the path and "
                "the credentials"
            ) from error

    def _largest(self, rows: "_WindowRows", segments: Sequence[str]) -> Mapping[str, list[str]]:
        """Return the largest values of each segment column, from a pass over these alone."""
        counts: dict[str, dict[str, int]] = {name: {} for name in segments}
        for batch in rows.batches(segments) if segments else ():
            for name in set(segments) & set(batch.schema.names):
                for value, n in text_counts(batch.column(name)).items():
                    counts[name][value] = counts[name].get(value, 0) + n
        return {name: largest_values(found, self._most) for name, found in counts.items()}

    def _dataset(self) -> Any:
        from pyarrow import dataset

        files = _files(self._path)
        if not files:
            raise SourceError(f"{self._path} holds no Parquet file")
        filesystem, paths = files
        found = dataset.dataset(paths, format="parquet", filesystem=filesystem)
        # The schema of a dataset is that of its first file: columns of later ones would be lost.
        schemas = [fragment.physical_schema for fragment in found.get_fragments()]
        return found.replace_schema(pa.unify_schemas(schemas, promote_options="permissive"))


class _WindowRows:
    """The rows of one window in a dataset, as often as they are asked for."""

    def __init__(
        self, dataset: Any, timestamp: str, window: Window, zone: ZoneInfo | None
    ) -> None:
        self._dataset = dataset
        self._filter = _within(dataset.schema, timestamp, window, zone)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows with those of the columns that exist."""
        there = set(self._dataset.schema.names)
        scanner = self._dataset.scanner(
            columns=[name for name in dict.fromkeys(columns) if name in there],
            filter=self._filter,
            batch_size=BATCH_ROWS,
            # What is read ahead is memory: the defaults hold 16 batches of 4 files.
            batch_readahead=2,
            fragment_readahead=1,
        )
        yield from scanner.to_batches()


def _within(schema: pa.Schema, timestamp: str, window: Window, zone: ZoneInfo | None) -> Any:
    import pyarrow.compute as pc

    kind = schema.field(timestamp).type if timestamp in schema.names else None
    if kind is None or not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        raise ConfigurationError(
            f"engine arrow filters by {timestamp!r}, which is {kind or 'not there'}: it must be "
            "a timestamp or a date; use `engine: {name: local}` for others"
        )
    start, end = (_bound(moment, kind, zone) for moment in (window.start, window.end))
    field = pc.field(timestamp)
    return (field >= start) & (field < end)


def _bound(moment: datetime, kind: pa.DataType, zone: ZoneInfo | None) -> pa.Scalar:
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return pa.scalar(moment, pa.timestamp("us", "UTC")).cast(pa.timestamp("us", kind.tz))
    local = moment.astimezone(zone or ZoneInfo("UTC")).replace(tzinfo=None)
    return pa.scalar(local, pa.timestamp("us"))


def _files(path: str) -> tuple[Any, list[str]] | None:
    """Return the file system and the Parquet files of a path, None if there are none."""
    from fnmatch import fnmatch

    from pyarrow import fs

    folder = path.partition("*")[0].rpartition("/")[0] if "*" in path else path
    filesystem, root = fs.FileSystem.from_uri(folder)
    if filesystem.get_file_info(root).type is fs.FileType.File:
        return filesystem, [root]
    pattern = path.partition("://")[2] or path
    found = [
        info.path
        for info in filesystem.get_file_info(fs.FileSelector(root, recursive=True))
        if info.path.endswith(".parquet") and ("*" not in path or fnmatch(info.path, pattern))
    ]
    return (filesystem, sorted(found)) if found else None


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
