"""deepchecks: FeatureDrift, K-S and Cramér's V, of a sample of 100,000 rows, its default."""

import pandas as pd
from deepchecks.tabular import Dataset
from deepchecks.tabular.checks import FeatureDrift

THRESHOLD = 0.2  # of its condition


def prepare(reference: pd.DataFrame) -> Dataset:
    return _dataset(reference)


def judge(reference: Dataset, window: pd.DataFrame) -> dict[str, tuple[float, bool]]:
    found = FeatureDrift().run(reference, _dataset(window), with_display=False).value
    scores = {name: float(one["Drift score"]) for name, one in found.items()}
    return {name: (score, score > THRESHOLD) for name, score in scores.items()}


def _dataset(frame: pd.DataFrame) -> Dataset:
    return Dataset(frame, cat_features=[name for name in frame.columns if name.startswith("c")])
