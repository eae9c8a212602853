"""The demo's model: the probability that a parcel comes late, by gradient boosting.

The fitted model lives in memory only: the world is deterministic, so it is trained again where
it is needed, and no file has to be trusted as code.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitoring_assets.demo.parcels import CATEGORICAL_FEATURES, NUMERIC_FEATURES

Floats = NDArray[np.float64]

MODEL_VERSION = "v1"
# A customer is warned from this probability on: about one parcel in eight.
DECISION_THRESHOLD = 0.30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LatenessModel:
    """A fitted classifier and the categories that it knows.

    Attributes:
        classifier: A fitted scikit-learn classifier.
        categories: The categories seen in training by column; others count as missing.
    """

    classifier: Any
    categories: dict[str, tuple[str, ...]]

    def probabilities(self, requests: pa.Table) -> Floats:
        """Return P(late) for each request, shape `(n,)`."""
        if requests.num_rows == 0:
            return np.zeros(0)
        matrix = _matrix(requests, self.categories)
        late = self.classifier.predict_proba(matrix)[:, 1]
        return np.asarray(np.round(late, 6), dtype=np.float64)

    def answer(self, requests: pa.Table) -> pa.Table:
        """Return the requests with `score`, `predicted_late` (0 or 1) and `model_version`."""
        score = self.probabilities(requests)
        decision = (score >= DECISION_THRESHOLD).astype(np.int64)
        version = pa.array([MODEL_VERSION] * len(score), pa.string())
        return (
            requests.append_column("score", pa.array(score))
            .append_column("predicted_late", pa.array(decision))
            .append_column("model_version", version)
        )


def train(requests: pa.Table, late: pa.ChunkedArray) -> LatenessModel:
    """Fit the model on labelled requests; about two seconds for 40,000 rows."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    categories = {
        name: tuple(sorted(pc.unique(requests[name]).to_pylist())) for name in CATEGORICAL_FEATURES
    }
    classifier = HistGradientBoostingClassifier(
        max_iter=50,
        learning_rate=0.12,
        max_leaf_nodes=15,
        min_samples_leaf=100,
        early_stopping=False,
        categorical_features=list(range(len(CATEGORICAL_FEATURES))),
        random_state=0,
    )
    classifier.fit(_matrix(requests, categories), late.to_numpy())
    return LatenessModel(classifier=classifier, categories=categories)


def _matrix(requests: pa.Table, categories: dict[str, tuple[str, ...]]) -> Floats:
    """Return the features as numbers, categories first; missing and unknown ones are NaN."""
    codes = [
        pc.index_in(requests[name], pa.array(categories[name], pa.string()))
        for name in CATEGORICAL_FEATURES
    ]
    numbers = [requests[name] for name in NUMERIC_FEATURES]
    columns = [column.cast(pa.float64()).to_numpy() for column in [*codes, *numbers]]
    return np.column_stack(columns)
