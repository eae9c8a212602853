"""The numbers once more, from the metadata of Dagster's materializations.

What Dagster has forgotten (deleted runs, wiped assets) cannot come back, and neither can
distributions, which the metadata holds as a picture only.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from monitoring_assets.application.monitor import DRIFT, LABELS, LOG, PERFORMANCE, QUALITY
from monitoring_assets.application.numbers import evaluation_of
from monitoring_assets.application.ports import RunInfo
from monitoring_assets.domain.evaluation import Evaluation

if TYPE_CHECKING:  # a command that only parses its arguments does not wait for Dagster
    import dagster as dg

ASSETS = (LOG, LABELS, QUALITY, DRIFT, PERFORMANCE)
_PAGE = 200


def logged_evaluations(
    instance: "dg.DagsterInstance", model: str
) -> Iterator[tuple[Evaluation, RunInfo]]:
    """Yield the newest evaluation of each asset and window of a model that Dagster knows.

    Materializations of versions that kept no numbers in their metadata are left out.
    """
    for asset in ASSETS:
        yield from _of_asset(instance, model, asset)


def _of_asset(
    instance: "dg.DagsterInstance", model: str, asset: str
) -> Iterator[tuple[Evaluation, RunInfo]]:
    import dagster as dg

    from monitoring_assets.defs.results import NUMBERS

    seen = set()
    for record in _newest_first(instance, model, asset):
        materialization = record.asset_materialization
        if materialization is None or record.partition_key in seen:
            continue
        seen.add(record.partition_key)
        numbers = materialization.metadata.get(NUMBERS)
        if isinstance(numbers, dg.JsonMetadataValue) and isinstance(numbers.data, Mapping):
            yield evaluation_of(model, asset, record.run_id, numbers.data)


def _newest_first(
    instance: "dg.DagsterInstance", model: str, asset: str
) -> Iterator["dg.EventLogRecord"]:
    import dagster as dg

    key, cursor, has_more = dg.AssetKey([model, asset]), None, True
    while has_more:
        found = instance.fetch_materializations(key, limit=_PAGE, cursor=cursor)
        yield from found.records
        cursor, has_more = found.cursor, found.has_more
