"""The steps of monitoring one window of one model, each reading what the step before stored.

A step returns what it found; how that looks in Dagster belongs to `defs`. The same steps serve
single runs, backfills and the backtest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc

from monitoring_assets.alerting.verdicts import verdicts_of
from monitoring_assets.application.incidents import Alerts
from monitoring_assets.application.ports import (
    AlertStore,
    ArtifactStore,
    MeasurementStore,
    ProfileEngine,
    RunInfo,
    Source,
    SourceStates,
)
from monitoring_assets.application.respond import Responder
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.decision import Decision
from monitoring_assets.domain.errors import SourceError
from monitoring_assets.domain.evaluation import Evaluation, Histogram
from monitoring_assets.domain.measurement import Measurement, Status
from monitoring_assets.domain.window import Window
from monitoring_assets.evaluation.contract import (
    CheckedRows,
    Failure,
    check_rows,
    contract,
    reference_contract,
)
from monitoring_assets.evaluation.drift import measure_drift
from monitoring_assets.evaluation.histograms import histograms
from monitoring_assets.evaluation.judge import unjudged_if
from monitoring_assets.evaluation.labels import (
    ID,
    KNOWN_AT,
    KnownLabels,
    measure_coverage,
)
from monitoring_assets.evaluation.log import incomplete, measure_log
from monitoring_assets.evaluation.performance import measure_performance
from monitoring_assets.evaluation.profiles import (
    WindowProfile,
    columns_of,
    from_table,
    profile_window,
    to_table,
)
from monitoring_assets.evaluation.quality import measure_quality
from monitoring_assets.evaluation.reference import Reference
from monitoring_assets.profiles.cache import MemoryCache, ReferenceCache
from monitoring_assets.profiles.layout import FORMAT

REFERENCE = "reference_dataset"
LOG = "prediction_log"
LABELS = "labels"
PROFILE = "profile"
QUALITY = "quality_results"
DRIFT = "drift_report"
PERFORMANCE = "performance_metrics"
DECISION = "alert_decision"

# What `SourceStates` calls the two sources.
PREDICTIONS_SOURCE, LABELS_SOURCE = "predictions", "labels"
# Ends the state of labels that were too young to be judged, so that they are looked at again.
WAITING = " waiting"

# What is known of stored rows and not in them.
_INCOMPLETE, _RECEIVED = "mlmon.incomplete", "mlmon.received"
_ABSENT, _STORED, _ROWS = "mlmon.absent_columns", "mlmon.stored_columns", "mlmon.rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything outside that the steps need.

    Attributes:
        predictions: The prediction log.
        labels: The labels, None where they are a column of the log or there are none.
        references: The source of each version of the reference.
        cache: Where a version of the reference is kept, prepared (`version`, `edition`).
        engine: What profiles windows where their rows are, None where they are copied.
        defaults: Which of `slack` and `pagerduty` the environment offers for messages.
    """

    predictions: Source
    labels: Source | None
    references: Callable[[str], Source]
    artifacts: ArtifactStore
    measurements: MeasurementStore
    alerts: AlertStore
    states: SourceStates
    defaults: frozenset[str] = frozenset()
    cache: Callable[[str, str], ReferenceCache] = lambda _version, _edition: MemoryCache()
    engine: ProfileEngine | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredReference:
    """A reference that was read, checked and stored.

    Attributes:
        reference: Its valid rows and statistics.
        checked: What the contract said.
        address: Where it is stored.
        fingerprint: What its source looked like.
    """

    reference: Reference
    checked: CheckedRows
    address: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLog:
    """One window of the prediction log that was read, checked and stored.

    Attributes:
        evaluation: What was measured.
        failures: What broke the contract.
        address: Where the valid rows are stored.
        quarantine: Where the others are stored, empty where there is none.
        rows: How many rows are valid.
        fingerprint: What the source looked like, empty where it holds nothing for the window.
    """

    evaluation: Evaluation
    failures: tuple[Failure, ...]
    address: str
    quarantine: str
    rows: int
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredProfile:
    """The profile of one window, as it was stored.

    Attributes:
        profile: The profile.
        address: Where it is stored.
        size: How many bytes its columns take in memory.
        engine: What made it.
    """

    profile: WindowProfile
    address: str
    size: int
    engine: str

    @property
    def facts(self) -> dict[str, str | int]:
        """Return what people and other processes are told of it."""
        whole = self.profile.whole
        return {
            "rows": whole.rows,
            "columns": len(whole.numeric) + len(whole.categorical),
            "segments": len(self.profile.profiles.segments),
            "bytes in memory": self.size,
            "engine": self.engine,
            "address": self.address,
            "reference layout": whole.layout,
        }


