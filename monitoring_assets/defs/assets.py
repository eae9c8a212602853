"""The assets of one model: the reference, the log, labels, quality, drift, performance, decision.

Bodies are short: they take the windows of a run, ask the monitor, and report. What is computed
belongs to `application.monitor`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from monitoring_assets.application.monitor import (
    DECISION,
    DRIFT,
    LABELS,
    LOG,
    PERFORMANCE,
    PROFILE,
    QUALITY,
    REFERENCE,
    ModelMonitor,
    StoredLog,
    StoredReference,
)
from monitoring_assets.application.ports import RunInfo
from monitoring_assets.composition import Settings, Workspace
from monitoring_assets.config.model import LoadedModel
from monitoring_assets.defs.automation import when_inputs_change
from monitoring_assets.defs.connections import keep_connections
from monitoring_assets.defs.launched_profile import launched_profile
from monitoring_assets.defs.partitions import (
    BACKFILL_POLICY,
    active_reference,
    reference_partitions,
    window_partitions,
    windows_of,
)
from monitoring_assets.defs.rendering import (
    column_schema,
    decision_metadata,
    evaluation_metadata,
    failure_table,
    headline_numbers,
    measurement_table,
)
from monitoring_assets.defs.results import PartitionResult, report, with_numbers
from monitoring_assets.defs.runs import is_backfill
from monitoring_assets.domain.evaluation import Evaluation
from monitoring_assets.domain.measurement import Kind, Measurement
from monitoring_assets.domain.window import Window
from monitoring_assets.evaluation import drift, labels, log, performance, quality
from monitoring_assets.evaluation.contract import contract, reference_contract
from monitoring_assets.stores.pipeline import Step, recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One window that an asset has to do."""

    context: dg.AssetExecutionContext
    monitor: ModelMonitor
    window: Window
    run: RunInfo
    is_backfill: bool
    settings: Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowAsset:
    """One asset that has a partition per window.

    Attributes:
        name: The last part of its key.
        description: What the UI says of it.
        kinds: The icons in the UI.
        inputs: The assets of the same window that it reads.
        reads_reference: Whether it reads the active reference.
        checks: Check name → what the UI says of it.
        steps: What is done for the windows of a run, in order of time.
        is_automatic: Whether it follows its inputs by itself.
    """

    name: str
    description: str
    kinds: frozenset[str]
    steps: Callable[[Sequence[Task]], Iterator[PartitionResult]]
    inputs: tuple[str, ...] = ()
    reads_reference: bool = False
    checks: Mapping[str, str] = field(default_factory=dict)
    is_automatic: bool = True


def model_assets(model: LoadedModel) -> list[dg.AssetsDefinition]:
    """Return all assets of a model."""
    return [_reference_asset(model), *(_window_asset(model, a) for a in _ASSETS)]


def window_keys(name: str) -> list[dg.AssetKey]:
    """Return the keys of the assets that monitor one window of a model."""
    return [dg.AssetKey([name, asset.name]) for asset in _ASSETS]


def run_info(context: dg.AssetExecutionContext) -> RunInfo:
    """Return what is recorded about a run; this is where the clock is read."""
    record = context.instance.get_run_record_by_id(context.run.run_id)
    started = record.start_time if record else None
    return RunInfo(
        run_id=context.run.run_id,
        computed_at=datetime.now(UTC),
        started_at=None if started is None else datetime.fromtimestamp(started, UTC),
    )


def _common(model: LoadedModel) -> dict[str, Any]:
    return {"group_name": model.config.name, "owners": [model.config.owner]}


def _definition_metadata(model: LoadedModel) -> dict[str, Any]:
    reference = dg.LocalFileCodeReference(file_path=str(model.file), line_number=1)
    return {
        "configuration": dg.MetadataValue.path(str(model.file)),
        "task": model.config.task,
        "model": model.config.description or model.config.name,
        "dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[reference]),
    }


def _reference_asset(model: LoadedModel) -> dg.AssetsDefinition:
    config = model.config

    @dg.asset(  # type: ignore[untyped-decorator]
        key=[config.name, REFERENCE],
        partitions_def=reference_partitions(config),
        kinds={"parquet", "pandera"},
        description=(
            f"The data that windows of **{config.name}** are compared with, one partition per "
            f"version; `{config.reference.active}` is active. Rows keep the log's contract."
        ),
        metadata=_definition_metadata(model)
        | {"dagster/column_schema": column_schema(reference_contract(config))},
        **_common(model),
    )
    def reference_dataset(
        context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
    ) -> dg.MaterializeResult[Any]:
        stored = workspace.monitor(model).take_reference(context.partition_key)
        return dg.MaterializeResult(metadata=_reference_metadata(stored))

    return reference_dataset  # type: ignore[no-any-return]


