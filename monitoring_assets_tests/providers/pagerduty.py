"""PagerDuty's Events API v2 on 127.0.0.1, written from its public documentation.

A trigger opens an incident (somebody is paged) unless one with its `dedup_key` is open; a resolve
without an open one is dropped; change events page nobody. Run it by itself:

    python -m monitoring_assets_tests.providers.pagerduty --port 8102
"""

import json
from dataclasses import asdict, dataclass, field
from itertools import count

from monitoring_assets_tests.providers.server import Answer, Bucket, HttpProvider, run

ROUTING_KEY = "R0CANARYPAGERDUTYROUTINGKEY00000"
SEVERITIES = {"critical", "error", "warning", "info"}
ACTIONS = {"trigger", "acknowledge", "resolve"}
MOST_BYTES = 512 * 1024
PER_MINUTE = 120


@dataclass(slots=True)
class PagedIncident:
    dedup_key: str
    summary: str
    severity: str
    is_open: bool = True
    triggers: int = 1
    details: dict = field(default_factory=dict)


class RefusedError(Exception):
    """A request that can never be accepted."""


class PagerDuty(HttpProvider):
    """The events that arrived, and the incidents and changes that they made."""

    def __init__(self, routing_keys=(ROUTING_KEY,), per_minute=None):
        super().__init__()
        self.routing_keys = set(routing_keys)
        self.bucket = Bucket(per_minute / 60, per_minute) if per_minute else None
        self.incidents: list[PagedIncident] = []
        self.changes: list[dict] = []
        self.dropped: list[dict] = []  # follow-ups of incidents that are closed already
        self.early: list[dict] = []  # follow-ups of incidents that never were
        self._keys = count()

    def lift_limits(self):
        self.bucket = None

    @property
    def url(self):
        return f"{self.address}/v2"

    def state(self):
        return {
            "incidents": [asdict(incident) for incident in self.incidents],
            "changes": self.changes,
            "dropped": self.dropped,
            "early": self.early,
        }

    def serve(self, request):
        if self.bucket and self.bucket.wait_seconds():
            return self.too_many()
        try:
            event = _event(request.body)
            if event.get("routing_key") not in self.routing_keys:
                raise RefusedError("routing_key is invalid")
            with self.lock:
                match request.path:
                    case "/v2/enqueue":
                        return self._event(event)
                    case "/v2/change/enqueue":
                        return self._change(event)
            return Answer(404, {"message": "not found"})
        except RefusedError as refused:
            body = {
                "status": "invalid event",
                "message": "Event object is invalid",
                "errors": [str(refused)],
            }
            return Answer(400, body)

    def open(self, dedup_key):
        """Return the open incident of a key, None where there is none."""
        return next((i for i in self.incidents if i.is_open and i.dedup_key == dedup_key), None)

    def _event(self, event):
        action = event.get("event_action")
        if action not in ACTIONS:
            raise RefusedError("event_action is invalid")
        key = event.get("dedup_key") or (f"made-up-{next(self._keys)}" if _is(action) else "")
        if not 0 < len(key) <= 255:
            raise RefusedError("dedup_key must have 1 to 255 characters")
        if _is(action):
            self._trigger(key, _payload(event, {"summary", "source", "severity"}))
        else:
            self._follow_up(action, key, event)
        accepted = {"status": "success", "message": "Event processed", "dedup_key": key}
        return Answer(202, accepted)

    def _trigger(self, key, payload):
        if payload["severity"] not in SEVERITIES:
            raise RefusedError("severity is invalid")
        incident = self.open(key)
        if incident is not None:
            incident.triggers += 1
            return
        self.incidents.append(
            PagedIncident(
                dedup_key=key,
                summary=payload["summary"],
                severity=payload["severity"],
                details=payload.get("custom_details", {}),
            )
        )

    def _follow_up(self, action, key, event):
        incident = self.open(key)
        if incident is None:
            is_known = any(i.dedup_key == key for i in self.incidents)
            (self.dropped if is_known else self.early).append(event)
        elif action == "resolve":
            incident.is_open = False

    def _change(self, event):
        payload = _payload(event, {"summary"})
        self.changes.append(payload)
        return Answer(202, {"status": "success", "message": "Change event processed"})


def _is(action):
    return action == "trigger"


def _event(body):
    if len(body) > MOST_BYTES:
        raise RefusedError("the event exceeds 512 KB")
    try:
        event = json.loads(body)
    except ValueError:
        raise RefusedError("JSON is invalid") from None
    if not isinstance(event, dict):
        raise RefusedError("JSON is no object")
    for link in event.get("links", []):
        if not link.get("href", "").startswith(("http://", "https://")):
            raise RefusedError("a link needs an href")
    return event


def _payload(event, required):
    payload = event.get("payload") or {}
    for name in required:
        if not payload.get(name):
            raise RefusedError(f"payload.{name} is missing or blank")
    if len(payload["summary"]) > 1_024:
        raise RefusedError("summary exceeds 1024 characters")
    return payload


if __name__ == "__main__":
    run(PagerDuty(per_minute=PER_MINUTE), "PagerDuty's Events API v2 on 127.0.0.1.")
