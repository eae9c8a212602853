"""Every error this system raises on purpose, sorted by who can act on it.

    MonitoringError
    ├── ConfigurationError     the user's YAML or command is wrong: file and line
    ├── SourceError            predictions, labels or a reference cannot be read
    │   └── CorruptFileError   a file is there and its content cannot be trusted
    ├── StoreUnavailableError  Postgres or the artifact folder cannot be reached or written
    ├── DatabaseServerError    the embedded Postgres cannot be set up or started
    └── DeliveryError          a message was not accepted; its `Fault` says what to do

A *data* problem (a missing column, a row out of range, an empty window) is never an error: it
is a measurement with a status, see `domain.measurement`.
"""

from enum import StrEnum


class MonitoringError(Exception):
    """The root of all errors raised on purpose; its text says what to do next."""


class ConfigurationError(MonitoringError):
    """The configuration cannot be used; every problem found is listed, each with file and line."""


class SourceError(MonitoringError):
    """Predictions, labels or a reference cannot be read: missing, unreachable or refused."""


class CorruptFileError(SourceError):
    """A file exists but its bytes fail their checks; nothing read from it is judged."""


class StoreUnavailableError(MonitoringError):
    """The database or the artifact folder cannot be used; nothing was recorded as judged."""


class DatabaseServerError(MonitoringError):
    """The embedded Postgres server cannot be set up, started or stopped."""


class Fault(StrEnum):
    """What a message that was not delivered failed of; it decides what happens next."""

    MESSAGE = "message"  # it can never be accepted: given up
    DESTINATION = "destination"  # nothing is accepted until somebody repairs something
    BUSY = "busy"  # not accepted now: the channel said when to come again
    UNKNOWN = "unknown"  # it may have arrived: a time-out, a lost answer, a server's error


class DeliveryError(MonitoringError):
    """A channel did not accept a message, or nobody knows whether it did.

    Attributes:
        retry_after_seconds: How long the channel asked to wait, if it said so.
    """

    def __init__(
        self, message: str, fault: Fault, *, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message)
        self.fault = fault
        self.retry_after_seconds = retry_after_seconds
