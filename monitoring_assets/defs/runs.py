"""How windows are put into runs, and the tags that say so."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from monitoring_assets.domain.window import Window

# A failing range loses what it did since it began, and one run start costs 4 to 5 CPU seconds.
WINDOWS_PER_RUN = 30

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
PARTITION = "dagster/partition"
BACKFILL = "dagster/backfill"
AUTOMATIC = "dagster/from_automation_condition"
WILL_RETRY = "dagster/will_retry"
# Set by `mlmon backfill`, whose runs belong to no backfill of the daemon.
HISTORY = "mlmon/history"
CAUSE = "mlmon/cause"


def stretches(windows: Iterable[Window], most: int = WINDOWS_PER_RUN) -> Iterator[list[Window]]:
    """Yield groups of neighbouring windows, each for one run over a range.

    Args:
        windows: Different windows of one cadence, in any order.
        most: The largest group.
    """
    stretch: list[Window] = []
    for window in sorted(windows):
        if stretch and (stretch[-1].end != window.start or len(stretch) == most):
            yield stretch
            stretch = []
        stretch.append(window)
    if stretch:
        yield stretch


def range_tags(windows: Sequence[Window]) -> dict[str, str]:
    """Return the tags of a run over neighbouring windows."""
    return {RANGE_START: windows[0].key, RANGE_END: windows[-1].key}


def is_backfill(tags: Mapping[str, str]) -> bool:
    """Return whether a run makes up for history, so that it tells nobody.

    What the automation condition asks for is no history, though the daemon makes a backfill of it
    where it is several windows.
    """
    return HISTORY in tags or (BACKFILL in tags and AUTOMATIC not in tags)


def last_window(tags: Mapping[str, str]) -> str | None:
    """Return the key of a run's newest window, None where the run has none."""
    return tags.get(RANGE_END) or tags.get(PARTITION)
