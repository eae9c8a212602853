"""Where an incident is told."""

from collections.abc import Collection

from monitoring_assets.config.alerts import PAGERDUTY, SLACK, AlertSettings
from monitoring_assets.domain.incident import Incident, Severity


def destinations(
    settings: AlertSettings, incident: Incident, defaults: Collection[str]
) -> tuple[str, ...]:
    """Return the keys of the places where an incident is told; the first fitting route counts.

    Args:
        settings: The model's section `alerts`.
        incident: The incident.
        defaults: Which of `slack` and `pagerduty` the environment offers.
    """
    severity, episode = incident.severity, incident.episode
    for route in settings.routes:
        if route.fits(severity, episode.kind, episode.subject.segment):
            return tuple(dict.fromkeys(settings.key_of(name) for name in route.to))
    names = [SLACK]
    if severity is Severity.PAGE and PAGERDUTY in defaults:
        names.append(PAGERDUTY)
    return tuple(settings.key_of(name) for name in names)


def is_pager(destination: str) -> bool:
    """Return whether a destination wakes people up."""
    return destination.partition(":")[0] == PAGERDUTY


def digest_place(settings: AlertSettings, incident: Incident, defaults: Collection[str]) -> str:
    """Return where the digest tells of an incident: its first place that wakes nobody."""
    places = destinations(settings, incident, defaults)
    quiet = (place for place in places if not is_pager(place))
    return next(quiet, settings.key_of(SLACK))
