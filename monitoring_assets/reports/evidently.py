r"""Evidently's own HTML report of one window, escaped; a picture for people, never a verdict.

Evidently 0.7 writes column names and category values into an inline script without escaping `<`,
so that a category holding a closing script tag would run in the reader's browser. Every `<`, `>`
and `&` inside the report's JSON becomes `\u003c` and so on: the report looks the same.
"""

import re

import pyarrow as pa

from monitoring_assets.application.monitor import ModelMonitor
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.errors import SourceError
from monitoring_assets.domain.window import Window

MOST_ROWS = 20_000
_ESCAPES = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}


def report_path(model: str, window_key: str) -> str:
    """Return where the report of a window is stored."""
    return f"{model}/evidently_report/{window_key}.html"


def write_report(monitor: ModelMonitor, window: Window) -> str:
    """Make the report of a stored window and store it; return its address.

    Raises:
        SourceError: If the window was not stored yet or holds no row.
    """
    if monitor.ports.engine is not None:
        raise SourceError(
            f"the features of {monitor.config.name} stay where they are "
            f"({monitor.ports.engine.description}): Evidently's report needs `engine: local`"
        )
    current = monitor.stored_log(window)
    if not current.num_rows:
        raise SourceError(f"{window.key} of {monitor.config.name} holds no row to report on")
    html = _html(monitor.config, monitor.reference().rows, current)
    path = report_path(monitor.config.name, window.key)
    return monitor.ports.artifacts.write_text(path, escaped(html))


def _html(config: ModelConfig, reference: pa.Table, current: pa.Table) -> str:
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset, DataSummaryPreset

    categorical = [n for n, f in config.features.items() if f.type == "categorical"]
    numeric = list(config.numeric_features)
    (numeric if config.is_numeric(config.drift_column) else categorical).append(
        config.drift_column
    )
    columns = [
        c for c in dict.fromkeys([*numeric, *categorical]) if _has_values(reference, current, c)
    ]
    definition = DataDefinition(
        numerical_columns=[c for c in numeric if c in columns],
        categorical_columns=[c for c in categorical if c in columns],
    )
    sides = [
        Dataset.from_pandas(_sampled(rows).select(columns).to_pandas(), data_definition=definition)
        for rows in (current, reference)
    ]
    report = Report([DataDriftPreset(), DataSummaryPreset()])
    return str(report.run(*sides).get_html_str(as_iframe=False))


def _has_values(reference: pa.Table, current: pa.Table, column: str) -> bool:
    """Return whether both sides hold a value: Evidently loses the whole report otherwise."""
    return all(
        column in rows.column_names and rows.column(column).null_count < rows.num_rows
        for rows in (reference, current)
    )


def _sampled(rows: pa.Table) -> pa.Table:
    """Return evenly spaced rows, so that the report takes seconds whatever the window holds."""
    step = -(-rows.num_rows // MOST_ROWS)
    return rows if step <= 1 else rows.take(pa.array(range(0, rows.num_rows, step), pa.int64()))


# The two lines that Evidently's `file_html_template` writes: `json.dumps` leaves no line break in.
_DATA_LINE = re.compile(r"^(    var (?:additional_graphs_)?\w+ = )(\{.*\})(;)$", re.MULTILINE)
_DATA_LINES = 2


def escaped(html: str) -> str:
    """Return a report in which no value can end the script that holds it.

    Raises:
        ValueError: If the report is not of the form that is known to be safe afterwards.
    """
    safe, found = _DATA_LINE.subn(_escaped_line, html, count=_DATA_LINES)
    if found != _DATA_LINES:
        raise ValueError(
            "Evidently's report has another form than expected and cannot be made safe; "
            "use evidently 0.7"
        )
    return safe


def _escaped_line(line: re.Match[str]) -> str:
    data = re.sub("[<>&\u2028\u2029]", lambda found: _ESCAPES[found[0]], line[2])
    return line[1] + data + line[3]
