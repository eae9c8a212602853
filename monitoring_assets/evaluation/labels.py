"""Labels of one window: which truth counts, and how much of it has arrived."""

from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from monitoring_assets.config.model import LabelSettings, ModelConfig
from monitoring_assets.domain.measurement import Kind, Measurement, Status
from monitoring_assets.domain.window import Window
from monitoring_assets.evaluation.judge import measured
from monitoring_assets.evaluation.table import as_numbers, as_text
from monitoring_assets.stats.intervals import share

LABELS = "label_coverage"
CHECKS = (LABELS,)
ID, KNOWN_AT = "prediction_id", "known_at"


class KnownLabels:
    """All labels of a model that are known now, ordered by when they became known."""

    def __init__(self, config: ModelConfig, stored: pa.Table) -> None:
        """Take the stored rows under the user's own column names."""
        settings = config.labels
        if settings is None:
            raise ValueError(f"{config.name} has no `labels`")
        self._rows = _ordered(_canonical(config, settings, stored))

    def of(self, ids: pa.ChunkedArray, since: datetime) -> pa.Table:
        """Return the newest label of each id: columns `prediction_id`, the label, `known_at`.

        Args:
            ids: The prediction ids of one window.
            since: The beginning of the window; no label is known before its prediction.
        """
        rows = self._rows.slice(self._first_after(since))
        rows = rows.filter(pc.is_in(rows.column(ID), value_set=ids.combine_chunks()))
        return _newest(rows)

    def _first_after(self, since: datetime) -> int:
        known = self._rows.column(KNOWN_AT)
        if known.null_count:
            return 0
        return int(pc.sum(pc.less(known, pa.scalar(since, known.type)), min_count=0).as_py())


def _canonical(config: ModelConfig, settings: LabelSettings, stored: pa.Table) -> pa.Table:
    def column(name: str | None) -> pa.ChunkedArray | pa.Array:
        return stored.column(name) if name in stored.column_names else pa.nulls(stored.num_rows)

    truth = column(settings.label)
    label = as_numbers(truth)[0] if config.task == "regression" else as_text(truth)
    known_at = column(settings.known_at).cast(pa.timestamp("us", tz="UTC"))
    ids = as_text(column(settings.prediction_id))
    table = pa.table({ID: ids, settings.label: label, KNOWN_AT: known_at})
    return table.filter(pc.and_(pc.is_valid(ids), pc.is_valid(label)))


def _ordered(rows: pa.Table) -> pa.Table:
    """Return rows by time of knowledge; those known at the same time keep their order."""
    position = pa.array(range(rows.num_rows), pa.int64())
    keyed = rows.append_column("position", position)
    return keyed.sort_by([(KNOWN_AT, "ascending"), ("position", "ascending")]).drop(["position"])


def _newest(rows: pa.Table) -> pa.Table:
    position = pa.array(range(rows.num_rows), pa.int64())
    last = rows.append_column("position", position).group_by(ID).aggregate([("position", "max")])
    return rows.take(last.column("position_max").combine_chunks().sort())


def measure_coverage(
    config: ModelConfig, window: Window, labelled: int, n: int, now: datetime
) -> Measurement:
    """Return the share of a window's valid predictions whose truth is known.

    It is judged once the labels should be complete: a dead label feed is an incident, and labels
    that are merely young are not.
    """
    coverage = measured("label_coverage", Kind.NO_DATA, share(labelled, n), check=LABELS)
    settings = config.performance
    if config.label_column is None:
        return coverage.with_verdict(Status.INFO, "the model has no labels")
    if not n:
        return coverage.with_verdict(Status.UNJUDGED, "there is no prediction to label")
    if labelled / n >= settings.min_coverage:
        return coverage.with_verdict(Status.OK, "", settings.min_coverage)
    missing = f"{labelled:,} of {n:,} predictions are labelled"
    if now - window.end < settings.complete_after:
        days = settings.complete_after.days
        return coverage.with_verdict(Status.UNJUDGED, f"{missing}, expected after {days} days")
    return coverage.with_verdict(Status.BAD, missing, settings.min_coverage)