def _reference_metadata(stored: StoredReference) -> dict[str, Any]:
    usual = [
        Measurement(
            metric=name, kind=Kind.PERFORMANCE, n=e.n, value=e.value, lower=e.lower, upper=e.upper
        )
        for name, e in stored.reference.performance().items()
    ]
    return {
        "dagster/partition_row_count": stored.checked.valid.num_rows,
        "dagster/uri": stored.address,
        "rows set aside": stored.checked.quarantined.num_rows,
        "broken rules": failure_table(stored.checked.failures),
        "missing columns": ", ".join(stored.checked.missing_columns) or "none",
        "source fingerprint": stored.fingerprint,
        **headline_numbers(usual),
        "performance": measurement_table(usual),
    }


def _window_asset(model: LoadedModel, asset: WindowAsset) -> dg.AssetsDefinition:
    config = model.config
    key = dg.AssetKey([config.name, asset.name])
    partitions = window_partitions(config)
    deps: list[Any] = [dg.AssetKey([config.name, name]) for name in asset.inputs]
    deps += [active_reference(config)] if asset.reads_reference else []
    schema = (
        {"dagster/column_schema": column_schema(contract(config))} if asset.name == LOG else {}
    )

    @dg.multi_asset(
        name=f"{config.name}__{asset.name}",
        specs=[
            dg.AssetSpec(
                key,
                deps=deps,
                partitions_def=partitions,
                kinds=set(asset.kinds),
                description=asset.description,
                metadata=_definition_metadata(model) | schema,
                automation_condition=(when_inputs_change(config) if asset.is_automatic else None),
                **_common(model),
            )
        ],
        check_specs=[
            dg.AssetCheckSpec(name, asset=key, description=text, partitions_def=partitions)
            for name, text in asset.checks.items()
        ],
        partitions_def=partitions,
        backfill_policy=BACKFILL_POLICY,
    )
    def window_asset(
        context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
    ) -> Iterator[Any]:
        keep_connections(context.instance)
        run = run_info(context)
        with recorded(workspace.engine, _step(context, model, asset), run):
            workspace.describe(model, run.computed_at)
            results = _results(context, workspace, model, asset, run)
        yield from report(context, with_numbers(results, run), tuple(asset.checks))

    return window_asset


def _step(context: dg.AssetExecutionContext, model: LoadedModel, asset: WindowAsset) -> Step:
    return Step(
        model=model.config.name,
        asset=asset.name,
        windows=windows_of(model.config, context),
        is_backfill=is_backfill(context.run.tags),
    )


def _results(
    context: dg.AssetExecutionContext,
    workspace: Workspace,
    model: LoadedModel,
    asset: WindowAsset,
    run: RunInfo,
) -> Sequence[PartitionResult]:
    monitor = workspace.monitor(model)
    windows = windows_of(model.config, context)
    tasks = [
        Task(
            context=context,
            monitor=monitor,
            window=window,
            run=run,
            is_backfill=is_backfill(context.run.tags),
            settings=workspace.settings,
        )
        for window in windows
    ]
    results = []
    for done, result in enumerate(asset.steps(tasks), start=1):
        results.append(result)
        if done % 10 == 0:
            context.log.info("%s of %s windows, up to %s", done, len(windows), result.partition)
    if asset.name == DECISION:
        context.log.info("messages: %s", workspace.deliver_now())
    return results


def _each(
    step: Callable[[Task], PartitionResult],
) -> Callable[[Sequence[Task]], Iterator[PartitionResult]]:
    """Return what does one window after the other."""
    return lambda tasks: map(step, tasks)


def _log(task: Task) -> PartitionResult:
    stored = task.monitor.take_log(task.window, task.run)
    return PartitionResult(
        partition=task.window.key,
        evaluation=stored.evaluation,
        metadata=evaluation_metadata(stored.evaluation) | _log_metadata(task.monitor, stored),
    )


def _log_metadata(monitor: ModelMonitor, stored: StoredLog) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "dagster/partition_row_count": stored.rows,
        "dagster/uri": stored.address,
        "source": monitor.ports.predictions.description,
    }
    if stored.failures:
        metadata["broken rules"] = failure_table(stored.failures)
    if stored.quarantine:
        metadata["quarantine"] = dg.MetadataValue.path(stored.quarantine)
    return metadata


def _profile(task: Task) -> PartitionResult:
    config = task.monitor.config
    facts = (
        launched_profile(task.context, config, task.window)
        if config.engine.command
        else task.monitor.take_profile(task.window).facts
    )
    standard = {"dagster/partition_row_count": facts["rows"], "dagster/uri": facts["address"]}
    return PartitionResult(partition=task.window.key, metadata={**standard, **facts})


