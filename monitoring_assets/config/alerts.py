"""The section `alerts` of a model's YAML: who learns of what, where, how fast and how often."""

import re
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from monitoring_assets.config.values import Duration, Settings
from monitoring_assets.domain.incident import Severity
from monitoring_assets.domain.measurement import Kind

SLACK, PAGERDUTY = "slack", "pagerduty"
ROUTING_KEY = "PAGERDUTY_ROUTING_KEY"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _variable_name(name: str | None) -> str | None:
    if name is not None and not _VARIABLE.fullmatch(name):
        raise ValueError(
            f"{name!r} is no name of an environment variable; a secret does not belong here"
        )
    return name


class SlackDestination(Settings):
    """A channel in Slack, reached with the environment's bot token."""

    type: Literal["slack"]
    """`slack`."""
    channel: str
    """An id (`C0123456789`) or a name (`#ml-alerts`)."""

    @property
    def key(self) -> str:
        """Return what the outbox calls it: models that share a channel share its messages."""
        return f"{SLACK}:{self.channel}"


class PagerDutyDestination(Settings):
    """A service in PagerDuty, reached through its Events API v2."""

    type: Literal["pagerduty"]
    """`pagerduty`."""
    routing_key_env: str = ROUTING_KEY
    """The name of the environment variable that holds the integration's routing key."""

    _names = field_validator("routing_key_env")(_variable_name)

    @property
    def key(self) -> str:
        """Return what the outbox calls it."""
        is_default = self.routing_key_env == ROUTING_KEY
        return PAGERDUTY if is_default else f"{PAGERDUTY}:{self.routing_key_env}"


class WebhookDestination(Settings):
    """Any service that takes a signed JSON document over HTTP."""

    type: Literal["webhook"]
    """`webhook`."""
    url_env: str
    """The name of the environment variable that holds the address."""
    secret_env: str | None = None
    """The name of the environment variable that holds the key of the signature."""

    _names = field_validator("url_env", "secret_env")(_variable_name)

    @property
    def key(self) -> str:
        """Return what the outbox calls it."""
        return f"webhook:{self.url_env}"


