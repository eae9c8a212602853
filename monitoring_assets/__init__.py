"""ML model monitoring as Dagster assets.

`MonitoredModel`, the Dagster component, is imported on first use: tools that never touch Dagster
(`mlmon validate`) do not pay two seconds for importing it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitoring_assets.defs.component import MonitoredModel

__all__ = ["MonitoredModel"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from monitoring_assets.defs.component import MonitoredModel

        return MonitoredModel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
