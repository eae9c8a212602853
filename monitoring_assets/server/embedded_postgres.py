"""A Postgres server of our own: made on first use, started and stopped on demand.

Duty: one server per folder, whoever asks and however often. Everything it needs lies in that
folder: the data directory, the password, the port, the lock and the log. Border: it listens on
127.0.0.1 only and is meant for one machine; upgrades between major versions are refused, not
attempted. POSIX systems only.
"""

import fcntl
import hashlib
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from monitoring_assets.domain.errors import DatabaseServerError
from monitoring_assets.server.binaries import Binaries, binaries_for, runnable_by
from monitoring_assets.server.data_directory import make_data_directory, write_private
from monitoring_assets.server.postmaster import (
    Postmaster,
    disown_dead_postmaster,
    living_postmaster,
    ready_postmaster,
    shut_down_postmaster,
)
from monitoring_assets.server.privileges import Account, account_for, make_reachable_directory

SYSTEM_STATE = Path("/var/lib/mlmon")
HOST = "127.0.0.1"
USER = "mlmon"
DATABASE = "mlmon"

_STOP_SECONDS = 60
_START_SECONDS = 300  # recovery after a kill during a bulk load: 5 s per million rows measured
_REFUSED_SECONDS = 60  # how long a refusal of the kinds below is tried again
_PAUSE_SECONDS = 0.1
# A killed process is still in the process table while the kernel takes it down.
_DYING_SECONDS = 2.0

# Reasons that pass: somebody took the port since it was chosen, back ends of a killed server
# have not ended yet, or a killed starter has left a server that is just coming up.
_PASSING_REFUSALS = ("already in use", "still in use", '"postmaster.pid" already exists')
_SHELL_CHARACTERS = frozenset('"$`\\\n')


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningServer:
    """A server that accepts connections.

    Attributes:
        host: The address that it listens on.
        port: The TCP port.
        user: The role to connect as, which owns everything in this server.
        database: The database for the monitoring's tables.
        password_file: The file that holds the password; only its owner can read it.
        data: The data directory.
    """

    host: str
    port: int
    user: str
    database: str
    password_file: Path
    data: Path

    def url(self, driver: str = "postgresql+psycopg") -> str:
        """Return the address for SQLAlchemy. It holds the password: never log it."""
        password = quote(self.password_file.read_text().strip(), safe="")
        return f"{driver}://{self.user}:{password}@{self.host}:{self.port}/{self.database}"


