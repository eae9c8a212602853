import doctest
import importlib
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    [
        "stats.binning",
        "stats.distances",
        "stats.intervals",
        "stats.two_sample",
        "metrics.drift_methods",
        "metrics.performance",
        "profiles.sampling",
    ],
)
def test_the_examples_of_a_module_are_true(module):
    result = doctest.testmod(importlib.import_module(f"monitoring_assets.{module}"))
    assert result.attempted > 0
    assert result.failed == 0


def test_distances_and_performance_need_no_heavy_library():
    code = (
        "import sys, numpy as np;"
        "from monitoring_assets.metrics.drift_methods import drift;"
        "from monitoring_assets.metrics.performance import Outcomes, performance;"
        "from monitoring_assets.stats.samples import NumericSample;"
        "sample = NumericSample.of(np.arange(2000.0));"
        "[drift(sample, sample, m) for m in ('evidently', 'jensenshannon', 'psi', 'hellinger')];"
        "performance('regression', Outcomes(truth=sample.values, prediction=sample.values));"
        "print(sorted({'scipy', 'pandas', 'sklearn', 'dagster'} & set(sys.modules)))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() == "[]"
