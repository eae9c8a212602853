"""Which files a path stands for: one file, a folder or a glob, local or in a bucket.

What is inside the files belongs to `sources.decoding`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote

from pyarrow import fs

from monitoring_assets.domain.errors import SourceError
from monitoring_assets.sources.decoding import Format

_MAGIC = re.compile(r"[*?\[]")
_CREDENTIALS = re.compile(r"://[^/@:]*:[^/@]*@")
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_REMOTE_FAILURE = re.compile(r"AWS Error|google::cloud|Azure|curlCode", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One version of one file.

    Attributes:
        path: Its path within the file system.
        name: Its path below the folder that was named, for people and for partition folders.
        size: In bytes.
        mtime_ns: When it was last written, nanoseconds since 1970.
    """

    path: str
    name: str
    size: int
    mtime_ns: int

    @property
    def partition(self) -> dict[str, str | None]:
        """Return the columns that its folders stand for: `date=2026-01-02/region=eu/…`."""
        pairs = [part.split("=", 1) for part in self.name.split("/")[:-1] if "=" in part]
        return {key: None if value == _NO_VALUE else unquote(value) for key, value in pairs}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The files of a place at one moment, sorted by name.

    Attributes:
        is_one_file: Whether the path names a file and not a folder or a glob.
    """

    files: tuple[StoredFile, ...]
    is_one_file: bool = False


class Place:
    """A file, a folder or a glob in one file system."""

    def __init__(self, path: str, environ: Mapping[str, str]) -> None:
        """Take an absolute path or a URL; nothing is connected to before `files`."""
        self.description = _CREDENTIALS.sub("://", path)
        self._path = path
        self._environ = environ
        self._opened: tuple[fs.FileSystem, str] | None = None

    def listing(self) -> Listing:
        """Return the files that are there now.

        Raises:
            SourceError: If the file, the folder or the fixed part of the glob is not there or
                cannot be listed.
        """
        try:
            return self._listing()
        except OSError as error:
            raise self.unreachable(error) from error

    @property
    def filesystem(self) -> fs.FileSystem:
        """Return the file system that holds the files."""
        return self._open()[0]

    def unreachable(self, error: Exception) -> SourceError:
        """Return the error that says what to do when the place cannot be read."""
        reason = _CREDENTIALS.sub("://", str(error).removeprefix("None "))
        return SourceError(
            f"{self.description} cannot be read: {reason}. Check that it can be reached and that "
            "this account or the credentials in the environment may read it."
        )

    def _open(self) -> tuple[fs.FileSystem, str]:
        if self._opened is None:
            self._opened = _filesystem(self._path, self._environ)
        return self._opened

    def _listing(self) -> Listing:
        filesystem, path = self._open()
        root, pattern = _split(path)
        found = filesystem.get_file_info(root)
        if found.type == fs.FileType.NotFound:
            raise SourceError(
                f"{self.description}: there is no {root}. Correct `path` in the model's YAML, or "
                "create the folder if nothing has been written yet."
            )
        if found.type == fs.FileType.File:
            return self._one_file(found)
        selected = filesystem.get_file_info(fs.FileSelector(root, recursive=True))
        names = ((info, info.path[len(root) :].lstrip("/")) for info in selected)
        files = [
            _stored(info, name)
            for info, name in names
            if info.type == fs.FileType.File and _is_data(name) and pattern.fullmatch(name)
        ]
        return Listing(files=tuple(sorted(files, key=lambda file: file.name)))

    def _one_file(self, info: fs.FileInfo) -> Listing:
        if Format.of(info.base_name) is None:
            raise SourceError(
                f"{self.description}: the format is not known by its ending; use "
                ".parquet, .csv, .csv.gz, .jsonl, .ndjson, .feather or .arrow."
            )
        return Listing(files=(_stored(info, info.base_name),), is_one_file=True)


def is_unreachable(error: Exception) -> bool:
    """Return whether an error comes from the way to a file and not from its content.

    pyarrow raises OSError for both; only those of the operating system carry a number, and those
    of a bucket name the service.
    """
    if not isinstance(error, OSError):
        return False
    return error.errno is not None or _REMOTE_FAILURE.search(str(error)) is not None


def _stored(info: fs.FileInfo, name: str) -> StoredFile:
    return StoredFile(path=info.path, name=name, size=info.size, mtime_ns=info.mtime_ns or 0)


def _is_data(name: str) -> bool:
    is_hidden = any(part.startswith(("_", ".")) for part in name.split("/"))
    return not is_hidden and Format.of(name) is not None


def _split(path: str) -> tuple[str, re.Pattern[str]]:
    """Return the fixed folder of a path and what the names below it must match."""
    parts = PurePosixPath(path).parts
    fixed = next((i for i, part in enumerate(parts) if _MAGIC.search(part)), len(parts))
    root = str(PurePosixPath(*parts[:fixed]))
    if fixed == len(parts):
        return root, re.compile(r".*", re.DOTALL)
    return root, re.compile("".join(_glob(part) for part in parts[fixed:]).removesuffix("/"))


def _glob(part: str) -> str:
    """Return the regular expression of one part of a glob and the slash behind it."""
    if part == "**":
        return r"(?:.*/)?"
    tokens = re.findall(r"\*|\?|\[!?[^\]]+\]|.", part, re.DOTALL)
    return "".join(map(_glob_token, tokens)) + "/"


def _glob_token(token: str) -> str:
    match token[0]:
        case "*":
            return "[^/]*"
        case "?":
            return "[^/]"
        case "[" if len(token) > 1:
            return token.replace("[!", "[^", 1)
        case _:
            return re.escape(token)


def _filesystem(path: str, environ: Mapping[str, str]) -> tuple[fs.FileSystem, str]:
    if "://" not in path:
        return fs.LocalFileSystem(), path
    scheme, _, location = path.partition("://")
    if scheme == "s3":
        return _s3(location.partition("/")[0], environ), location
    fixed = (
        path[: path.rindex("/", 0, magic.start()) + 1] if (magic := _MAGIC.search(path)) else path
    )
    filesystem, root = fs.FileSystem.from_uri(fixed)
    return filesystem, f"{root.rstrip('/')}/{path[len(fixed) :]}".rstrip("/")


def _s3(bucket: str, environ: Mapping[str, str]) -> fs.FileSystem:
    """Return S3 with the credentials of the environment, else those of the machine's role."""
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem, resolve_s3_region

    endpoint = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL")
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    return S3FileSystem(
        access_key=environ.get("AWS_ACCESS_KEY_ID"),
        secret_key=environ.get("AWS_SECRET_ACCESS_KEY"),
        session_token=environ.get("AWS_SESSION_TOKEN"),
        region=region or ("us-east-1" if endpoint else resolve_s3_region(bucket)),
        endpoint_override=endpoint,
        connect_timeout=10,
        request_timeout=60,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=3),
    )
