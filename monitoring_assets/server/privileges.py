"""The operating-system account that Postgres runs under, and what that account may reach.

Postgres refuses to run as root, so root hands it to an unprivileged account. The border: this
module starts processes under that account and gives it files that this package created; it
never changes the mode or the owner of anything else.
"""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from monitoring_assets.domain.errors import DatabaseServerError

SERVICE_ACCOUNTS = ("postgres", "nobody")

# Nothing else is inherited: PGOPTIONS or PGPORT would change the server, and the caller's
# secrets have no business in the environment of a process that another account owns.
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account of the operating system.

    Attributes:
        name: Its name, for messages.
        uid: Its user id.
        gid: Its main group.
        is_other: Whether processes must be switched to it; only root can do that.
    """

    name: str
    uid: int
    gid: int
    is_other: bool

    def run(
        self, command: Sequence[str | Path], output: IO[bytes] | int = subprocess.PIPE
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end under this account, with standard error in the output.

        Raises:
            DatabaseServerError: If the system does not let the caller switch the account.
        """
        try:
            return subprocess.run(
                [str(part) for part in command],
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_ENVIRONMENT,
                cwd="/",
                user=self.uid if self.is_other else None,
                group=self.gid if self.is_other else None,
                extra_groups=[] if self.is_other else None,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise DatabaseServerError(
                f"Cannot run {command[0]} as {self.name}: {error}. Start this command as an"
                " ordinary user, or use a database of your own."
            ) from error

    def can_reach(self, path: Path) -> bool:
        """Return whether the account may enter a directory or execute a file.

        Of a path that does not exist yet, the part that exists is judged.
        """
        if not self.is_other:
            return True
        existing = next(part for part in (path, *path.parents) if part.exists())
        probe = self.run(["/bin/sh", "-c", 'test -x "$1"', "sh", existing])
        return probe.returncode == 0

    def own(self, path: Path) -> None:
        """Give the account a file or directory that this package has just created."""
        if self.is_other:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def account_for(data: Path) -> Account:
    """Return the account for a data directory: its owner, or the one for a new directory.

    Raises:
        DatabaseServerError: If root has no unprivileged account to hand the server to.
    """
    if os.geteuid() != 0:
        return Account(name="you", uid=os.geteuid(), gid=os.getegid(), is_other=False)
    if data.exists():
        owner = data.stat()
        return Account(
            name=f"user {owner.st_uid}", uid=owner.st_uid, gid=owner.st_gid, is_other=True
        )
    return _service_account()


def _service_account() -> Account:
    for name in SERVICE_ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid, is_other=True)
    raise DatabaseServerError(
        f"Postgres does not run as root, and none of the accounts {', '.join(SERVICE_ACCOUNTS)}"
        " exists. Create one, or start this command as an ordinary user."
    )


def make_reachable_directory(path: Path) -> None:
    """Create a directory and its missing parents so that other accounts may pass through.

    Only what is created here gets a mode (0711); a directory that exists keeps its own.
    """
    missing = [part for part in (path, *path.parents) if not part.exists()]
    for part in reversed(missing):
        try:
            part.mkdir()
        except FileExistsError:
            continue
        part.chmod(0o711)  # the mode of mkdir is cut by the umask, often 077 for root
