"""frouros: K-S of numbers and chi-square of categories; keeps all rows."""

import pandas as pd
from frouros.detectors.data_drift import ChiSquareTest, KSTest

LEVEL = 0.05
Detectors = dict[str, KSTest | ChiSquareTest]


def prepare(reference: pd.DataFrame) -> Detectors:
    detectors: Detectors = {}
    for name in reference.columns:
        detectors[name] = ChiSquareTest() if name.startswith("c") else KSTest()
        detectors[name].fit(X=reference[name].to_numpy())
    return detectors


def judge(detectors: Detectors, window: pd.DataFrame) -> dict[str, tuple[float, bool]]:
    found = {}
    for name, detector in detectors.items():
        p_value = float(detector.compare(X=window[name].to_numpy())[0].p_value)
        found[name] = (p_value, p_value < LEVEL)
    return found
