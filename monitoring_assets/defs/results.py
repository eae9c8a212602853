"""How one run reports several partitions, each with its own metadata and check results.

A run over a range of partitions stores a plain `AssetCheckResult` without its partition, and a
check evaluation without its target materialization is not shown as current: both are given here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import dagster as dg

# Not exported by `dagster` 1.13; the only place where it can be imported from.
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)

from monitoring_assets.application.numbers import document_of
from monitoring_assets.application.ports import RunInfo
from monitoring_assets.defs.rendering import check_metadata
from monitoring_assets.domain.evaluation import CheckResult, Evaluation
from monitoring_assets.domain.measurement import Status

NUMBERS = "all numbers"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionResult:
    """What one partition of an asset came to."""

    partition: str
    metadata: Mapping[str, Any]
    evaluation: Evaluation | None = None


def with_numbers(results: Sequence[PartitionResult], run: RunInfo) -> list[PartitionResult]:
    """Add all numbers to the metadata, from which `mlmon rebuild-measurements` takes them."""
    return [
        replace(r, metadata={**r.metadata, NUMBERS: document_of(r.evaluation, run)})
        if r.evaluation is not None
        else r
        for r in results
    ]


def report(
    context: dg.AssetExecutionContext, results: Sequence[PartitionResult], checks: Sequence[str]
) -> Iterator[Any]:
    """Yield one materialization and one evaluation of every check for each partition."""
    key = context.asset_key
    if len(results) == 1 and context.has_partition_key:
        (result,) = results
        yield dg.MaterializeResult(
            metadata=dict(result.metadata),
            check_results=[_check_result(key, name, result) for name in checks],
        )
        return
    for result in results:
        context.add_asset_metadata(dict(result.metadata), partition_key=result.partition)
    yield dg.MaterializeResult()
    yield from _evaluations(context, results, checks)


def _check_result(key: dg.AssetKey, name: str, result: PartitionResult) -> dg.AssetCheckResult:
    verdict, metadata = _verdict(name, result)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=name,
        passed=verdict.status is Status.OK,
        severity=_severity(verdict.status),
        description=_why(verdict),
        metadata=metadata,
    )


def _evaluations(
    context: dg.AssetExecutionContext, results: Sequence[PartitionResult], checks: Sequence[str]
) -> Iterator[Any]:
    key = context.asset_key
    if not checks:
        return
    targets = _materializations(context, [result.partition for result in results])
    for name in checks:
        for result in results:
            verdict, metadata = _verdict(name, result)
            yield dg.AssetCheckEvaluation(
                asset_key=key,
                check_name=name,
                passed=verdict.status is Status.OK,
                severity=_severity(verdict.status),
                description=_why(verdict),
                metadata=metadata,
                partition=result.partition,
                blocking=False,
                target_materialization_data=targets[result.partition],
            )
        spec = next(s for s in context.assets_def.check_specs if s.name == name)
        yield dg.Output(None, output_name=spec.get_python_identifier())


def _materializations(
    context: dg.AssetExecutionContext, partitions: Sequence[str]
) -> dict[str, AssetCheckEvaluationTargetMaterializationData]:
    """Return this run's materialization of each partition: the newest ones of the asset."""
    records = context.instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=context.asset_key, asset_partitions=partitions),
        limit=len(partitions),
    ).records
    return {
        str(record.partition_key): AssetCheckEvaluationTargetMaterializationData(
            storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp
        )
        for record in records
    }


def _verdict(name: str, result: PartitionResult) -> tuple[CheckResult, dict[str, Any]]:
    if result.evaluation is None:
        raise ValueError(f"{result.partition} has no evaluation to take {name} from")
    verdict = result.evaluation.check(name)
    behind = [m for m in result.evaluation.measurements if m.check == name]
    return verdict, check_metadata(verdict, behind)


def _why(verdict: CheckResult) -> str | None:
    return None if verdict.status is Status.OK else verdict.reason


def _severity(status: Status) -> dg.AssetCheckSeverity:
    """Red for what fails, yellow for what is doubtful or could not be judged."""
    is_bad = status in {Status.BAD, Status.ERROR}
    return dg.AssetCheckSeverity.ERROR if is_bad else dg.AssetCheckSeverity.WARN
