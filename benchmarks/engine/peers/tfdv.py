"""TensorFlow Data Validation: statistics in C++; Jensen-Shannon and L-infinity of histograms."""

import pandas as pd
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0.schema_pb2 import Schema
from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList

THRESHOLD = 0.1
Prepared = tuple[DatasetFeatureStatisticsList, Schema]


def prepare(reference: pd.DataFrame) -> Prepared:
    statistics = tfdv.generate_statistics_from_dataframe(reference)
    schema = tfdv.infer_schema(statistics)
    for name in reference.columns:
        comparator = tfdv.get_feature(schema, name).drift_comparator
        if name.startswith("c"):
            comparator.infinity_norm.threshold = THRESHOLD
        else:
            comparator.jensen_shannon_divergence.threshold = THRESHOLD
    return statistics, schema


def judge(prepared: Prepared, window: pd.DataFrame) -> dict[str, tuple[float, bool]]:
    statistics, schema = prepared
    current = tfdv.generate_statistics_from_dataframe(window)
    found = tfdv.validate_statistics(current, schema, previous_statistics=statistics)
    values = {
        one.path.step[0]: float(one.drift_measurements[0].value) for one in found.drift_skew_info
    }
    return {name: (value, value > THRESHOLD) for name, value in values.items()}
