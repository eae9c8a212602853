import json
import math

import numpy as np
import pytest

from monitoring_assets.application.numbers import document_of, evaluation_of
from monitoring_assets.domain.measurement import Kind, Measurement
from monitoring_assets.stores.conformance import BARE, FULL, RUN, evaluation


def there_and_back(written):
    document = json.loads(json.dumps(document_of(written, RUN)))
    return evaluation_of(written.model, written.asset, RUN.run_id, document)


@pytest.mark.parametrize("measurements", [(), (FULL,), (BARE,), (FULL, BARE)])
def test_nothing_is_lost_through_json(measurements):
    written = evaluation(*measurements)
    assert there_and_back(written) == (written, RUN)


@pytest.mark.parametrize("value", [0.1 + 0.2, 5e-324, -math.pi, np.float64(1 / 3), 1e300])
def test_a_number_keeps_every_digit(value):
    written = evaluation(Measurement(metric="m", kind=Kind.QUALITY, n=1, value=value))
    (read,) = there_and_back(written)[0].measurements
    assert read.value == value


def test_a_row_ends_where_only_defaults_follow():
    (row,) = document_of(evaluation(BARE), RUN)["rows"]
    assert row == ["rows", "no_data", 0, None]


@pytest.mark.parametrize(
    "document",
    [{}, {"window": ["2026-01-01"]}, document_of(evaluation(FULL), RUN) | {"rows": [["m"]]}],
)
def test_another_document_is_refused(document):
    with pytest.raises(ValueError, match="not the numbers"):
        evaluation_of("churn", "drift_report", "run", document)
