"""The benchmark of dashboards works at a size that takes no time."""

import pytest

from benchmarks.dashboards.filling import Size, fill, numbers
from benchmarks.dashboards.measuring import panels, scraping, writing
from monitoring_assets.stores.engine import create_engine
from monitoring_assets.stores.schema import upgrade

SIZE = Size(models=5, days=10, features=4)


@pytest.fixture
def filled(database_url):
    engine = create_engine(database_url)
    upgrade(engine)
    fill(engine, SIZE, lambda _: None)
    yield engine
    engine.dispose()


@pytest.mark.slow
def test_everything_is_measured(filled):
    timings = [*panels(filled, 1), *writing(filled, SIZE, 1), *scraping(filled, 1)]
    assert {"writing", "exporter", "mlmon-fleet"} <= {t.where for t in timings}
    assert len(timings) > 50
    assert sum(t.rows > 0 for t in timings) > 0.8 * len(timings)


def test_a_window_of_forty_features_has_as_many_numbers_as_the_figures_say():
    assert 340 <= len(list(numbers(Size(models=1, days=1, features=40)))) <= 370
