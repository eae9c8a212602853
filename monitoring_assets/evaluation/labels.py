"""Labels of one window: which truth counts, and how much of it has arrived."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitoring_assets.config.model import LabelSettings, ModelConfig
from monitoring_assets.domain.measurement import Kind, Measurement, Status
from monitoring_assets.domain.reading import ReadProblem
from monitoring_assets.domain.window import Window
from monitoring_assets.evaluation.judge import measured, unjudged
from monitoring_assets.evaluation.log import incomplete
from monitoring_assets.evaluation.table import as_numbers, as_text
from monitoring_assets.stats.intervals import share

LABELS = "label_coverage"
CHECKS = (LABELS,)
ID, KNOWN_AT = "prediction_id", "known_at"
_MOMENT = pa.timestamp("us", tz="UTC")


class KnownLabels:
    """All labels of a model that are known now, ordered by when they became known.

    Attributes:
        faults: What is wrong with the stored labels as a whole.
    """

    def __init__(
        self, config: ModelConfig, stored: pa.Table, problems: Sequence[ReadProblem] = ()
    ) -> None:
        """Take the stored rows under the user's own column names, and what reading them found."""
        settings = config.labels
        if settings is None:
            raise ValueError(f"{config.name} has no `labels`")
        self.faults = tuple(_faults(settings, stored, problems))
        self._rows = _ordered(_canonical(config, settings, stored))

    def of(self, ids: pa.ChunkedArray) -> pa.Table:
        """Return the newest label of each id: columns `prediction_id`, the label, `known_at`.

        Ids without a label are left out; the others keep their order.
        """
        of_ids = pc.is_in(self._rows.column(ID), value_set=ids.combine_chunks())
        rows = _newest(self._rows.filter(of_ids))
        return rows.take(pc.drop_null(pc.index_in(ids, value_set=rows.column(ID))))


def _canonical(config: ModelConfig, settings: LabelSettings, stored: pa.Table) -> pa.Table:
    def column(name: str | None) -> pa.ChunkedArray | pa.Array:
        return stored.column(name) if name in stored.column_names else pa.nulls(stored.num_rows)

    truth = column(settings.label)
    label = as_numbers(truth)[0] if config.task == "regression" else as_text(truth)
    known_at = column(settings.known_at).cast(_MOMENT)
    ids = as_text(column(settings.prediction_id))
    table = pa.table({ID: ids, settings.label: label, KNOWN_AT: known_at})
    return table.filter(pc.and_(pc.is_valid(ids), pc.is_valid(label)))


def _ordered(rows: pa.Table) -> pa.Table:
    """Return rows by time of knowledge, those without a time first; ties keep their order."""
    known_at = rows.column(KNOWN_AT)
    if known_at.null_count == len(known_at):
        return rows
    long_ago = pa.scalar(0, pa.int64()).cast(_MOMENT)
    return rows.take(pc.sort_indices(pc.fill_null(known_at, long_ago)))


def _newest(rows: pa.Table) -> pa.Table:
    """Return the last row of each id."""
    ids = rows.column(ID).combine_chunks().dictionary_encode()
    last = np.zeros(len(ids.dictionary), dtype=np.int64)
    last[ids.indices.to_numpy()] = np.arange(rows.num_rows)  # of equal indices the last one stays
    return rows.take(pa.array(last))


def _faults(
    settings: LabelSettings, stored: pa.Table, problems: Sequence[ReadProblem]
) -> Iterator[Measurement]:
    """Yield what makes labels of every window missing or doubtful."""
    wanted = (settings.prediction_id, settings.label)
    missing = [c for c in wanted if c not in stored.column_names] if stored.num_rows else []
    for column in missing:
        reason = f"the labels have no column {column}"
        yield _fault("missing_columns", column).with_verdict(Status.BAD, reason, threshold=0)
    if lost := incomplete(problems):
        yield _fault("corrupt_files", "").with_verdict(Status.ERROR, f"labels {lost}", threshold=0)


def _fault(metric: str, column: str) -> Measurement:
    return Measurement(
        metric=metric, kind=Kind.NO_DATA, check=LABELS, column=column, value=1.0, n=0
    )


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
        return unjudged(coverage, "there is no prediction to label")
    if labelled / n >= settings.min_coverage:
        return coverage.with_verdict(Status.OK, "", settings.min_coverage)
    missing = f"{labelled:,} of {n:,} predictions are labelled"
    if not are_due(config, window, now):
        wait = _spoken(settings.complete_after)
        return unjudged(coverage, f"{missing}, expected after {wait}")
    return coverage.with_verdict(Status.BAD, missing, settings.min_coverage)


def are_due(config: ModelConfig, window: Window, now: datetime) -> bool:
    """Return whether the labels of a window should be complete by now."""
    return now >= window.end + config.performance.complete_after


def _spoken(length: timedelta) -> str:
    hours = length.total_seconds() / 3600
    return f"{hours / 24:g} days" if hours % 24 == 0 else f"{hours:g} hours"
