"""Links from a row or a chart to another dashboard, to Dagster, and to a report.

They keep the range of time. A name is encoded where it becomes part of an address: names of
columns may hold anything.
"""

from monitoring_assets.dashboards.looks import Json, link

_TIME = "${__url_time_range}"
_ROW = "${{__data.fields.{}:percentencode}}"
_UI, _REPORTS = "${ui:raw}", "${reports:raw}"


def of_row(column: str) -> str:
    """Return the value of a column of the same row, for an address."""
    return _ROW.format(column)


def _dashboard(title: str, uid: str, **variables: str) -> Json:
    chosen = "&".join(f"var-{name}={value}" for name, value in variables.items())
    return link(title, f"/d/{uid}?{chosen}&{_TIME}")


def _partition(asset: str, model: str) -> Json:
    path = f"{_UI}/assets/{model}/{asset}?view=partitions&partition={of_row('window_key')}"
    return link("Open this window in Dagster", path, new_tab=True)


_MODEL_OF_ROW, _CHOSEN_MODEL = of_row("model"), "${model:percentencode}"

MODEL = _dashboard("Health of this model", "mlmon-model", model=_MODEL_OF_ROW)
PERFORMANCE = _dashboard("Performance of this model", "mlmon-performance", model=_MODEL_OF_ROW)
INCIDENTS = _dashboard("Incidents of this model", "mlmon-incidents", model=_MODEL_OF_ROW)
WORST_COLUMN = _dashboard(
    "Drift of this model, its worst column in front",
    "mlmon-drift",
    model=_MODEL_OF_ROW,
    column=of_row("worst_column"),
)
DRIFT_OF_COLUMN = _dashboard(
    "Distribution of this column",
    "mlmon-drift",
    model=_CHOSEN_MODEL,
    column=of_row("column_name"),
)
DECISION_OF_MODEL = _partition("alert_decision", _MODEL_OF_ROW)
ASSET_OF_ROW = _partition(of_row("asset"), _CHOSEN_MODEL)
ASSET_OF_MODEL = _partition(of_row("asset"), _MODEL_OF_ROW)
RUN = link("Open the run in Dagster", f"{_UI}/runs/{of_row('run_id')}", new_tab=True)
REPORT = link(
    "Open Evidently's report of this window",
    f"{_REPORTS}/{_CHOSEN_MODEL}/{of_row('window_key')}.html",
    new_tab=True,
)
REPORT_OF_MODEL = link(
    "Open Evidently's report of this window",
    f"{_REPORTS}/{_MODEL_OF_ROW}/{of_row('window_key')}.html",
    new_tab=True,
)
