"""`mlmon compare`: how far some windows are from others, from stored profiles."""

import argparse
import json
from collections.abc import Mapping, Sequence

from monitoring_assets.application.comparison import (
    ColumnComparison,
    compare_profiles,
    profiles_of_reference,
    profiles_of_windows,
)
from monitoring_assets.application.monitor import ModelMonitor
from monitoring_assets.cli.windows import between
from monitoring_assets.composition import Workspace
from monitoring_assets.domain.errors import ConfigurationError
from monitoring_assets.domain.window import Window
from monitoring_assets.profiles.profile import Profile
from monitoring_assets.profiles.segments import WHOLE, Segment, SegmentedProfile

REFERENCE, TRAILING = "reference", "trailing"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        "examples:\n"
        "  mlmon compare churn 2026-01-31\n"
        "  mlmon compare churn 2026-03-01..2026-03-07 --with 2026-02-01..2026-02-28\n"
        "  mlmon compare churn 2026-03-07 --with trailing:28 --segment plan=basic\n"
        "  mlmon compare churn 2026-03-01..2026-03-31 --with reference:v1 --json"
    )
    parser.add_argument("model", help="the model's name")
    parser.add_argument("windows", help="a window that was monitored, or FIRST..LAST")
    parser.add_argument(
        "--with",
        dest="baseline",
        default=REFERENCE,
        metavar="BASELINE",
        help="reference (default), reference:VERSION, FIRST..LAST, or trailing:N for the N "
        "windows before",
    )
    parser.add_argument("--segment", metavar="COLUMN=VALUE", help="compare these rows only")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print the columns, the farthest beyond its limit first."""
    workspace = Workspace(environ)
    monitor = workspace.reading_monitor(workspace.model(options.model))
    windows, segment = _range(monitor, options.windows), _segment(options.segment)
    current = profiles_of_windows(monitor, windows)
    baseline = _baseline(monitor, options.baseline, windows)
    found = compare_profiles(monitor, current, baseline, segment)
    sides = baseline.parts[segment], current.parts[segment]
    print(_as_json(found, *sides) if options.json else _as_text(found, *sides))
    return 0


def _range(monitor: ModelMonitor, text: str) -> list[Window]:
    first, _, last = text.partition("..")
    return between(monitor.config, first, last or first)


def _segment(text: str | None) -> Segment:
    if text is None:
        return WHOLE
    column, is_pair, value = text.partition("=")
    if not is_pair:
        raise ConfigurationError(f"--segment {text}: write COLUMN=VALUE, such as plan=basic")
    return column, value


def _baseline(monitor: ModelMonitor, text: str, windows: Sequence[Window]) -> SegmentedProfile:
    kind, _, detail = text.partition(":")
    if kind == REFERENCE:
        return profiles_of_reference(monitor, detail or monitor.config.reference.active)
    if kind == TRAILING:
        return profiles_of_windows(monitor, _before(monitor, windows[0], detail))
    return profiles_of_windows(monitor, _range(monitor, text))


def _before(monitor: ModelMonitor, window: Window, count: str) -> list[Window]:
    if not count.isdecimal() or int(count) == 0:
        raise ConfigurationError(f"--with trailing:{count}: write how many, such as trailing:28")
    cadence = monitor.config.cadence.windows
    earlier = list(cadence.between(cadence.first(), window))[:-1][-int(count) :]
    if not earlier:
        raise ConfigurationError(f"{monitor.config.name} has no window before {window.key}")
    return earlier


def _as_text(found: Sequence[ColumnComparison], baseline: Profile, current: Profile) -> str:
    width = max((len(one.column) for one in found), default=0)
    lines = [f"{current.rows:,} rows compared with {baseline.rows:,}"]
    for one in found:
        value, method = one.found.found, one.found.method
        if value is None:
            lines.append(f"{one.column:<{width}}  {method.name:<16}  {one.found.reason}")
            continue
        bounds = "" if value.low == value.high else f"  [{value.low:.4g}, {value.high:.4g}]"
        said = f"{value.value:<10.4g}  limit {one.limit:<6g}  {one.found.verdict(one.limit)}"
        lines.append(f"{one.column:<{width}}  {method.name:<16}  {said}{bounds}")
    return "\n".join(lines)


def _as_json(found: Sequence[ColumnComparison], baseline: Profile, current: Profile) -> str:
    columns = []
    for one in found:
        value = one.found.found
        columns.append(
            {
                "column": one.column,
                "method": one.found.method.name,
                "value": None if value is None else value.value,
                "lower": None if value is None else value.low,
                "upper": None if value is None else value.high,
                "limit": one.limit,
                "verdict": one.found.verdict(one.limit),
                "n": one.found.n,
                "reason": one.found.reason,
            }
        )
    document = {"rows": current.rows, "baseline_rows": baseline.rows, "columns": columns}
    return json.dumps(document, indent=1)
