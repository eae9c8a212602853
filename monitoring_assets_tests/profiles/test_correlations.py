import numpy as np
import pyarrow as pa
import pytest

from monitoring_assets.profiles.building import profile_of
from monitoring_assets.profiles.layout import layout_of
from monitoring_assets.profiles.quality import correlations


def correlation_matrix(values):
    """Return the correlations of the columns, from a profile on the grid of the same values."""
    names = [f"x{k}" for k in range(values.shape[1])]
    rows = pa.table({n: pa.array(x) for n, x in zip(names, values.T, strict=True)})
    layout = layout_of(rows, names, [])
    return correlations(layout, profile_of(rows, layout).comoments)


@pytest.fixture
def values():
    rng = np.random.default_rng(0)
    mixed = rng.normal(size=(400, 5)) @ rng.normal(size=(5, 5))
    return mixed * [1e-8, 1, 1e6, 3, 1] + [0, 1e5, 0, 1e9, -2]


def test_complete_columns_have_numpys_correlations(values):
    np.testing.assert_allclose(
        correlation_matrix(values), np.corrcoef(values, rowvar=False), atol=1e-10
    )


def test_each_pair_uses_the_rows_in_which_both_are_there(values):
    import pandas as pd

    rng = np.random.default_rng(1)
    values[rng.random(values.shape) < 0.3] = np.nan
    expected = pd.DataFrame(values - np.nanmean(values, axis=0)).corr().to_numpy()
    np.testing.assert_allclose(correlation_matrix(values), expected, atol=1e-9)


def test_an_infinite_value_counts_as_missing(values):
    with_nan, with_infinity = values.copy(), values.copy()
    with_nan[3, 1], with_infinity[3, 1] = np.nan, np.inf
    np.testing.assert_array_equal(correlation_matrix(with_infinity), correlation_matrix(with_nan))


def test_rounding_noise_is_no_correlation(values):
    values[:, 2] = np.where(values[:, 0] > 0, 0.3, 0.1 + 0.2)
    assert np.isnan(correlation_matrix(values)[2]).all()


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("constant", [0.0, 0.1, 1.7e9])
def test_a_constant_column_has_no_correlation(values, constant, missing):
    values[:, 2] = constant
    if missing:
        values[::7, 0] = np.nan
    matrix = correlation_matrix(values)
    assert np.isnan(matrix[2]).all()
    assert np.isnan(matrix[:, 2]).all()
    assert not np.isnan(np.delete(np.delete(matrix, 2, 0), 2, 1)).any()


def test_a_column_that_is_constant_where_the_other_is_there_has_no_correlation(values):
    values[:200, 0] = np.nan
    values[200:, 1] = 5.0
    assert np.isnan(correlation_matrix(values)[0, 1])


def test_columns_that_never_meet_have_no_correlation(values):
    values[:200, 0] = np.nan
    values[200:, 1] = np.nan
    assert np.isnan(correlation_matrix(values)[0, 1])


@pytest.mark.parametrize("rows", [0, 1])
def test_no_correlation_rests_on_less_than_two_rows(values, rows):
    assert np.isnan(correlation_matrix(values[:rows])).all()


def test_a_column_without_any_value_has_no_correlation(values):
    values[:, 4] = np.nan
    assert np.isnan(correlation_matrix(values)[4]).all()
