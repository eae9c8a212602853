"""Evidently: the preset of data drift, without HTML; Wasserstein and Jensen-Shannon."""

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

THRESHOLD = 0.1


def prepare(reference: pd.DataFrame) -> Dataset:
    return _dataset(reference)


def judge(reference: Dataset, window: pd.DataFrame) -> dict[str, tuple[float, bool]]:
    metrics = Report([DataDriftPreset()]).run(_dataset(window), reference).dict()["metrics"]
    values = {
        metric["config"]["column"]: float(metric["value"])
        for metric in metrics
        if "ValueDrift" in metric["metric_name"]
    }
    return {name: (value, value >= THRESHOLD) for name, value in values.items()}


def _dataset(frame: pd.DataFrame) -> Dataset:
    definition = DataDefinition(
        numerical_columns=[name for name in frame.columns if name.startswith("x")],
        categorical_columns=[name for name in frame.columns if name.startswith("c")],
    )
    return Dataset.from_pandas(frame, data_definition=definition)