def _evaluated(evaluation: Evaluation) -> PartitionResult:
    return PartitionResult(
        partition=evaluation.window.key,
        evaluation=evaluation,
        metadata=evaluation_metadata(evaluation),
    )


def _labels(task: Task) -> PartitionResult:
    return _evaluated(task.monitor.take_labels(task.window, task.run))


def _quality(task: Task) -> PartitionResult:
    return _evaluated(task.monitor.measure_quality(task.window, task.run))


def _drift(task: Task) -> PartitionResult:
    result = _evaluated(task.monitor.measure_drift(task.window, task.run))
    link = task.settings.report_link(task.monitor.config.name, task.window.key)
    report_link = {"evidently report": dg.MetadataValue.url(link)}
    return replace(result, metadata={**result.metadata, **report_link})


def _performance(task: Task) -> PartitionResult:
    return _evaluated(task.monitor.measure_performance(task.window, task.run))


def _decision(tasks: Sequence[Task]) -> Iterator[PartitionResult]:
    if not tasks:
        return
    first, windows = tasks[0], [task.window for task in tasks]
    for decision in first.monitor.decide(windows, first.run, is_backfill=first.is_backfill):
        yield PartitionResult(partition=decision.window.key, metadata=decision_metadata(decision))


_ASSETS = (
    WindowAsset(
        name=LOG,
        description=(
            "The predictions of one window, checked with **pandera** against the contract of the "
            "YAML; rows that break it go to a quarantine file with the reason."
        ),
        kinds=frozenset({"parquet", "pandera"}),
        reads_reference=True,
        checks={
            log.HAS_ROWS: "The window holds rows.",
            log.SCHEMA: "All columns are there, in their form, and every file can be read.",
            log.ROW_CONTRACT: "Few rows break the contract (`quality.invalid_rows`).",
            log.DUPLICATES: "Few prediction ids are repeated (`quality.duplicates`).",
        },
        steps=_each(_log),
        is_automatic=False,
    ),
    WindowAsset(
        name=LABELS,
        description="The truth that is known by now of the predictions of one window.",
        kinds=frozenset({"parquet"}),
        inputs=(LOG,),
        checks={
            labels.LABELS: "Enough predictions are labelled once labels should be complete "
            "(`performance.min_coverage`)."
        },
        steps=_each(_labels),
    ),
    WindowAsset(
        name=PROFILE,
        description=(
            "What is kept of the rows of one window, whole and by segment: counts and sums on "
            "the reference's grid. Profiles are added up and compared without the rows."
        ),
        kinds=frozenset({"arrow", "parquet"}),
        inputs=(LOG,),
        reads_reference=True,
        steps=_each(_profile),
    ),
    WindowAsset(
        name=QUALITY,
        description="Volume, missing values, ranges, outliers and constant columns of one window.",
        kinds=frozenset({"arrow", "postgres"}),
        inputs=(PROFILE,),
        reads_reference=True,
        checks={
            quality.VOLUME: "About as many rows as usual (`quality.min_volume`, `max_volume`).",
            quality.MISSING: "Not more missing values than in the reference (`quality.missing`).",
            quality.RANGES: "Numbers within the reference's range, no new categories.",
            quality.OUTLIERS: "Not more IQR outliers than in the reference (`quality.outliers`).",
            quality.CONSTANT: "No column became constant.",
        },
        steps=_each(_quality),
    ),
    WindowAsset(
        name=DRIFT,
        description=(
            "How far features, prediction and correlations of one window are from the reference, "
            "with Evidently's methods (`drift.method`)."
        ),
        kinds=frozenset({"arrow", "postgres"}),
        inputs=(PROFILE,),
        reads_reference=True,
        checks={
            drift.FEATURES: "No feature drifted (`drift.threshold`).",
            drift.PREDICTION: "The prediction did not drift.",
            drift.CORRELATION: "Correlations are as usual (`max_correlation_change`).",
        },
        steps=_each(_drift),
    ),
    WindowAsset(
        name=PERFORMANCE,
        description="How well the model did on the labelled predictions of one window.",
        kinds=frozenset({"arrow", "postgres"}),
        inputs=(LOG, LABELS),
        reads_reference=True,
        checks={
            performance.PERFORMANCE: "Not worse than on the reference (`performance.max_drop`, "
            "`max_rise`), judged once enough labels are there."
        },
        steps=_each(_performance),
    ),
    WindowAsset(
        name=DECISION,
        description=(
            "Who is told what about one window, and why (not). It sees the verdicts of all checks "
            "at once; messages wait in the table `outbox` and leave right after, or through the "
            "sensor `deliver_alerts`."
        ),
        kinds=frozenset({"slack", "postgres"}),
        inputs=(LOG, LABELS, QUALITY, DRIFT, PERFORMANCE),
        steps=_decision,
    ),
)
