"""The engine that reads the rows of a window and profiles them in this process."""

from collections.abc import Sequence

import pyarrow as pa

from monitoring_assets.application.ports import Source
from monitoring_assets.domain.errors import CorruptFileError
from monitoring_assets.domain.window import Window
from monitoring_assets.profiles.columns import as_text
from monitoring_assets.profiles.layout import Layout
from monitoring_assets.profiles.segments import SegmentedProfile, profile_table, rows_by_segment


class LocalEngine:
    """A `ProfileEngine` over a source, with Arrow and NumPy."""

    def __init__(self, source: Source, *, most_segment_values: int = 12) -> None:
        """Take where the rows are, and how many values of a segment column are profiled."""
        self._source = source
        self._most = most_segment_values

    @property
    def description(self) -> str:
        """Return the engine and the place of the rows."""
        return f"this process over {self._source.description}"

    def profile(
        self, window: Window, layout: Layout, segments: Sequence[str] = ()
    ) -> SegmentedProfile:
        """Return the profile of the rows of a window and those of its segments.

        Raises:
            SourceError: If the rows cannot be read.
            CorruptFileError: If a file is damaged, so that rows would be missing.
        """
        reading = self._source.read(window.start, window.end)
        for problem in reading.problems:
            if problem.problem == "corrupt_file":
                raise CorruptFileError(f"{problem.subject}: {problem.detail}")
        rows = _with_texts(reading.rows, segments)
        stored = [name for name in segments if name in rows.column_names]
        return SegmentedProfile(
            whole=profile_table(rows, layout),
            segments={
                segment: profile_table(part, layout)
                for segment, part in rows_by_segment(rows, stored, self._most)
            },
        )


def _with_texts(rows: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Return rows whose segment columns hold canonical texts."""
    for name in columns:
        place = rows.schema.get_field_index(name)
        if place >= 0:
            chunks = [as_text(chunk) for chunk in rows.column(place).chunks]
            rows = rows.set_column(place, name, pa.chunked_array(chunks, pa.string()))
    return rows
