"""Replaying windows through the same evaluation, without Dagster and without a database."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitoring_assets.alerting.incidents import fold
from monitoring_assets.alerting.lifecycle import follow
from monitoring_assets.alerting.verdicts import checks_of, history_of, verdicts_of
from monitoring_assets.application.monitor import ModelMonitor
from monitoring_assets.application.ports import RunInfo
from monitoring_assets.domain.evaluation import CheckResult, Evaluation
from monitoring_assets.domain.incident import Incident
from monitoring_assets.domain.verdict import Verdict
from monitoring_assets.domain.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedWindow:
    """Everything that was found in one window."""

    window: Window
    evaluations: tuple[Evaluation, ...]
    checks: tuple[CheckResult, ...]
    verdicts: tuple[Verdict, ...]


def replay(monitor: ModelMonitor, windows: Iterable[Window]) -> Iterator[ReplayedWindow]:
    """Evaluate windows one after the other, each as if all its labels were due.

    The steps are those of a real run and read what the step before stored; the caller gives
    stores in memory.
    """
    monitor.take_reference(monitor.config.reference.active)
    late = monitor.config.performance.complete_after + timedelta(days=1)
    for window in windows:
        run = RunInfo(run_id="backtest", computed_at=window.end + late)
        log = monitor.take_log(window, run).evaluation
        monitor.take_profile(window)
        evaluations = (
            log,
            monitor.take_labels(window, run),
            monitor.measure_quality(window, run),
            monitor.measure_drift(window, run),
            monitor.measure_performance(window, run),
        )
        checks = tuple(checks_of(evaluations))
        yield ReplayedWindow(
            window=window,
            evaluations=evaluations,
            checks=checks,
            verdicts=tuple(verdicts_of(monitor.config, evaluations)),
        )
        monitor.forget(window)


def incidents(monitor: ModelMonitor, replayed: Iterable[ReplayedWindow]) -> list[Incident]:
    """Return the incidents of replayed windows, in order of opening."""
    windows = list(replayed)
    episodes = fold(monitor.config, history_of(v for r in windows for v in r.verdicts))
    end = max((r.window.end for r in windows), default=datetime.min.replace(tzinfo=UTC))
    found = follow(monitor.config, [], episodes, end)
    return sorted(found, key=lambda i: (i.episode.opened, i.episode.subject))
