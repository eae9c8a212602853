"""NannyML: Wasserstein of numbers, Jensen-Shannon of categories, the window as one chunk."""

import pandas as pd
from nannyml import UnivariateDriftCalculator
from nannyml.thresholds import ConstantThreshold

_LIMITS = {"wasserstein": ConstantThreshold(0, 0.1), "jensen_shannon": ConstantThreshold(0, 0.1)}


def prepare(reference: pd.DataFrame) -> UnivariateDriftCalculator:
    calculator = UnivariateDriftCalculator(
        column_names=list(reference),
        treat_as_categorical=[name for name in reference.columns if name.startswith("c")],
        continuous_methods=["wasserstein"],
        categorical_methods=["jensen_shannon"],
        chunk_number=1,
        thresholds=_LIMITS,
    )
    return calculator.fit(reference)


def judge(
    calculator: UnivariateDriftCalculator, window: pd.DataFrame
) -> dict[str, tuple[float, bool]]:
    found = calculator.calculate(window).filter(period="analysis").to_df().iloc[0]
    judged = {}
    for name in window.columns:
        method = "jensen_shannon" if name.startswith("c") else "wasserstein"
        judged[name] = (float(found[name, method, "value"]), bool(found[name, method, "alert"]))
    return judged
