"""As root or not: an ordinary user makes the demo in a folder of their own."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import monitoring_assets
from monitoring_assets_tests.end_to_end.conftest import Home

USER = "nobody"


@pytest.fixture
def user():
    """Yield the account, and a folder that belongs to it and nobody else may enter."""
    if os.geteuid() != 0:
        pytest.skip("all other tests run as an ordinary user already")
    account = pwd.getpwnam(USER)
    folder = Path(tempfile.mkdtemp(prefix="mlmon-e2e-"))
    os.chown(folder, account.pw_uid, account.pw_gid)
    yield account, folder
    shutil.rmtree(folder)


def as_user(account, folder, command, seconds=60):
    paths = [str(Path(monitoring_assets.__file__).parents[1]), *filter(None, sys.path)]
    return subprocess.run(
        command,
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "MLMON_HOME": str(folder / "home"),
            "PYTHONPATH": os.pathsep.join(paths),
        },
        user=account.pw_uid,
        group=account.pw_gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def readable_python(account, folder):
    """Return a Python of this version that the account can run with what is installed here."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/python{version}"):
        try:
            tried = as_user(account, folder, [python, "-c", "import dagster, pyarrow, psycopg"])
        except OSError:
            continue
        if tried.returncode == 0:
            return python
    pytest.skip(f"the account {USER} can read no Python with the installed packages")
    return ""


def test_the_demo_is_made_and_nothing_is_left(user):
    account, folder = user
    python = readable_python(account, folder)
    command = [python, "-m", "monitoring_assets.cli.main", "demo", "--once"]
    done = as_user(account, folder, command, seconds=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✗" not in done.stdout
    assert {file.stat().st_uid for file in folder.rglob("*")} == {account.pw_uid}
    assert Home(folder).processes() == {}
