import numpy as np
import pyarrow as pa
import pytest

from monitoring_assets.domain.evaluation import Histogram
from monitoring_assets.evaluation.histograms import BINS, MOST_CATEGORIES, histograms
from monitoring_assets_tests.evaluation.models import day, model, profile, reference, table


def drawn(rows: pa.Table, known: pa.Table | None = None) -> dict[str, Histogram]:
    config = model()
    against = reference(config, known)
    found = histograms(profile(rows, against).whole, against, day(config))
    return {histogram.column: histogram for histogram in found}


def test_the_prediction_comes_before_the_features():
    assert list(drawn(table())) == ["s", "x", "y", "c"]


@pytest.mark.parametrize("column", ["s", "x", "y", "c"])
def test_shares_of_each_side_sum_to_one(column):
    histogram = drawn(table(500, seed=5))[column]
    assert sum(histogram.reference) == pytest.approx(1)
    assert sum(histogram.current) == pytest.approx(1)
    assert len(histogram.labels) == len(histogram.reference) == len(histogram.current)


def test_numbers_beyond_the_reference_are_in_the_last_bar():
    histogram = drawn(table(10, x=[1e9] * 10))["x"]
    assert histogram.current == (0,) * (BINS - 1) + (1,)


def test_a_constant_reference_has_bars():
    histogram = drawn(table(10, x=[5.0] * 10), table(50, x=[5.0] * 50))["x"]
    assert histogram.reference[0] == histogram.current[0] == 1


def test_many_categories_share_a_bar():
    names = [f"k{i:02}" for i in range(MOST_CATEGORIES + 5)]
    histogram = drawn(table(len(names), c=names))["c"]
    assert len(histogram.labels) == MOST_CATEGORIES + 1
    assert histogram.labels[-1] == "other"


def test_few_categories_need_no_such_bar():
    assert set(drawn(table())["c"].labels) == {"a", "b"}


def test_an_empty_window_has_no_histogram():
    assert drawn(table(0)) == {}


def test_a_column_without_values_has_no_histogram():
    assert "x" not in drawn(table(10, x=np.full(10, np.nan)))