class EmbeddedPostgres:
    """The server of one folder.

    As root, the server runs under an unprivileged account. If that account cannot reach the
    folder (a home directory closed to others), the folder's state lies in `/var/lib/mlmon`
    under a name derived from the folder's path; no permission is ever widened.
    """

    def __init__(self, folder: Path) -> None:
        """Name the server of a folder; nothing is created before `start`."""
        self._folder = _reachable(folder.expanduser().resolve())
        self._data = self._folder / "data"
        self._password_file = self._folder / "password"
        self._port_file = self._folder / "port"
        self._log = self._folder / "server.log"

    def start(self) -> RunningServer:
        """Return the running server of the folder; make and start it if there is none.

        Several processes may call this at once: one starts the server, the others wait for it.

        Raises:
            DatabaseServerError: If it cannot be made or started; the message says why.
        """
        with _as_server_error("start"):
            self._make_folder()
            with self._locked():
                return self._answering()

    def stop(self) -> None:
        """Stop the server: open transactions are rolled back, committed ones are on disk.

        Raises:
            DatabaseServerError: If it does not end within a minute.
        """
        with _as_server_error("stop"):
            if not self._data.exists():
                return
            with self._locked():
                shut_down_postmaster(self._data, _STOP_SECONDS)

    def status(self) -> RunningServer | None:
        """Return the server if it accepts connections now, else None."""
        with _as_server_error("look for"):
            postmaster = living_postmaster(self._data)
        if postmaster is None or postmaster.state != "ready":
            return None
        return self._running(postmaster)

    def _answering(self) -> RunningServer:
        """Return a server that did what it was asked to.

        A server that was killed a moment ago may still look alive: if it is gone when it does not
        answer, another one is started.
        """
        while True:
            postmaster = ready_postmaster(self._data, _START_SECONDS) or self._bring_up()
            server = self._running(postmaster)
            try:
                _create_database(server)
            except DatabaseServerError:
                if self._stays_alive(postmaster):
                    raise
            else:
                return server

    def _stays_alive(self, postmaster: Postmaster) -> bool:
        """Return whether a server that did not answer is there after two seconds all the same."""
        deadline = time.monotonic() + _DYING_SECONDS
        while time.monotonic() < deadline:
            living = living_postmaster(self._data)
            if living is None or living.pid != postmaster.pid:
                return False
            time.sleep(_PAUSE_SECONDS)
        return True

    def _running(self, postmaster: Postmaster) -> RunningServer:
        return RunningServer(
            host=HOST,
            port=postmaster.port,
            user=USER,
            database=DATABASE,
            password_file=self._password_file,
            data=self._data,
        )

    def _make_folder(self) -> None:
        if _SHELL_CHARACTERS & set(str(self._folder)):
            raise DatabaseServerError(
                f'{self._folder} holds one of the characters " $ ` \\, which pg_ctl hands to a'
                " shell. Set MLMON_HOME to another folder."
            )
        if os.geteuid() == 0:
            make_reachable_directory(self._folder)
        else:
            self._folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        descriptor = os.open(self._folder / "lock", flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _bring_up(self) -> Postmaster:
        account = account_for(self._data)
        binaries = runnable_by(account, binaries_for(self._data), self._folder)
        if not self._data.exists():
            make_data_directory(
                self._data, self._password_file, user=USER, account=account, binaries=binaries
            )
        self._keep_last_log()
        deadline = time.monotonic() + _REFUSED_SECONDS
        while True:
            refusal = self._launch(account, binaries)
            if postmaster := ready_postmaster(self._data, _START_SECONDS):
                return postmaster
            is_passing = any(reason in refusal for reason in _PASSING_REFUSALS)
            if not is_passing or time.monotonic() > deadline:
                raise DatabaseServerError(f"Postgres does not start; {self._log} says:\n{refusal}")
            time.sleep(_PAUSE_SECONDS)

    def _keep_last_log(self) -> None:
        """Begin a new log and keep that of the run before, which tells why it ended."""
        if self._log.exists():
            self._log.replace(self._log.with_suffix(".log.1"))
        write_private(self._log, "")

    def _launch(self, account: Account, binaries: Binaries) -> str:
        """Try to start the server; return what it wrote to the log."""
        disown_dead_postmaster(self._data)
        command = [
            str(binaries.folder / "pg_ctl"),
            "start",
            "--silent",
            "--wait",
            f"--timeout={_START_SECONDS}",
            f"--pgdata={self._data}",
            f"--options=-h {HOST} -p {self._free_port()} -k ''",
        ]
        with self._log.open("ab") as log:
            before = log.tell()
            account.run(command, output=log)
        return self._log.read_bytes()[before:].decode(errors="replace").strip()

    def _free_port(self) -> int:
        """Return the port of the last time, or another one if that is taken."""
        remembered = self._port_file.read_text() if self._port_file.exists() else "0"
        port = _bindable(int(remembered) if remembered.isdecimal() else 0) or _bindable(0)
        if str(port) != remembered:
            self._port_file.write_text(str(port))
        return port


@contextmanager
def _as_server_error(action: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DatabaseServerError(
            f"Cannot {action} the Postgres server: {error}. Make that place writable, or set"
            " MLMON_HOME to another folder."
        ) from error


def _reachable(folder: Path) -> Path:
    """Return the folder, or its stand-in if the server's account cannot get to it."""
    if os.geteuid() != 0:
        return folder
    key = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    stand_in = SYSTEM_STATE / f"postgres-{key}"
    # Where there is data it stays, or a later chmod by the user would hide it.
    for place in (stand_in, folder):
        if (place / "data").exists():
            return place
    return folder if account_for(folder / "data").can_reach(folder) else stand_in


def _bindable(port: int) -> int:
    """Return a free port: the given one, any for 0; 0 if the given one is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Postgres itself does
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return 0
        return int(probe.getsockname()[1])


def _create_database(server: RunningServer) -> None:
    """Create the database if it is missing, which also proves that the server answers."""
    import psycopg
    from psycopg.sql import SQL, Identifier

    try:
        with psycopg.connect(
            host=server.host,
            port=server.port,
            user=server.user,
            password=server.password_file.read_text().strip(),
            dbname="postgres",
            connect_timeout=10,
            autocommit=True,
        ) as connection:
            exists = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(exists, [server.database]).fetchone() is None:
                connection.execute(SQL("CREATE DATABASE {}").format(Identifier(server.database)))
    except psycopg.Error as error:
        raise DatabaseServerError(
            f"Postgres runs on port {server.port} and refuses the work: {error}. Its password is"
            f" expected in {server.password_file}."
        ) from error
