"""Folders for servers of their own, which are stopped and removed after each test."""

import shutil
import tempfile
from pathlib import Path

import pytest

from monitoring_assets.server.embedded_postgres import EmbeddedPostgres


def new_folder():
    folder = Path(tempfile.mkdtemp(prefix="mlmon-test-"))
    folder.chmod(0o711)  # as root, the server runs under another account
    return folder


@pytest.fixture
def folder():
    """Yield a folder that does not exist yet, below one that everybody may pass through."""
    parent = new_folder()
    yield parent / "postgres"
    EmbeddedPostgres(parent / "postgres").stop()
    shutil.rmtree(parent)


@pytest.fixture(scope="module")
def server():
    """Yield a running server for the tests of one module that leave it as it is."""
    parent = new_folder()
    postgres = EmbeddedPostgres(parent / "postgres")
    try:
        yield postgres.start()
    finally:
        postgres.stop()
        shutil.rmtree(parent)
