"""The profile of a window by the model's engine, where its rows are.

The contract of the log is not checked there: rows that break it are in the profile. What is kept
serves the same steps as the profile that `application.monitor` makes of checked rows.
"""

from monitoring_assets.application.monitor import PROFILE, ModelMonitor, StoredProfile
from monitoring_assets.application.ports import ProfileEngine
from monitoring_assets.domain.window import Window
from monitoring_assets.evaluation.profiles import WindowProfile, to_table


def take_profile(monitor: ModelMonitor, engine: ProfileEngine, window: Window) -> StoredProfile:
    """Have an engine profile a window on the layout of the reference, and store what is kept.

    Raises:
        SourceError: If the reference was not stored yet, or the engine cannot be reached.
    """
    config = monitor.config
    profiles = engine.profile(window, monitor.reference().layout, config.segments)
    profile = WindowProfile(profiles=profiles)
    table = to_table(profile)
    path = f"{config.name}/{PROFILE}/{window.key}.parquet"
    address = monitor.ports.artifacts.write_table(path, table)
    return StoredProfile(profile=profile, address=address, size=table.nbytes)
