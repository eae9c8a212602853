"""A Postgres of the distribution serves where the wheel is missing."""

import pytest

from monitoring_assets.server import binaries
from monitoring_assets.server.embedded_postgres import EmbeddedPostgres


@pytest.mark.skipif(not binaries.DISTRIBUTION.exists(), reason="no Postgres of a distribution")
def test_the_server_runs_on_the_distributions_programs(folder, monkeypatch):
    monkeypatch.setattr(binaries, "WHEEL", "no_such_wheel")
    server = EmbeddedPostgres(folder).start()
    monkeypatch.undo()
    EmbeddedPostgres(folder).stop()
    assert EmbeddedPostgres(folder).start().url() == server.url()
