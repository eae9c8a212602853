"""Begin and end what is done without asking; the audit is where it is remembered.

A response begins once per incident, ends with its cause, at its expiry or when somebody takes it
back, and does not begin again after that.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from monitoring_assets.alerting.responses import fallback, quarantine
from monitoring_assets.alerting.responses.registry import RESPONSES, mode_of, wanted
from monitoring_assets.application.ports import AlertStore
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.config.responses import Mode
from monitoring_assets.domain.decision import AuditEntry
from monitoring_assets.domain.errors import ConfigurationError
from monitoring_assets.domain.response import Response

RESPOND, WOULD, END, UNDO = "respond", "would respond", "end of response", "undo"


class Flags(Protocol):
    """Where marks for other programs are written."""

    def write_text(self, path: str, text: str) -> str:
        """Write a text file; return its full address."""

    def delete(self, path: str) -> None:
        """Remove a file if it is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """The responses of one model.

    Attributes:
        flags: Where marks are written.
    """

    config: ModelConfig
    store: AlertStore
    flags: Flags

    def respond(self, now: datetime) -> list[str]:
        """Begin what is wanted and end what is not any more; return one line for each."""
        if all(mode_of(self.config, name) is Mode.OFF for name in RESPONSES):
            return []
        known = self._known()
        incidents = self.store.find(self.config.name)
        current = wanted(self.config, incidents, now, over(known.values()))
        lines = [self._begin(r, now) for r in current if r.subject not in known]
        subjects = {r.subject for r in current}
        ended = [e for s, e in known.items() if e.action == RESPOND and s not in subjects]
        return [*lines, *(self._end(e, "response", END, now) for e in ended)]

    def undo(self, subject: str, actor: str, now: datetime) -> str:
        """Take a response back; it does not begin again for the same incident.

        Raises:
            ConfigurationError: If it is not in force.
        """
        entry = self._known().get(subject)
        if entry is None or entry.action != RESPOND:
            raise ConfigurationError(
                f"no response {subject} is in force: `mlmon responses` lists them"
            )
        return self._end(entry, actor, UNDO, now)

    def in_force(self) -> Sequence[AuditEntry]:
        """Return what is in force."""
        return [e for e in self._known().values() if e.action == RESPOND]

    def _known(self) -> Mapping[str, AuditEntry]:
        """Return the newest entry about every response of this model."""
        return {
            e.subject: e
            for e in self.store.audit()
            if e.model == self.config.name and e.action in {RESPOND, WOULD, END, UNDO}
        }

    def _begin(self, response: Response, now: datetime) -> str:
        is_on = mode_of(self.config, response.name) is Mode.ON
        if is_on:
            self._write(response)
        entry = AuditEntry(
            at=now,
            actor="response",
            action=RESPOND if is_on else WOULD,
            model=self.config.name,
            subject=response.subject,
            detail=response.detail,
            undo=f"mlmon responses --undo {response.subject}" if is_on else "",
            expires_at=response.expires_at,
        )
        self.store.note(entry)
        return f"{entry.action} {response.subject}: {response.detail}"

    def _end(self, entry: AuditEntry, actor: str, action: str, now: datetime) -> str:
        for path in self._marks(entry.subject):
            self.flags.delete(path)
        done = AuditEntry(
            at=now,
            actor=actor,
            action=action,
            model=self.config.name,
            subject=entry.subject,
            detail=entry.detail,
        )
        self.store.note(done)
        return f"{action} {entry.subject}"

    def _write(self, response: Response) -> None:
        told = {
            "model": response.model,
            "response": response.name,
            "incident": response.incident_id,
            "window": response.window and response.window.key,
            "reason": response.detail,
            "expires_at": response.expires_at.isoformat(),
        }
        for path in self._marks(response.subject):
            self.flags.write_text(path, json.dumps(told, indent=1))

    def _marks(self, subject: str) -> list[str]:
        """Return the files of a response; those that only mute have none."""
        name, _, incident = subject.partition(":")
        if name == fallback.NAME:
            return [f"{self.config.name}/fallback.json"]
        return [f"{self.config.name}/held/{incident}.json"] if name == quarantine.NAME else []


def over(entries: Iterable[AuditEntry]) -> set[str]:
    """Return the subjects of responses that ended, or that somebody took back."""
    return {e.subject for e in entries if e.action in {END, UNDO}}
