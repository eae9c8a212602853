"""How the data directory comes to be: complete with its settings and password, or not at all."""

import os
import secrets
import shutil
import tempfile
from pathlib import Path

from monitoring_assets.domain.errors import DatabaseServerError
from monitoring_assets.server.binaries import Binaries
from monitoring_assets.server.privileges import Account

SETTINGS = """
# Written by the monitoring when it made this data directory.
max_connections = 100
shared_buffers = 128MB
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
log_checkpoints = off               # one every five minutes; the log is cut only at a start
log_min_error_statement = panic     # a failed statement may hold a password or personal data
"""


def make_data_directory(
    data: Path, password_file: Path, *, user: str, account: Account, binaries: Binaries
) -> None:
    """Make a data directory aside and move it into place when it is complete.

    Args:
        data: Where the directory will be; its parent exists.
        password_file: Where the new, random password will be, readable by the caller only.
        user: The role that owns everything.
        account: Who will own the directory and run the server.
        binaries: The programs to make it with.

    Raises:
        DatabaseServerError: If `initdb` fails; nothing is left behind.
    """
    for left_over in data.parent.glob("init.*"):
        shutil.rmtree(left_over, ignore_errors=True)  # a killed starter's initdb may still write
    staging = Path(tempfile.mkdtemp(prefix="init.", dir=data.parent))
    account.own(staging)
    secret = secrets.token_urlsafe(32)
    try:
        account.own(write_private(staging / "password", secret))
        _initdb(staging / "data", staging / "password", user=user, account=account, using=binaries)
        _configure(staging / "data", account)
        password_file.unlink(missing_ok=True)
        write_private(password_file, secret)
        (staging / "data").rename(data)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _initdb(data: Path, password: Path, *, user: str, account: Account, using: Binaries) -> None:
    outcome = account.run(
        [
            using.folder / "initdb",
            f"--pgdata={data}",
            f"--username={user}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--data-checksums",
            "--no-instructions",
        ]
    )
    if outcome.returncode != 0:
        said = outcome.stdout.decode(errors="replace")[-2000:]
        raise DatabaseServerError(
            f"The data directory {data} cannot be made; initdb ended with status"
            f" {outcome.returncode} and said:\n{said}"
        )


def _configure(data: Path, account: Account) -> None:
    """Append the settings; `initdb` has an option for them only since version 16.

    The account itself writes them: root opens no file for writing where another account could
    have put a link.
    """
    append = 'printf "%s" "$1" >> "$2"'
    outcome = account.run(["/bin/sh", "-c", append, "sh", SETTINGS, data / "postgresql.conf"])
    if outcome.returncode != 0:
        raise DatabaseServerError(f"{data / 'postgresql.conf'} cannot be written; is a disk full?")


def write_private(path: Path, text: str) -> Path:
    """Write a new file that only its owner can read, never through a link; return its path.

    Raises:
        FileExistsError: If there is something at that path.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    return path
