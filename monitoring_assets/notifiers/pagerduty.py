"""Page people through PagerDuty's Events API v2, which never pages twice for one open group.

An `open` triggers with the group's key, a `resolve` resolves it, a digest becomes a change event,
which pages nobody. What happens in the thread of an open page stays in the other channels: a
trigger for a page that somebody closed by hand would page again.
"""

from collections.abc import Mapping
from typing import Any

from monitoring_assets.domain.errors import DeliveryError, Fault
from monitoring_assets.domain.incident import Severity
from monitoring_assets.domain.message import Act, Message
from monitoring_assets.notifiers.http import HttpError, post_json
from monitoring_assets.notifiers.marks import links
from monitoring_assets.notifiers.text import cut

EVENTS_API = "https://events.pagerduty.com/v2"
_SUMMARY_LENGTH, _SOURCE_LENGTH, _DETAIL_LENGTH, _LABEL_LENGTH = 1_024, 255, 1_000, 100
_MOST_DETAILS, _MOST_LINKS = 40, 10
_SEVERITIES = {Severity.PAGE: "critical", Severity.TICKET: "error", Severity.INFO: "info"}


class PagerDutyChannel:
    """The `Channel` for one service in PagerDuty."""

    name = "pagerduty"
    # Events are processed after they are accepted: a resolve must not overtake its trigger there.
    gap_seconds = 1.0

    def __init__(
        self, environment: Mapping[str, str], *, key_env: str, base_url: str = EVENTS_API
    ) -> None:
        """Prepare to send; the routing key is read from `environment[key_env]` at each send."""
        self._environment = environment
        self._key_env = key_env
        self._base_url = base_url.rstrip("/")

    def send(
        self, message: Message, *, delivery_id: str, thread: str | None, is_retry: bool
    ) -> str:
        """Trigger, resolve or tell of a change; return the key of the group.

        Raises:
            DeliveryError: If it was not accepted, or if that is not known.
        """
        del delivery_id, thread, is_retry
        match message.act:
            case Act.OPEN:
                self._post_or_plainly("enqueue", trigger(message), _plain_trigger(message))
            case Act.RESOLVE:
                resolve = {"event_action": "resolve", "dedup_key": dedup_key(message)}
                self._post("enqueue", resolve)
            case Act.DIGEST:
                self._post("change/enqueue", change(message))
        return dedup_key(message)

    def _post_or_plainly(
        self, path: str, event: dict[str, Any], plain_event: dict[str, Any]
    ) -> None:
        """Send an event, once more with the least that is required if it is refused."""
        try:
            self._post(path, event)
        except DeliveryError as error:
            if error.fault is not Fault.MESSAGE:
                raise
            self._post(path, plain_event)

    def _post(self, path: str, event: dict[str, Any]) -> None:
        key = self._environment.get(self._key_env, "").strip()
        if not key:
            raise DeliveryError(
                f"no PagerDuty key: set the environment variable {self._key_env}",
                Fault.DESTINATION,
            )
        try:
            post_json("PagerDuty", f"{self._base_url}/{path}", {"routing_key": key, **event})
        except HttpError as error:
            if b"routing_key" in error.body:  # a wrong key is called an invalid event
                raise DeliveryError(
                    f"PagerDuty refuses the routing key in {self._key_env}", Fault.DESTINATION
                ) from None
            raise


def dedup_key(message: Message) -> str:
    """Return the key under which PagerDuty keeps one group together: one page at most."""
    return f"mlmon:{message.group}"[:255]


def trigger(message: Message) -> dict[str, Any]:
    """Return the event that opens a page."""
    event = _plain_trigger(message)
    event["payload"]["custom_details"] = _details(message)
    return event | {"client": "monitoring_assets", "links": _links(message)}


def change(message: Message) -> dict[str, Any]:
    """Return the event that tells of something and pages nobody."""
    payload = {"summary": _summary(message), "custom_details": _details(message)}
    return {"payload": payload, "links": _links(message)}


def _plain_trigger(message: Message) -> dict[str, Any]:
    return {
        "event_action": "trigger",
        "dedup_key": dedup_key(message),
        "payload": {
            "summary": _summary(message),
            "source": cut(message.model, _SOURCE_LENGTH) or "monitoring_assets",
            "severity": _SEVERITIES[message.severity],
        },
    }


def _summary(message: Message) -> str:
    parts = filter(None, (message.title, message.summary))
    return cut(": ".join(parts), _SUMMARY_LENGTH) or "monitoring_assets"


def _details(message: Message) -> dict[str, str]:
    """Return the parts of a message by name; two of one name share it."""
    parts = [("next", message.next_step), *message.facts]
    parts += [("hides", line) for line in message.hides]
    details: dict[str, list[str]] = {}
    for name, text in parts[:_MOST_DETAILS]:
        if name and text:
            details.setdefault(cut(name, _LABEL_LENGTH), []).append(text)
    return {name: cut("; ".join(texts), _DETAIL_LENGTH) for name, texts in details.items()}


def _links(message: Message) -> list[dict[str, str]]:
    return [
        {"href": link.url, "text": cut(link.label, _LABEL_LENGTH)}
        for link in links(message, _MOST_LINKS)
    ]
