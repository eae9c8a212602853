"""How commands name windows: `--from` and `--to`, or the first and the last there can be."""

import argparse
from datetime import UTC, datetime

from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.errors import ConfigurationError
from monitoring_assets.domain.window import Window


def between(config: ModelConfig, first: str | None, last: str | None) -> list[Window]:
    """Return the windows from one key to another, both included.

    Without a first key they begin with the model's first window, without a last one they end
    with the newest complete one.

    Raises:
        ConfigurationError: If a key is none, or there is no window between them.
    """
    cadence = config.cadence.windows
    start = cadence.first() if first is None else _window(config, first)
    end = cadence.last_complete(datetime.now(UTC)) if last is None else _window(config, last)
    windows = [] if end is None else list(cadence.between(start, end))
    if not windows:
        raise ConfigurationError(f"{config.name} has no window from {first} to {last}")
    return windows


def _window(config: ModelConfig, key: str) -> Window:
    cadence = config.cadence.windows
    try:
        window = cadence.window(key)
    except ValueError as error:
        raise ConfigurationError(
            f"{key!r} names no window of {config.name}; write for instance {cadence.first().key}"
        ) from error
    if window.start < cadence.first().start:
        raise ConfigurationError(
            f"{key} is before the first window of {config.name}, {cadence.first().key}"
        )
    return window


def add_range(parser: argparse.ArgumentParser) -> None:
    """Declare `--from` and `--to`."""
    parser.add_argument("--from", dest="first", metavar="WINDOW", help="first window, 2026-01-31")
    parser.add_argument("--to", dest="last", metavar="WINDOW", help="last window, included")
