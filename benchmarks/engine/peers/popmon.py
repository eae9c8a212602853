"""popmon: histograms on the reference's bins and their traffic lights; keeps histograms."""

from typing import Any

import pandas as pd
from histogrammar.dfinterface.make_histograms import make_histograms
from popmon.config import Settings
from popmon.pipeline.metrics import stability_metrics

_BATCH = "batch"  # its axis of time: the window is one batch


def prepare(reference: pd.DataFrame) -> tuple[Any, ...]:
    features = [f"{_BATCH}:{name}" for name in reference.columns]
    rows = reference.assign(**{_BATCH: 0})
    found = make_histograms(rows, features=features, time_axis=_BATCH, ret_specs=True)
    return tuple(found)


def judge(prepared: tuple[Any, ...], window: pd.DataFrame) -> dict[str, tuple[float, bool]]:
    reference, features, bins, axis, types = prepared
    histograms = make_histograms(
        window.assign(**{_BATCH: 0}),
        features=features,
        bin_specs=bins,
        time_axis=axis,
        var_dtype=types,
    )
    settings = Settings(time_axis=axis, reference_type="external")
    found = stability_metrics(histograms, settings, reference=reference)
    return {name: _judged(found, name) for name in window.columns}


def _judged(found: Any, name: str) -> tuple[float, bool]:
    value = found["comparisons"][name]["ref_max_prob_diff"].iloc[-1]
    return float(value), bool(found["alerts"][name]["n_red"].iloc[-1] > 0)
