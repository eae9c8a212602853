"""`mlmon status`: all models at a glance, for those who have no dashboards at hand."""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from monitoring_assets.application.overview import History, ModelNow, OpenIncident, Overview
from monitoring_assets.cli.database import readable_engine
from monitoring_assets.cli.incidents import add_json
from monitoring_assets.domain.errors import ConfigurationError
from monitoring_assets.notifiers.text import printable

SOMETHING_IS_WRONG = 3
_COLUMNS, _WINDOWS = 3, 30
_BARS = "▁▂▃▄▅▆▇█"
_NOTHING = "·"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        "A line of bars shows up to 30 windows, the newest last, from the smallest value to the\n"
        "largest. The exit code is 3 where a model is bad or stale, or an incident is open.\n\n"
        "examples:\n  mlmon status\n  mlmon status churn\n  mlmon status --json"
    )
    parser.add_argument("model", nargs="?", default="", help="only this model")
    add_json(parser)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Show how the models are doing."""
    from monitoring_assets.stores.overview import PostgresOverview

    with readable_engine(environ) as engine:
        overviews = PostgresOverview(engine)
        overview = _only(overviews.now(columns=_COLUMNS), options.model)
        history = overviews.history(_WINDOWS)
    if options.json:
        print(json.dumps(as_json(overview, history), indent=1, default=str))
    else:
        print("\n".join(printed(overview, history)))
    is_wrong = any(m.needs_attention for m in overview.models)
    return SOMETHING_IS_WRONG if is_wrong else 0


def _only(overview: Overview, model: str) -> Overview:
    if not model:
        return overview
    models = tuple(m for m in overview.models if m.model == model)
    if not models:
        known = ", ".join(m.model for m in overview.models) or "none"
        raise ConfigurationError(f"no model {model!r} was monitored; there is: {known}")
    incidents = tuple(i for i in overview.incidents if i.model == model)
    return Overview(models=models, incidents=incidents, pipeline=overview.pipeline)


def as_json(overview: Overview, history: Mapping[str, History]) -> dict[str, Any]:
    """Return everything for machines."""
    models = [
        asdict(m)
        | {
            "needs_attention": m.needs_attention,
            "history": asdict(history[m.model]) if m.model in history else None,
        }
        for m in overview.models
    ]
    incidents = [asdict(i) for i in overview.incidents]
    return {"models": models, "incidents": incidents, "pipeline": asdict(overview.pipeline)}


def printed(overview: Overview, history: Mapping[str, History]) -> Iterator[str]:
    """Yield the lines for people; no name in them can move the cursor."""
    for m in overview.models:
        yield _headline(m)
        if m.model in history:
            yield from (f"  {line}" for line in _numbers(m, history[m.model]))
        for column in m.worst_columns:
            limit = "" if column.threshold is None else f", limit {column.threshold:.4g}"
            yield (
                f"  {column.status:<8} {printable(column.column)}: "
                f"{column.method} {column.value:.4g}{limit}"
            )
    if not overview.models:
        yield "no model was monitored yet: `mlmon backfill` or `mlmon up`"
    yield from _incidents(overview.incidents)
    yield _pipeline(overview)


def sparkline(values: Sequence[float | None]) -> str:
    """Return a line of bars, one per value, from the smallest to the largest.

    >>> sparkline([1, None, 3, 2])
    '▁·█▄'
    """
    known = [v for v in values if v is not None]
    low, span = (min(known), max(known) - min(known)) if known else (0.0, 0.0)
    top = len(_BARS) - 1
    return "".join(
        _NOTHING if v is None else _BARS[int((v - low) / span * top) if span else 0]
        for v in values
    )


def _headline(m: ModelNow) -> str:
    status = m.status or "no window"
    fails = f", {m.failing_checks} checks fail" if m.failing_checks else ""
    stale = ", STALE" if m.is_stale else ""
    opened = f", {m.open_incidents} open" if m.open_incidents else ""
    where = f" in {m.window_key}" if m.window_key else ""
    return (
        f"{m.model}: {status}{where}{fails}{opened}{stale} ({printable(m.owner)}, tier {m.tier})"
    )


def _numbers(m: ModelNow, history: History) -> Iterator[str]:
    if m.performance is not None:
        limit = f"limit {m.performance_threshold:.4g}" if m.performance_threshold else ""
        yield _number(m.performance_metric, f"{m.performance:.4g}", history.performance, limit)
    yield _number("drifted", _share(m.drifted_share), history.drifted_share)
    if m.worst_columns and m.worst_columns[0].ratio is not None:
        ratio = f"{m.worst_columns[0].ratio:.3g} ×"
        yield _number("worst drift", ratio, history.worst_ratio, "of the limit")
    yield _number("labelled", _share(m.label_coverage), history.label_coverage)
    rows = "–" if m.rows is None else f"{m.rows:,}"
    yield _number("rows", rows, history.rows)


def _number(name: str, value: str, series: Sequence[float | None], more: str = "") -> str:
    return f"{name:<12} {value:>10}  {sparkline(series)}  {more}".rstrip()


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _incidents(incidents: Sequence[OpenIncident]) -> Iterator[str]:
    if not incidents:
        yield "no incident is open"
        return
    yield f"{len(incidents)} open:"
    for i in incidents:
        yield (
            f"  {i.id[:8]}  {i.severity:<6} {i.state:<12} {i.model}: {printable(i.subject)}, "
            f"{i.first_window} … {i.last_window}: {printable(i.reason)}"
        )


def _pipeline(overview: Overview) -> str:
    p = overview.pipeline
    runs = ", ".join(f"{n} {status}" for status, n in sorted(p.runs.items())) or "none"
    waited = f", the oldest for {p.oldest_waiting_seconds:.0f} s" if p.waiting else ""
    return f"runs within a day: {runs}; messages: {p.waiting} wait{waited}, {p.dead} given up"
