from functools import partial

import pytest

from monitoring_assets_tests.application.scenario import Scenario


@pytest.fixture
def scenario(tmp_path):
    """Return a function that makes the scenario of a test: `scenario(labels="files", …)`."""
    return partial(Scenario, tmp_path)
