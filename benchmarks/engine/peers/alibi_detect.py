"""alibi-detect: TabularDrift, K-S of numbers and chi-square of categories; keeps all rows."""

from typing import Any

import numpy as np
import pandas as pd
from alibi_detect.cd import TabularDrift

Prepared = tuple[TabularDrift, dict[str, list[str]]]


def prepare(reference: pd.DataFrame) -> Prepared:
    texts = [name for name in reference.columns if name.startswith("c")]
    known = {name: sorted(reference[name].unique()) for name in texts}
    places = {list(reference).index(name): None for name in texts}
    # `correction` only matters for a verdict on the whole batch.
    detector = TabularDrift(_rows(reference, known), p_val=0.05, categories_per_feature=places)
    return detector, known


def judge(prepared: Prepared, window: pd.DataFrame) -> dict[str, tuple[float, bool]]:
    detector, known = prepared
    found = detector.predict(_rows(window, known), drift_type="feature")["data"]
    return {
        name: (float(p_value), bool(is_drift))
        for name, p_value, is_drift in zip(
            window.columns, found["p_val"], found["is_drift"], strict=True
        )
    }


def _rows(frame: pd.DataFrame, known: dict[str, list[str]]) -> np.ndarray[Any, Any]:
    """Return a matrix in which categories are numbers, as the detector wants them."""
    columns = [
        pd.Categorical(frame[name], known[name]).codes if name in known else frame[name]
        for name in frame.columns
    ]
    return np.column_stack(columns)
