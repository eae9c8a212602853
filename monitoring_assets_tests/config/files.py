"""A model file that is right, and ways to make it wrong."""

GOOD = """\
type: monitoring_assets.MonitoredModel
attributes:
  name: churn
  task: binary
  owner: team:growth
  cadence: {start: 2026-01-01}
  predictions: {path: log/*.parquet}
  reference:
    active: v1
    versions:
      v1: {path: reference.parquet}
  columns: {timestamp: at, prediction: predicted, label: churned}
  features:
    age: numeric
    plan: categorical
"""


def with_(old: str, new: str) -> str:
    """Return the file with a part replaced, which must be in it."""
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def and_(line: str) -> str:
    """Return the file with a line more under `attributes`, its 16th."""
    return f"{GOOD}  {line}\n"