@dataclass(slots=True)
class ModelMonitor:
    """One model and everything needed to monitor it."""

    config: ModelConfig
    ports: Ports
    _reference: Reference | None = field(default=None, init=False)
    _labels: KnownLabels | None = field(default=None, init=False)

    # -- reference ---------------------------------------------------------------------------

    def take_reference(self, version: str) -> StoredReference:
        """Read a version of the reference, check it and store its valid rows.

        Raises:
            SourceError: If it cannot be read, or holds no valid row.
        """
        source = self.ports.references(version)
        settings = self.config.reference.versions[version]
        zone = self.config.cadence.windows.zone
        fingerprint = source.fingerprint()
        reading = source.read(settings.start_in(zone), settings.end_in(zone))
        for problem in reading.problems:
            if problem.problem == "corrupt_file":
                raise SourceError(f"reference {version}: {problem.subject}: {problem.detail}")
        checked = check_rows(reading.rows, reference_contract(self.config))
        if not checked.valid.num_rows:
            raise SourceError(
                f"reference {version} of {self.config.name} ({source.description}) has no valid "
                f"row among {checked.n:,}: {_first_failures(checked.failures)}"
            )
        stored = frozenset(reading.rows.column_names) | frozenset(reading.unexpected_columns)
        told = {_STORED: "\n".join(sorted(stored)), _ROWS: _digest_of(checked.valid)}
        table = checked.valid.replace_schema_metadata(told)
        address = self.ports.artifacts.write_table(self._path(REFERENCE, version), table)
        reference = self._reference_of(version, table)
        if version == self.config.reference.active:
            self._reference = reference
        return StoredReference(
            reference=reference, checked=checked, address=address, fingerprint=fingerprint
        )

    def has_reference(self) -> bool:
        """Return whether the active reference was stored."""
        path = self._path(REFERENCE, self.config.reference.active)
        return self.ports.artifacts.read_table(path, []) is not None

    def reference(self) -> Reference:
        """Return the active reference as it is stored.

        Raises:
            SourceError: If it was not stored yet.
        """
        if self._reference is None:
            self._reference = self.version_of_reference(self.config.reference.active)
        return self._reference

    def version_of_reference(self, version: str) -> Reference:
        """Return any version of the reference as it is stored.

        Raises:
            SourceError: If it was not stored yet.
        """
        head = self.ports.artifacts.read_table(self._path(REFERENCE, version), [])
        if head is None:
            raise self._absent_version(version)
        return self._reference_of(version, head)

    def _reference_of(self, version: str, stored: pa.Table) -> Reference:
        """Return a reference whose rows are read from where they are stored, if need be."""

        def rows(columns: Sequence[str] | None) -> pa.Table:
            found = self.ports.artifacts.read_table(self._path(REFERENCE, version), columns)
            if found is None:
                raise self._absent_version(version)
            return found

        columns = frozenset(_told(stored, _STORED).split("\n"))
        cache = self.ports.cache(version, _edition(self.config, _told(stored, _ROWS)))
        return Reference(self.config, version, rows, columns, cache)

    # -- one window --------------------------------------------------------------------------

    def take_log(self, window: Window, run: RunInfo) -> StoredLog:
        """Read one window of the prediction log, check it, store it, and say what was found."""
        reference = self.reference()
        fingerprint = self.ports.predictions.fingerprints([window]).get(window.key, "")
        reading = self.ports.predictions.read(window.start, window.end)
        checked = check_rows(reading.rows, contract(self.config, reference.seen_categories))
        unexpected = [c for c in reading.unexpected_columns if c not in reference.stored_columns]
        measured = measure_log(self.config, checked, reading.problems, unexpected)
        metadata = {
            _INCOMPLETE: incomplete(reading.problems),
            _RECEIVED: str(checked.n),
            _ABSENT: "\n".join((*checked.missing_columns, *checked.wrong_types)),
        }
        address = self.ports.artifacts.write_table(
            self._path(LOG, window.key), checked.valid.replace_schema_metadata(metadata)
        )
        quarantine = self._set_aside(window, checked.quarantined)
        evaluation = self._stored(LOG, window, measured, run)
        self._seen(PREDICTIONS_SOURCE, window, fingerprint, run)
        return StoredLog(
            evaluation=evaluation,
            failures=checked.failures,
            address=address,
            quarantine=quarantine,
            rows=checked.valid.num_rows,
            fingerprint=fingerprint,
        )

    def take_labels(self, window: Window, run: RunInfo) -> Evaluation:
        """Store the labels that are known of one window, and say how many there are."""
        config = self.config
        log = self._log(window, [c for c in (self._id, config.columns.label) if c])
        labelled, state = 0, ""
        faults: tuple[Measurement, ...] = ()
        if self.ports.labels is not None:
            labels = self._labels or self.read_labels()
            known = labels.of(log.column(self._id))
            self.ports.artifacts.write_table(self._path(LABELS, window.key), known)
            labelled, state, faults = known.num_rows, digest(known), labels.faults
        elif config.columns.label is not None:
            labelled = log.num_rows - log.column(config.columns.label).null_count
        coverage = measure_coverage(config, window, labelled, log.num_rows, run.computed_at)
        evaluation = self._stored(LABELS, window, (coverage, *faults), run)
        is_waiting = log.num_rows > 0 and coverage.status is Status.UNJUDGED
        self._seen(LABELS_SOURCE, window, state + WAITING if is_waiting else state, run)
        return evaluation

    def read_labels(self) -> KnownLabels:
        """Read all labels anew; those that were read last serve all later windows.

        Raises:
            SourceError: If the model has no `labels`, or they cannot be reached.
        """
        if self.ports.labels is None:
            raise SourceError(f"{self.config.name} has no `labels`")
        reading = self.ports.labels.read()
        self._labels = KnownLabels(self.config, reading.rows, reading.problems)
        return self._labels

    def known_labels(self, window: Window) -> pa.Table | None:
        """Return what the labels that were read last say of one window's stored predictions.

        It is None where the window's rows are not stored any more.
        """
        labels = self._labels or self.read_labels()
        rows = self.ports.artifacts.read_table(self._path(LOG, window.key), [self._id])
        return None if rows is None else labels.of(rows.column(self._id))

    def take_profile(self, window: Window) -> StoredProfile:
        """Profile one stored window, and store what is kept of it.

        Its rows are read once; features that stay where they are are profiled there.
        """
        columns = [] if self.ports.engine else columns_of(self.config)
        rows = self._log(window, columns)
        profile = self._profiled(rows, window)
        table = to_table(profile)
        about = {key: _told(rows, key) for key in (_INCOMPLETE, _RECEIVED, _ABSENT)}
        stored = table.replace_schema_metadata({**table.schema.metadata, **about})
        address = self.ports.artifacts.write_table(self._path(PROFILE, window.key), stored)
        engine = self.ports.engine.description if self.ports.engine else "this process"
        return StoredProfile(profile=profile, address=address, size=table.nbytes, engine=engine)

    def _profiled(self, rows: pa.Table, window: Window) -> WindowProfile:
        reference, engine = self.reference(), self.ports.engine
        if engine is None:
            return profile_window(rows, reference, window)
        found = engine.profile(window, reference.layout, self.config.segments)
        return WindowProfile(profiles=found)

    def stored_profile(self, window: Window) -> WindowProfile:
        """Return the profile of one window as it is stored.

        Raises:
            SourceError: If it was not stored yet, or made for another reference.
        """
        return self._profile(window)[0]

    def measure_quality(self, window: Window, run: RunInfo) -> Evaluation:
        """Measure the data quality of one window from its profile."""
        current, stored = self._profile(window, with_segments=False)
        received, absent = _told(stored, _RECEIVED), _told(stored, _ABSENT).split("\n")
        measured = measure_quality(
            current.whole, self.reference(), window, int(received or current.whole.rows), absent
        )
        return self._stored(QUALITY, window, self._if_complete(stored, measured), run)

    def measure_drift(self, window: Window, run: RunInfo) -> Evaluation:
        """Measure the drift of one window from its profile."""
        (current, stored), reference = self._profile(window), self.reference()
        measured = self._if_complete(stored, measure_drift(current, reference, window))
        shapes = histograms(current.whole, reference, window)
        return self._stored(DRIFT, window, measured, run, shapes)

    def measure_performance(self, window: Window, run: RunInfo) -> Evaluation:
        """Measure how well the model did on the labelled rows of one stored window."""
        c, reference = self.config.columns, self.reference()
        roles = (c.prediction_id, c.prediction, c.score, c.label, c.model_version)
        columns = dict.fromkeys([*filter(None, roles), *self.config.segments])
        rows = self._with_labels(window, self._log(window, list(columns)))
        label = self.config.label_column
        labelled = 0 if label is None else rows.num_rows - rows.column(label).null_count
        coverage = measure_coverage(self.config, window, labelled, rows.num_rows, run.computed_at)
        baseline = reference.performance(reference.part_of(window))
        measured = measure_performance(self.config, rows, coverage, baseline)
        return self._stored(PERFORMANCE, window, self._if_complete(rows, measured), run)

    def decide(
        self, windows: Sequence[Window], run: RunInfo, *, is_backfill: bool
    ) -> list[Decision]:
        """Decide about windows from everything that is stored of them."""
        found = {}
        for window in windows:
            evaluations = self.ports.measurements.of_window(self.config.name, window.key)
            found[window] = verdicts_of(self.config, evaluations)
        decisions = self.alerts.decide(found, run, is_backfill=is_backfill)
        if not is_backfill:
            self.responder.respond(run.computed_at)
        return decisions

    @property
    def alerts(self) -> Alerts:
        """Return the model's incidents, and who is told of them."""
        ports = self.ports
        return Alerts(config=self.config, store=ports.alerts, defaults=ports.defaults)

    @property
    def responder(self) -> Responder:
        """Return what is done about incidents without asking."""
        ports = self.ports
        return Responder(config=self.config, store=ports.alerts, flags=ports.artifacts)

    def stored_log(self, window: Window) -> pa.Table:
        """Return the valid rows of one stored window.

        Raises:
            SourceError: If it was not stored yet.
        """
        return self._log(window, None)

    def forget(self, window: Window) -> None:
        """Remove what the steps stored of one window."""
        for asset in (LOG, LABELS, PROFILE, "quarantine"):
            self.ports.artifacts.delete(self._path(asset, window.key))

    # -- inside ------------------------------------------------------------------------------

    @property
    def _id(self) -> str:
        return self.config.columns.prediction_id or ""

    def _path(self, asset: str, part: str) -> str:
        return f"{self.config.name}/{asset}/{part}.parquet"

    def _log(self, window: Window, columns: Sequence[str] | None) -> pa.Table:
        rows = self.ports.artifacts.read_table(self._path(LOG, window.key), columns)
        if rows is None:
            raise self._absent(LOG, window)
        return rows

    def _profile(
        self, window: Window, *, with_segments: bool = True
    ) -> tuple[WindowProfile, pa.Table]:
        """Return the profile of one window, and the table that tells of it."""
        stored = self.ports.artifacts.read_table(self._path(PROFILE, window.key))
        if stored is None:
            raise self._absent(PROFILE, window)
        profile = from_table(stored, with_segments=with_segments)
        if profile.whole.layout != self.reference().layout.key:
            raise SourceError(
                f"{self.config.name}/{PROFILE} of {window.key} was made for another reference: "
                "materialize it again"
            )
        return profile, stored

    def _absent_version(self, version: str) -> SourceError:
        return SourceError(
            f"version {version!r} of {self.config.name}/{REFERENCE} is not there yet: "
            f"materialize its partition {version!r} first"
        )

    def _absent(self, asset: str, window: Window) -> SourceError:
        name = f"{self.config.name}/{asset}"
        return SourceError(f"{name} of {window.key} is not there yet: materialize it first")

    def _seen(self, source: str, window: Window, fingerprint: str, run: RunInfo) -> None:
        """Record what a source looked like; last of all, so that a failed step is due again."""
        name, when = self.config.name, run.computed_at
        self.ports.states.put(name, source, window, fingerprint, when)

    def _set_aside(self, window: Window, rows: pa.Table) -> str:
        path = self._path("quarantine", window.key)
        if not rows.num_rows:
            self.ports.artifacts.delete(path)
            return ""
        return self.ports.artifacts.write_table(path, rows)

    def _with_labels(self, window: Window, rows: pa.Table) -> pa.Table:
        label = self.config.label_column
        if label is None or self.ports.labels is None:
            return rows
        known = self.ports.artifacts.read_table(self._path(LABELS, window.key))
        if known is None:
            raise self._absent(LABELS, window)
        positions = pc.index_in(rows.column(self._id), value_set=known.column(ID))
        return rows.append_column(label, known.column(label).take(positions))

    def _if_complete(
        self, rows: pa.Table, measured: tuple[Measurement, ...]
    ) -> tuple[Measurement, ...]:
        """Return measurements unjudged where part of the window could not be read."""
        return unjudged_if(_told(rows, _INCOMPLETE), measured)

    def _stored(
        self,
        asset: str,
        window: Window,
        measured: tuple[Measurement, ...],
        run: RunInfo,
        histograms: tuple[Histogram, ...] = (),
    ) -> Evaluation:
        evaluation = Evaluation(
            model=self.config.name,
            asset=asset,
            window=window,
            reference_version=self.config.reference.active,
            measurements=measured,
            histograms=histograms,
        )
        self.ports.measurements.replace(evaluation, run)
        return evaluation