class EmailDestination(Settings):
    """Addresses that are written to through an SMTP server."""

    type: Literal["email"]
    """`email`."""
    to: Annotated[tuple[str, ...], Field(min_length=1)]
    """The addresses."""
    host_env: str = "SMTP_HOST"
    """The name of the environment variable with the server, as `host` or `host:port`."""
    user_env: str = "SMTP_USER"
    """The name of the environment variable that holds the user, if the server asks for one."""
    password_env: str = "SMTP_PASSWORD"  # noqa: S105  the name of a variable
    """The name of the environment variable that holds the password."""
    from_env: str = "SMTP_FROM"
    """The name of the environment variable that holds the sender's address."""

    _names = field_validator("host_env", "user_env", "password_env", "from_env")(_variable_name)

    @field_validator("to")
    @classmethod
    def _addresses(cls, to: tuple[str, ...]) -> tuple[str, ...]:
        for address in to:
            if not re.fullmatch(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+", address):
                raise ValueError(f"{address!r} is no e-mail address")
        return to

    @property
    def key(self) -> str:
        """Return what the outbox calls it."""
        return f"email:{','.join(self.to)}"


Destination = Annotated[
    SlackDestination | PagerDutyDestination | WebhookDestination | EmailDestination,
    Field(discriminator="type"),
]


class Route(Settings):
    """Where some incidents go; the first route that fits an incident counts."""

    to: Annotated[tuple[str, ...], Field(min_length=1)]
    """Names of `alerts.destinations`, or `slack` and `pagerduty` for the environment's own."""
    severity: tuple[Severity, ...] = ()
    """Only incidents of these severities; all without it."""
    kind: tuple[Kind, ...] = ()
    """Only incidents of these kinds; all without it."""
    segment: str | None = None
    """Only incidents of this segment, `column=value`, or of any value with `column=*`."""

    def fits(self, severity: Severity, kind: Kind, segment: str) -> bool:
        """Return whether an incident takes this route."""
        wanted = self.segment
        return (
            (not self.severity or severity in self.severity)
            and (not self.kind or kind in self.kind)
            and (
                wanted is None
                or wanted == segment
                or (wanted.endswith("=*") and segment.startswith(wanted[:-1]))
            )
        )


class Persistence(Settings):
    """How long a trouble must last to open, and how long it must be gone to close."""

    bad: Annotated[int, Field(ge=1)] = 2
    """So many windows must be bad …"""
    of: Annotated[int, Field(ge=1)] = 3
    """… among so many in a row that were judged."""
    ok: Annotated[int, Field(ge=1)] = 2
    """So many in a row must be ok, beyond the recovery threshold, for it to be over."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.bad > self.of:
            raise ValueError(f"bad: {self.bad} of {self.of} windows can never be")
        return self


class AlertSettings(Settings):
    """Who learns of failures, how fast, and how often."""

    slack_channel: str | None = None
    """The channel of this model's messages; without it the environment's `MLMON_SLACK_CHANNEL`."""
    destinations: dict[str, Destination] = Field(default_factory=dict)
    """Places that messages can go to, by a name for `routes`."""
    routes: tuple[Route, ...] = ()
    """Which incidents go where; without a fitting one to Slack, and pages to PagerDuty too."""
    severity: dict[Kind, Severity] = Field(default_factory=dict)
    """`page`, `ticket` or `info` by kind, where it differs from the default."""
    persistence: dict[Kind, Persistence] = Field(default_factory=dict)
    """How long a kind of trouble must last, where it differs from the default."""
    recovery: Annotated[float, Field(gt=0, le=1)] = 0.75
    """An open incident is over at this share of the way from what is usual to the threshold."""
    escalate_after: Annotated[int, Field(ge=0)] = 3
    """A ticket that nobody acknowledged for so many windows becomes a page; 0: never."""
    warm_up: Annotated[int, Field(ge=0)] | None = None
    """Windows that must be judged with a reference before its verdicts are told; default: 7 days
    or 48 hours. Missing data, schemas and failed runs are told from the first window on."""
    max_age: Duration | None = None
    """Windows that ended longer ago never alert; default: two windows, at least 6h."""
    digest_hour: Annotated[int, Field(ge=0, le=23)] = 9
    """The hour of the day, in the time zone of `cadence`, of the digest of what is not urgent."""
    replies_per_day: Annotated[int, Field(ge=0)] = 3
    """New replies in the thread of a model within a day; the rest goes to the digest."""
    page_every: Duration = timedelta(hours=6)
    """At most one new page of this model in so long; until then pages go to the thread only."""
    messages_per_week: Annotated[int, Field(ge=1)] = 40
    """Threads and replies per destination and week; then tickets go to the digest."""
    remind_every: Duration = timedelta(days=1)
    """A page that nobody acknowledged is recalled in its thread so often; 0h: never."""

    @field_validator("destinations")
    @classmethod
    def _own_names(cls, named: dict[str, Destination]) -> dict[str, Destination]:
        for name in named:
            if name in {SLACK, PAGERDUTY} or not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name):
                raise ValueError(
                    f"destination {name!r}: use letters, digits, dashes; `slack` and `pagerduty` "
                    "are those of the environment"
                )
        return named

    @model_validator(mode="after")
    def _routes_lead_somewhere(self) -> Self:
        known = {*self.destinations, SLACK, PAGERDUTY}
        for route in self.routes:
            for name in route.to:
                if name not in known:
                    raise ValueError(f"routes: {name!r} is none of {', '.join(sorted(known))}")
        return self

    @property
    def places(self) -> dict[str, Destination]:
        """Return every place of this section by the key that the outbox calls it by."""
        own = list(self.destinations.values())
        if self.slack_channel is not None:
            own.append(SlackDestination(type="slack", channel=self.slack_channel))
        return {place.key: place for place in own}

    def key_of(self, name: str) -> str:
        """Return the key of a destination that a route names."""
        if name in self.destinations:
            return self.destinations[name].key
        if name == SLACK and self.slack_channel is not None:
            return f"{SLACK}:{self.slack_channel}"
        return name
