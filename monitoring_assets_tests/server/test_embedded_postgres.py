"""One server per folder: made, started, stopped and found again."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import create_engine, make_url, text

from monitoring_assets.domain.errors import DatabaseServerError
from monitoring_assets.server import binaries, embedded_postgres
from monitoring_assets.server.embedded_postgres import EmbeddedPostgres
from monitoring_assets.server.postmaster import living_postmaster

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="this system has no /proc"
)
STARTER = """
import os, sys
from pathlib import Path
from monitoring_assets.server.embedded_postgres import EmbeddedPostgres
print(EmbeddedPostgres(Path(sys.argv[1])).start().port, flush=True)
if "die" in sys.argv: os.kill(os.getpid(), 9)
"""


def connect(server, **changes):
    url = make_url(server.url())
    options = {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
        "dbname": url.database,
    }
    return psycopg.connect(**(options | changes))


def starter(folder, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", STARTER, folder, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def setting(server, name):
    with connect(server) as connection:
        return connection.execute("SELECT current_setting(%s)", [name]).fetchone()[0]


def wait_until(is_true):
    deadline = time.monotonic() + 20
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_url_opens_the_database_with_sqlalchemy(server):
    engine = create_engine(server.url())
    with engine.connect() as connection:
        assert connection.execute(text("SELECT current_database()")).scalar_one() == "mlmon"
    engine.dispose()


def test_the_url_names_the_requested_driver(server):
    assert server.url("postgresql+psycopg2").startswith("postgresql+psycopg2://mlmon:")


@pytest.mark.parametrize("password", ["wrong", None])
def test_a_connection_without_the_right_password_is_refused(server, password):
    with pytest.raises(psycopg.OperationalError, match="password"):
        connect(server, password=password, passfile="/dev/null")


def test_every_login_rule_demands_scram(server):
    with connect(server) as connection:
        rules = connection.execute("SELECT DISTINCT auth_method FROM pg_hba_file_rules")
        assert rules.fetchall() == [("scram-sha-256",)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("data_checksums", "on"),
        ("server_encoding", "UTF8"),
        ("lc_messages", "C.UTF-8"),
        ("max_connections", "100"),
        ("shared_buffers", "128MB"),
        ("TimeZone", "UTC"),
        ("log_min_error_statement", "panic"),
    ],
)
def test_the_server_is_set_up_for_one_machine(server, name, value):
    assert setting(server, name) == value


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux answers on all of 127.0.0.0/8")
def test_the_server_does_not_listen_on_another_address(server):
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", server.port), timeout=2)


@needs_proc
def test_the_server_has_no_unix_socket(server):
    assert f".s.PGSQL.{server.port}" not in Path("/proc/net/unix").read_text()


def test_the_password_file_is_readable_by_its_owner_only(server):
    assert server.password_file.stat().st_mode & 0o777 == 0o600


@needs_proc
def test_the_password_is_neither_in_a_log_nor_in_a_process_list(server):
    password = server.password_file.read_bytes()
    log = server.data.parent / "server.log"
    arguments = [path.read_bytes() for path in readable(Path("/proc").glob("[0-9]*/cmdline"))]
    assert password not in log.read_bytes() + b"".join(arguments)


def readable(paths):
    return (path for path in paths if path.exists())


def test_a_password_in_a_failing_statement_is_not_logged(server):
    with connect(server) as connection, pytest.raises(psycopg.errors.UndefinedObject):
        connection.execute("ALTER ROLE nobody_here PASSWORD 'hidden-word'")
    log = (server.data.parent / "server.log").read_text()
    assert "nobody_here" in log
    assert "hidden-word" not in log


def test_a_second_start_returns_the_running_server(server):
    pid = living_postmaster(server.data).pid
    assert EmbeddedPostgres(server.data.parent).start() == server
    assert living_postmaster(server.data).pid == pid


def test_status_finds_the_running_server(server):
    assert EmbeddedPostgres(server.data.parent).status() == server


def test_nothing_is_created_before_the_start(folder):
    assert EmbeddedPostgres(folder).status() is None
    EmbeddedPostgres(folder).stop()
    assert not folder.exists()


def test_a_stopped_server_keeps_its_port_and_password(folder):
    postgres = EmbeddedPostgres(folder)
    url = postgres.start().url()
    postgres.stop()
    assert postgres.status() is None
    postgres.stop()
    assert postgres.start().url() == url


def test_a_taken_port_is_replaced(folder):
    postgres = EmbeddedPostgres(folder)
    first = postgres.start().port
    postgres.stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", first))
        other.listen()
        second = postgres.start()
    assert second.port != first
    assert setting(second, "port") == str(second.port)


def test_the_log_of_the_run_before_is_kept_and_no_older_one(folder):
    postgres = EmbeddedPostgres(folder)
    for run in ("first", "second", "third"):
        with connect(postgres.start()) as connection, pytest.raises(psycopg.Error):
            connection.execute(SQL("SELECT 1 FROM {}").format(Identifier(run)))
        postgres.stop()
    logs = {path.name: path.read_text() for path in folder.glob("server.log*")}
    assert set(logs) == {"server.log", "server.log.1"}
    assert "third" in logs["server.log"]
    assert "second" in logs["server.log.1"]
    assert "first" not in "".join(logs.values())


@needs_proc
def test_committed_rows_survive_a_kill_that_leaves_a_zombie(folder):
    postgres = EmbeddedPostgres(folder)
    libc = ctypes.CDLL(None)
    set_child_subreaper = 36  # orphans become children of this process, which reaps none
    libc.prctl(set_child_subreaper, 1)
    try:
        server = postgres.start()
        with connect(server) as connection:
            connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000)")
        killed = living_postmaster(server.data).pid
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: ") Z " in Path(f"/proc/{killed}/stat").read_text())
        assert postgres.status() is None
        libc.prctl(set_child_subreaper, 0)
        again = postgres.start()
        assert ") Z " in Path(f"/proc/{killed}/stat").read_text()
        with connect(again) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)
    finally:
        libc.prctl(set_child_subreaper, 0)
        os.waitpid(killed, 0)


def test_a_stranger_with_the_old_process_id_is_no_server(folder):
    postgres = EmbeddedPostgres(folder)
    data = postgres.start().data
    pid_file = data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    postgres.stop()
    stranger = subprocess.Popen(["sleep", "60"], user=data.stat().st_uid)
    try:
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        assert postgres.status() is None
        assert postgres.start().data == data
        postgres.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@needs_proc
def test_a_start_waits_for_the_back_ends_of_a_killed_server(folder):
    postgres = EmbeddedPostgres(folder)
    server = postgres.start()
    resumed = threading.Event()
    with connect(server) as connection:
        back_end = connection.info.backend_pid
        os.kill(back_end, signal.SIGSTOP)
        os.kill(living_postmaster(server.data).pid, signal.SIGKILL)

        def resume():
            resumed.set()
            os.kill(back_end, signal.SIGCONT)

        threading.Timer(0.8, resume).start()
        postgres.start()
        assert resumed.is_set()
        connection.close()


@needs_proc
def test_a_server_that_dies_while_it_is_asked_for_is_started_again(folder, monkeypatch):
    postgres = EmbeddedPostgres(folder)
    dying = living_postmaster(postgres.start().data)
    os.kill(dying.pid, signal.SIGKILL)
    looks = iter([dying])
    look = embedded_postgres.ready_postmaster
    monkeypatch.setattr(
        embedded_postgres, "ready_postmaster", lambda *args: next(looks, None) or look(*args)
    )
    with connect(postgres.start()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_starters_at_the_same_time_share_one_server(folder):
    starters = [starter(folder) for _ in range(4)]
    ports = {process.communicate(timeout=60)[0] for process in starters}
    assert [process.returncode for process in starters] == [0] * 4
    assert ports == {f"{EmbeddedPostgres(folder).status().port}\n"}


def test_the_server_outlives_a_killed_starter(folder):
    port = int(starter(folder, "die").communicate(timeout=60)[0])
    assert EmbeddedPostgres(folder).status().port == port


@pytest.mark.parametrize("kill", [os.kill, os.killpg], ids=["starter", "starter and initdb"])
def test_a_start_killed_in_initdb_leaves_nothing_half_made(folder, kill):
    with starter(folder) as process:
        wait_until(lambda: list(folder.glob("init.*/data/PG_VERSION")))
        kill(process.pid, signal.SIGKILL)
    assert not (folder / "data").exists()
    assert setting(EmbeddedPostgres(folder).start(), "data_checksums") == "on"


def test_a_killed_initdb_is_told_and_leaves_nothing(folder, monkeypatch, tmp_path):
    failing = tmp_path / "bin"
    failing.mkdir()
    for program in ("postgres", "initdb"):
        script = failing / program
        script.write_text('#!/bin/sh\n[ "$1" = --version ] || { echo "no space"; kill -9 $$; }\n')
        script.chmod(0o755)
    chosen = binaries.Binaries(folder=failing, major=18)
    where = "monitoring_assets.server.embedded_postgres"
    monkeypatch.setattr(f"{where}.binaries_for", lambda _: chosen)
    monkeypatch.setattr(f"{where}.runnable_by", lambda *_: chosen)
    monkeypatch.setattr("monitoring_assets.server.privileges.os.geteuid", lambda: 1)
    with pytest.raises(DatabaseServerError, match=r"initdb ended with status -9 .*\nno space"):
        EmbeddedPostgres(folder).start()
    assert sorted(path.name for path in folder.iterdir()) == ["lock"]


def test_data_of_another_major_version_is_refused_and_left_alone(folder):
    data = folder / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("12\n")
    with pytest.raises(DatabaseServerError, match="written by PostgreSQL 12"):
        EmbeddedPostgres(folder).start()
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


def test_data_that_cannot_be_served_is_refused_with_the_words_of_postgres(folder):
    postgres = EmbeddedPostgres(folder)
    data = postgres.start().data
    postgres.stop()
    (data / "global" / "pg_control").unlink()
    with pytest.raises(DatabaseServerError, match="pg_control"):
        postgres.start()


def test_a_folder_that_a_shell_would_misread_is_refused(folder):
    with pytest.raises(DatabaseServerError, match="MLMON_HOME"):
        EmbeddedPostgres(folder.parent / "$(id)").start()


def test_a_folder_that_is_a_file_is_told(folder):
    folder.touch(mode=0o755)
    with pytest.raises(DatabaseServerError, match="MLMON_HOME"):
        EmbeddedPostgres(folder).start()
    folder.unlink()
