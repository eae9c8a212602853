"""Tables and reports as files in a local folder or an `s3://` bucket, whole or not at all.

Which files exist belongs to those who write them. A file is complete when it appears: locally it
is written beside its place and renamed, in a bucket an object appears when its upload ends.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pyarrow as pa
from pyarrow import fs

from monitoring_assets.domain.errors import CorruptFileError, StoreUnavailableError


class FileArtifacts:
    """The `ArtifactStore` in a folder (`/data/artifacts`) or a bucket (`s3://bucket/prefix`)."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._is_local = "://" not in root

    def write_table(self, path: str, table: pa.Table) -> str:
        """Write a Parquet file with page checksums; return its full address.

        Raises:
            StoreUnavailableError: If the folder or bucket cannot be written.
        """
        from pyarrow import parquet

        sink = pa.BufferOutputStream()
        parquet.write_table(table, sink, compression="zstd", write_page_checksum=True)
        return self._write(path, sink.getvalue())

    def read_table(self, path: str, columns: Sequence[str] | None = None) -> pa.Table | None:
        """Return a table (only `columns` that exist), None where nothing was written.

        Raises:
            StoreUnavailableError: If the folder or bucket cannot be read.
            CorruptFileError: If the bytes are not the ones that were written.
        """
        content = self._read(path)
        return None if content is None else _parse(content, columns, self.address(path))

    def write_text(self, path: str, text: str) -> str:
        """Write a text file as UTF-8; return its full address.

        Raises:
            StoreUnavailableError: If the folder or bucket cannot be written.
        """
        return self._write(path, pa.py_buffer(text.encode()))

    def read_text(self, path: str) -> str | None:
        """Return a text file, None where nothing was written.

        Raises:
            StoreUnavailableError: If the folder or bucket cannot be read.
        """
        content = self._read(path)
        return None if content is None else content.to_pybytes().decode()

    def delete(self, path: str) -> None:
        """Remove a file if it is there.

        Raises:
            StoreUnavailableError: If the folder or bucket cannot be written.
        """
        with self._available(path) as (files, location):
            if files.get_file_info(location).type is not fs.FileType.NotFound:
                files.delete_file(location)

    def address(self, path: str) -> str:
        """Return the full address of a path, without the credentials a bucket URI may hold."""
        relative = checked_path(path)
        if self._is_local:
            return str(Path(self._root).expanduser().resolve() / relative)
        parts = urlsplit(self._root)
        host = parts.netloc.rpartition("@")[2]
        return f"{parts.scheme}://{host}{parts.path.rstrip('/')}/{relative}"

    @cached_property
    def _filesystem(self) -> tuple[Any, str]:
        # Opened at first use: asking for a bucket's region is already a request.
        if self._is_local:
            return fs.LocalFileSystem(), str(Path(self._root).expanduser().resolve())
        filesystem, root = fs.FileSystem.from_uri(self._root)
        return filesystem, root.rstrip("/")

    @contextmanager
    def _available(self, path: str) -> Iterator[tuple[Any, str]]:
        relative = checked_path(path)
        try:
            filesystem, root = self._filesystem
            yield filesystem, f"{root}/{relative}"
        except (OSError, pa.ArrowException) as error:
            raise StoreUnavailableError(
                f"{self.address(path)}: {type(error).__name__}: the folder or bucket cannot be "
                "used; check that it exists, has space and may be written"
            ) from error

    def _write(self, path: str, content: pa.Buffer) -> str:
        with self._available(path) as (files, location):
            if self._is_local:
                _write_locally(files, location, content)
            else:
                with files.open_output_stream(location) as stream:
                    stream.write(content)
        return self.address(path)

    def _read(self, path: str) -> pa.Buffer | None:
        with self._available(path) as (files, location):
            if files.get_file_info(location).type is fs.FileType.NotFound:
                return None
            with files.open_input_stream(location) as stream:
                return stream.read_buffer()


def checked_path(path: str) -> str:
    """Return a path of plain names, one that cannot leave the folder it starts in.

    Raises:
        ValueError: If it is absolute, or has empty, `.` or `..` parts or unprintable characters.
    """
    parts = path.split("/")
    if any(part in {"", ".", ".."} for part in parts) or "\\" in path or not path.isprintable():
        raise ValueError(
            f"{path!r}: give a relative path of plain names, such as model/report.html"
        )
    return path


def _write_locally(files: Any, location: str, content: pa.Buffer) -> None:
    files.create_dir(location.rpartition("/")[0], recursive=True)
    scratch = f"{location}.{uuid4().hex}.tmp"
    try:
        with files.open_output_stream(scratch) as stream:
            stream.write(content)
        files.move(scratch, location)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise


def _parse(content: pa.Buffer, columns: Sequence[str] | None, address: str) -> pa.Table:
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
        present = set(file.schema_arrow.names)
        return file.read([c for c in columns if c in present] if columns is not None else None)
    except (OSError, pa.ArrowException) as error:
        raise CorruptFileError(
            f"{address}: the file is damaged ({type(error).__name__}); delete it and run the "
            "asset that writes it again"
        ) from error