def digest(labels: pa.Table) -> str:
    """Return a text that changes whenever a label of a window is added or corrected."""
    from pyarrow import csv

    told = pa.BufferOutputStream()
    csv.write_csv(labels.drop([KNOWN_AT]), told)
    return sha256(told.getvalue()).hexdigest()


def _digest_of(rows: pa.Table) -> str:
    """Return a text that changes with the rows of a reference."""
    from pyarrow import ipc

    told = pa.BufferOutputStream()
    with ipc.new_stream(told, rows.schema) as stream:
        stream.write_table(rows)
    return sha256(told.getvalue()).hexdigest()


def _edition(config: ModelConfig, rows: str) -> str:
    """Return a name that changes with the rows of a reference and with what is kept of them."""
    numeric = [name for name in config.drift_columns if config.is_numeric(name)]
    kept = (rows, config.drift_columns, numeric, config.segments, config.cadence.timezone, FORMAT)
    return sha256(repr(kept).encode()).hexdigest()[:32]


def _told(rows: pa.Table, key: str) -> str:
    """Return what was stored with rows about them."""
    text: bytes = (rows.schema.metadata or {}).get(key.encode(), b"")
    return text.decode()


def _first_failures(failures: Sequence[Failure]) -> str:
    parts = [f"{f.column} {f.rule} in {f.n:,} rows" for f in failures[:3]]
    return "; ".join(parts) or "it is empty"
