"""The decision about one window: is anybody told, of what, and why (not).

It sees all verdicts of the window at once, so there is one message per model and window. How a
trouble lasts over several windows belongs to `alerting.incidents`, sending to `notifiers`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from monitoring_assets.alerting.severity import severity_of
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.decision import Decision, Notice
from monitoring_assets.domain.evaluation import CheckResult, Evaluation
from monitoring_assets.domain.incident import Severity
from monitoring_assets.domain.measurement import Kind, Status, worst
from monitoring_assets.domain.window import Window
from monitoring_assets.evaluation.labels import LABELS


def checks_of(evaluations: Iterable[Evaluation]) -> list[CheckResult]:
    """Return the verdict of every check of a window."""
    results = []
    for evaluation in evaluations:
        names = dict.fromkeys(m.check for m in evaluation.measurements if m.check)
        results += [evaluation.check(name) for name in names]
    return results


def decide(
    config: ModelConfig,
    window: Window,
    checks: Sequence[CheckResult],
    *,
    now: datetime,
    is_backfill: bool,
    link: str,
) -> Decision:
    """Decide about one window.

    Args:
        config: The model.
        window: The window.
        checks: The verdicts of all its checks.
        now: The present.
        is_backfill: Whether history is being made up for; then nobody is told.
        link: Where a reader sees more.
    """
    failing = _ranked(config, [check for check in checks if check.status.is_failing])
    fresh = _fresh(config, window, failing, now)
    silence = _silence(config, failing, fresh, age=now - window.end, is_backfill=is_backfill)
    return Decision(
        model=config.name,
        window=window,
        status=worst(check.status for check in checks),
        reason=silence or "somebody should look at it",
        failing=tuple(map(_line, failing)),
        notice=None if silence else _notice(config, window, failing, fresh, link),
    )


def _silence(
    config: ModelConfig,
    failing: Sequence[CheckResult],
    fresh: Sequence[CheckResult],
    *,
    age: timedelta,
    is_backfill: bool,
) -> str:
    """Return why nobody is told, empty where somebody is."""
    if not failing:
        return "nothing fails"
    if is_backfill:
        return "a backfill tells nobody"
    if not fresh:
        return f"the window ended {_spoken(age)} ago, too long to alert"
    if _severity(config, fresh[0]) is Severity.INFO:
        return "what fails is of severity info"
    return ""


def _severity(config: ModelConfig, check: CheckResult) -> Severity:
    """Return how serious a check's verdict is; warnings are shown and never told."""
    return Severity.INFO if check.status is Status.WARN else severity_of(config, check.kind)


def _ranked(config: ModelConfig, checks: Sequence[CheckResult]) -> list[CheckResult]:
    """Return checks, the most serious first."""
    order = list(Severity)
    return sorted(checks, key=lambda check: order.index(_severity(config, check)))


def _line(check: CheckResult) -> str:
    return f"{check.check}: {check.reason}"


def _fresh(
    config: ModelConfig, window: Window, failing: Sequence[CheckResult], now: datetime
) -> list[CheckResult]:
    """Return what fails and is recent enough to tell: old windows never alert.

    A verdict on labels comes as late as the labels do, so it stays fresh that much longer.
    """
    age, usual = now - window.end, config.alerts.max_age
    if usual is None:
        usual = max(timedelta(hours=6), 2 * (window.end - window.start))
    late = usual + config.performance.complete_after
    return [check for check in failing if age <= (late if _waits_for_labels(check) else usual)]


def _waits_for_labels(check: CheckResult) -> bool:
    return check.kind is Kind.PERFORMANCE or check.check == LABELS


def _notice(
    config: ModelConfig,
    window: Window,
    failing: Sequence[CheckResult],
    fresh: Sequence[CheckResult],
    link: str,
) -> Notice:
    """Return the message: what is fresh decides that it is sent; it tells all that fails."""
    kinds = dict.fromkeys(check.kind.replace("_", " ") for check in failing)
    return Notice(
        model=config.name,
        window_key=window.key,
        severity=_severity(config, fresh[0]),
        title=f"{config.name} {window.key}: {', '.join(kinds)}",
        lines=tuple(map(_line, failing)),
        link=link,
        channel=config.alerts.slack_channel or "",
    )


def _spoken(age: timedelta) -> str:
    return f"{age.days} days" if age.days else f"{age.total_seconds() / 3600:.0f} hours"
