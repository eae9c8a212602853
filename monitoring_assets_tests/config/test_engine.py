import pytest
import yaml
from pydantic import ValidationError

from monitoring_assets.config.engine import EngineSettings
from monitoring_assets.config.model import ModelConfig
from monitoring_assets_tests.config.files import GOOD


def test_windows_are_profiled_in_this_process_by_default():
    assert EngineSettings().name == "local"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "local", "url_env": "WAREHOUSE_URL"}, "remove `url_env` and `table`"),
        ({"name": "duckdb", "url_env": "postgres://me@host/db"}, "does not belong into this file"),
        ({"name": "sqlite"}, "'local', 'arrow', 'duckdb', 'spark' or 'ibis'"),
        ({"name": "spark", "cores": 4}, "Extra inputs are not permitted"),
    ],
)
def test_an_engine_that_cannot_be_is_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        EngineSettings.model_validate(settings)


@pytest.mark.parametrize("engine", [{"name": "ibis"}, {"name": "ibis", "table": "log"}])
def test_files_are_no_database(engine):
    attributes = yaml.safe_load(GOOD)["attributes"] | {"engine": engine}
    with pytest.raises(ValidationError, match="use duckdb or spark"):
        ModelConfig.model_validate(attributes)
