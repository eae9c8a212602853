"""Rows in files: which of them a window gets, and what is wrong with them.

Files are opened only if they may hold rows of the window; a file is decoded once for as many
windows as ask for it. Damage, unreadable times and clashing types are told, never raised.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa

from monitoring_assets.application.ports import Reading
from monitoring_assets.domain.errors import SourceError
from monitoring_assets.domain.reading import ReadProblem
from monitoring_assets.domain.window import Window
from monitoring_assets.sources.column_types import Piece, combined, plain, select
from monitoring_assets.sources.decoding import Decoded, Format, decode, open_parquet
from monitoring_assets.sources.file_index import (
    DecodedParts,
    Part,
    Scan,
    parts_from_statistics,
    place_of,
)
from monitoring_assets.sources.listing import Listing, Place, StoredFile, is_unreachable
from monitoring_assets.sources.timed_rows import Bounds, TimedRows
from monitoring_assets.sources.timestamps import (
    microseconds,
    naive_timestamps,
    unreadable_timestamps,
)

# A year of a large log in text takes this much; more would crowd out the evaluation itself.
CACHE_BYTES = 512 * 1024**2
# Opening files in a bucket is waiting, not computing.
_OPENED_AT_ONCE = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNDECODABLE = (pa.ArrowException, OSError, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Content:
    """What one file contributes to a reading."""

    pieces: tuple[Piece, ...] = ()
    problems: tuple[ReadProblem, ...] = ()
    n_naive: int = 0
    n_untimed: int = 0


class FileSource:
    """A file, a folder or a glob of files."""

    def __init__(
        self,
        *,
        path: str,
        columns: Sequence[str],
        timestamp: str | None = None,
        timestamp_zone: ZoneInfo | None = None,
        environ: Mapping[str, str],
    ) -> None:
        """Take what to read; see `sources.registry.Request`. Nothing is opened yet."""
        self._place = Place(path, environ)
        self._timestamp = timestamp
        added = () if timestamp is None or timestamp in columns else (timestamp,)
        self._columns = tuple(dict.fromkeys((*added, *columns)))
        self._zone = timestamp_zone
        self._scans: dict[StoredFile, Scan] = {}
        self._decoded = DecodedParts(CACHE_BYTES)

    @property
    def description(self) -> str:
        """Return the path; it holds no credentials."""
        return self._place.description

    def read(self, start: datetime | None = None, end: datetime | None = None) -> Reading:
        """Return the rows of the bounds, which do not count where rows have no event time.

        Raises:
            SourceError: If the folder or a file in it cannot be reached.
        """
        bounds = Bounds() if self._timestamp is None else Bounds.of(start, end)
        scans = self._scanned()
        concerned = [scan for scan in scans if scan.concerns(bounds)]
        contents = [self._content(scan, bounds) for scan in concerned]
        known = [s for s in concerned if s.stored] or [s for s in scans if s.stored][-1:]
        pieces = [piece for content in contents for piece in content.pieces]
        rows, mixed = combined(pieces or [self._empty(s) for s in known], self._columns)
        return Reading(
            rows=rows,
            problems=(*self._problems(contents), *mixed),
            unexpected_columns=self._unexpected(known),
        )

    def fingerprint(self) -> str:
        """Return a hash of the names, sizes and times of all files."""
        return _hash(self._place.listing().files)

    def fingerprints(self, windows: Sequence[Window]) -> dict[str, str]:
        """Return by window a hash of the names, sizes and times of the files that it touches."""
        if self._timestamp is None:
            whole = self.fingerprint()
            return {window.key: whole for window in windows} if whole else {}
        ordered = sorted(windows)
        limits = [Bounds.of(window.start, window.end) for window in ordered]
        ends = [microseconds(window.end) for window in ordered]
        touched: dict[str, set[StoredFile]] = {}
        for scan in self._scanned():
            for position in _touched(scan, limits, ends):
                touched.setdefault(ordered[position].key, set()).add(scan.file)
        return {key: _hash(files) for key, files in touched.items()}

    def earliest(self) -> datetime | None:
        """Return the earliest event time, None where there is none."""
        firsts = [part.first for scan in self._scanned() for part in scan.parts]
        return _EPOCH + timedelta(microseconds=min(firsts)) if firsts else None

    def latest(self) -> datetime | None:
        """Return the latest event time, None where there is none."""
        lasts = [part.last for scan in self._scanned() for part in scan.parts]
        return _EPOCH + timedelta(microseconds=max(lasts)) if lasts else None

    def sample(self, rows: int) -> pa.Table:
        """Return up to `rows` rows with all columns, from the first and the last file.

        Raises:
            SourceError: If there is no file that can be decoded.
        """
        files = [scan.file for scan in self._scanned() if not scan.failure]
        if not files:
            raise SourceError(f"{self.description}: there is no file that can be read.")
        chosen = [files[0]] if len(files) == 1 else [files[0], files[-1]]
        each = max(rows // len(chosen), 1)
        pieces = [
            Piece(origin=f.name, rows=self._decode(f, None).rows.slice(0, each)) for f in chosen
        ]
        names = dict.fromkeys(name for piece in pieces for name in piece.rows.column_names)
        return combined(pieces, tuple(names))[0]

    # What is there

    def _scanned(self) -> list[Scan]:
        """Return what is known about every file; only new versions of files are opened."""
        listing = self._place.listing()
        new = [file for file in listing.files if file not in self._scans]
        with ThreadPoolExecutor(_OPENED_AT_ONCE) as pool:
            found = dict(
                zip(new, pool.map(lambda file: self._scan(file, listing), new), strict=True)
            )
        self._scans = {file: found.get(file) or self._scans[file] for file in listing.files}
        return list(self._scans.values())

    def _scan(self, file: StoredFile, listing: Listing) -> Scan:
        try:
            return self._scan_content(file)
        except _UNDECODABLE as error:
            reason = self._damage(error)
            place = None if listing.is_one_file else place_of(file, None)
            return Scan(file=file, placed_at=place, failure=reason)

    def _scan_content(self, file: StoredFile) -> Scan:
        if Format.of(file.path) is Format.PARQUET:
            with open_parquet(self._place.filesystem, file.path) as parquet:
                schema = parquet.schema_arrow
                if self._timestamp is None:
                    return Scan(file=file, stored=schema, placed_at=None)
                parts = parts_from_statistics(file, parquet, self._timestamp, self._zone)
            if parts is not None:
                first = min((part.first for part in parts), default=None)
                return Scan(file=file, stored=schema, parts=parts, placed_at=place_of(file, first))
        return self._scan_rows(file)

    def _scan_rows(self, file: StoredFile) -> Scan:
        is_columnar = Format.of(file.path) in {Format.PARQUET, Format.ARROW}
        times_only = self._timestamp is not None and is_columnar
        columns = (self._timestamp,) if times_only and self._timestamp else self._columns
        decoded = self._decode(file, columns)
        timed = self._timed(decoded.rows)
        if not times_only:
            self._decoded.put(file, None, timed)
        parts: tuple[Part, ...] = ()
        if len(timed.moments):
            first, last = int(timed.moments[0]), int(timed.moments[-1])
            parts = (Part(file=file, first=first, last=last),)
        return Scan(
            file=file,
            stored=decoded.stored,
            parts=parts,
            n_untimed=timed.n_untimed,
            placed_at=place_of(file, parts[0].first if parts else None),
            problems=decoded.problems,
        )

    # What is in it

    def _content(self, scan: Scan, bounds: Bounds) -> _Content:
        if scan.failure:
            return _Content(problems=(_corrupt(scan.file, scan.failure),))
        try:
            return self._rows(scan, bounds)
        except _UNDECODABLE as error:
            return _Content(problems=(_corrupt(scan.file, self._damage(error)),))

    def _rows(self, scan: Scan, bounds: Bounds) -> _Content:
        pieces, n_naive, n_untimed = [], 0, 0
        for group in self._groups(scan, bounds):
            timed = self._part(scan.file, group, bounds)
            rows = timed.within(bounds)
            pieces.append(Piece(origin=scan.file.name, rows=rows))
            n_naive += rows.num_rows if timed.has_naive else 0
            if timed.n_untimed and scan.is_placed_in(bounds):
                pieces.append(Piece(origin=scan.file.name, rows=timed.untimed()))
                n_untimed += timed.n_untimed
        return _Content(
            pieces=tuple(pieces),
            problems=scan.problems_in(bounds),
            n_naive=n_naive,
            n_untimed=n_untimed,
        )

    def _groups(self, scan: Scan, bounds: Bounds) -> list[int | None]:
        """Return the row groups of a file that a reading needs; None is the whole file."""
        overlapping = [p.row_group for p in scan.parts if bounds.overlap(p.first, p.last)]
        has_untimed = scan.n_untimed and scan.is_placed_in(bounds)
        return overlapping or ([None] if self._timestamp is None or has_untimed else [])

    def _part(self, file: StoredFile, row_group: int | None, bounds: Bounds) -> TimedRows:
        kept = self._decoded.get(file, row_group)
        if kept is not None:
            return kept
        groups = None if row_group is None else [row_group]
        timed = self._timed(self._decode(file, self._columns, groups).rows)
        if bounds != Bounds() and timed.within(bounds).num_rows < timed.rows.num_rows:
            self._decoded.put(file, row_group, timed)  # another window will ask for the rest
        return timed

    def _timed(self, rows: pa.Table) -> TimedRows:
        if self._timestamp is None:
            return TimedRows.of(rows, "", None)
        return TimedRows.of(rows, self._timestamp, self._zone)

    def _decode(
        self,
        file: StoredFile,
        columns: Sequence[str] | None,
        row_groups: Sequence[int] | None = None,
    ) -> Decoded:
        filesystem = self._place.filesystem
        decoded = decode(filesystem, file.path, file.name, columns, row_groups)
        rows = decoded.rows
        for name, value in file.partition.items():
            is_wanted = columns is None or name in columns
            if is_wanted and name not in decoded.stored.names:
                rows = rows.append_column(
                    name, pa.repeat(pa.scalar(value, pa.string()), len(rows))
                )
        return Decoded(rows=rows, stored=decoded.stored, problems=decoded.problems)

    def _damage(self, error: Exception) -> str:
        """Return what is wrong within a file; raise if it could not even be reached."""
        if is_unreachable(error):
            raise self._place.unreachable(error) from error
        return str(error).strip().partition("\n")[0] or type(error).__name__

    # What is told about it

    def _problems(self, contents: Sequence[_Content]) -> Iterator[ReadProblem]:
        for content in contents:
            yield from content.problems
        if self._timestamp is None:
            return
        n_naive = sum(content.n_naive for content in contents)
        if n_naive:
            yield naive_timestamps(self._timestamp, n_naive)
        n_untimed = sum(content.n_untimed for content in contents)
        if n_untimed:
            yield unreadable_timestamps(self._timestamp, n_untimed)

    def _empty(self, scan: Scan) -> Piece:
        """Return the columns of a file without its rows, for windows that have none."""
        rows = plain(select(scan.stored.empty_table(), self._columns))
        return Piece(origin=scan.file.name, rows=self._timed(rows).rows)

    def _unexpected(self, scans: Iterable[Scan]) -> tuple[str, ...]:
        stored = dict.fromkeys(name for scan in scans for name in scan.stored.names)
        return tuple(name for name in stored if name not in self._columns)


def _touched(scan: Scan, limits: Sequence[Bounds], ends: Sequence[int]) -> Iterator[int]:
    """Yield the positions of the windows, given by time, in which a file matters."""
    if scan.placed_at is None:
        yield from range(len(limits))
        return
    for first, last in scan.spans:
        for position in range(bisect_right(ends, first), len(limits)):
            if not limits[position].overlap(first, last):
                break
            yield position


def _corrupt(file: StoredFile, reason: str) -> ReadProblem:
    return ReadProblem(problem="corrupt_file", subject=file.name, detail=reason)


def _hash(files: Iterable[StoredFile]) -> str:
    known = sorted((file.name, file.size, file.mtime_ns) for file in files)
    return hashlib.sha256(repr(known).encode()).hexdigest()[:32] if known else ""
