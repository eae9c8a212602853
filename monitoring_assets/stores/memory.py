"""The stores in memory, for tests and for backtests that must not touch a database.

They keep the same promises as those in Postgres; `stores.conformance` holds both to them.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import pyarrow as pa

from monitoring_assets.application.ports import RunInfo
from monitoring_assets.domain.evaluation import Evaluation
from monitoring_assets.domain.window import Window
from monitoring_assets.stores.artifacts import checked_path


class MemoryMeasurements:
    """The `MeasurementStore` in memory."""

    def __init__(self) -> None:
        self._evaluations: dict[tuple[str, str, str], Evaluation] = {}

    def replace(self, evaluation: Evaluation, run: RunInfo) -> None:
        """Replace everything that this asset wrote for this window."""
        del run
        model, asset, window = evaluation.model, evaluation.asset, evaluation.window
        self._evaluations = {
            key: kept
            for key, kept in self._evaluations.items()
            if key[:2] != (model, asset)
            or (kept.window.start != window.start and kept.window.key != window.key)
        }
        if evaluation.measurements:
            self._evaluations[model, asset, window.key] = evaluation

    def of_window(self, model: str, window_key: str) -> tuple[Evaluation, ...]:
        """Return what is stored for one window, one evaluation per asset, sorted by name."""
        found = [
            e for e in self._evaluations.values() if (e.model, e.window.key) == (model, window_key)
        ]
        return tuple(sorted(found, key=lambda e: e.asset))


class MemorySourceStates:
    """The `SourceStates` in memory."""

    def __init__(self) -> None:
        self._fingerprints: dict[tuple[str, str, str], str] = {}

    def get(self, model: str, source: str, keys: Iterable[str]) -> dict[str, str]:
        """Return the recorded fingerprint by window key; windows never recorded are left out."""
        found = {key: self._fingerprints.get((model, source, key)) for key in keys}
        return {key: fingerprint for key, fingerprint in found.items() if fingerprint is not None}

    def put(
        self, model: str, source: str, window: Window, fingerprint: str, recorded_at: datetime
    ) -> None:
        """Record that this state of the window's rows was monitored."""
        del recorded_at
        self._fingerprints[model, source, window.key] = fingerprint


class MemoryArtifacts:
    """The `ArtifactStore` in memory."""

    def __init__(self) -> None:
        self._tables: dict[str, pa.Table] = {}
        self._texts: dict[str, str] = {}

    def write_table(self, path: str, table: pa.Table) -> str:
        """Keep a table; return its address."""
        address = self.address(path)
        self._tables[path] = table
        return address

    def read_table(self, path: str, columns: Sequence[str] | None = None) -> pa.Table | None:
        """Return a table (only `columns` that exist), None where nothing was written."""
        table = self._tables.get(path)
        if table is None or columns is None:
            return table
        return table.select([c for c in columns if c in set(table.column_names)])

    def write_text(self, path: str, text: str) -> str:
        """Keep a text; return its address."""
        address = self.address(path)
        self._texts[path] = text
        return address

    def read_text(self, path: str) -> str | None:
        """Return a text, None where nothing was written."""
        return self._texts.get(path)

    def delete(self, path: str) -> None:
        """Remove a file if it is there."""
        self._tables.pop(path, None)
        self._texts.pop(path, None)

    def address(self, path: str) -> str:
        """Return the address of a path, which must be relative and plain."""
        return f"memory://{checked_path(path)}"
