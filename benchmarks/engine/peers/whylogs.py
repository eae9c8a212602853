"""whylogs: profiles of KLL sketches and frequent items; K-S and chi-square of the profiles."""

import pandas as pd
import whylogs as why
from whylogs.core import DatasetProfileView
from whylogs.viz.drift.column_drift_algorithms import KS, ChiSquare, calculate_drift_scores


def prepare(reference: pd.DataFrame) -> DatasetProfileView:
    return why.log(reference).view()


def judge(reference: DatasetProfileView, window: pd.DataFrame) -> dict[str, tuple[float, bool]]:
    methods = {name: ChiSquare() if name.startswith("c") else KS() for name in window.columns}
    found = calculate_drift_scores(
        why.log(window).view(), reference, drift_map=methods, with_thresholds=True
    )
    return {
        name: (float(one["pvalue"]), one["drift_category"] == "DRIFT")
        for name, one in found.items()
        if one is not None
    }
