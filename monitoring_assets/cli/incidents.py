"""`mlmon incidents`: what is open, and what was."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from monitoring_assets.alerting.sentences import line, sentence, subject_of
from monitoring_assets.application.incidents import Alerts
from monitoring_assets.application.ports import AlertStore
from monitoring_assets.cli.database import ready_environment
from monitoring_assets.composition import Workspace
from monitoring_assets.domain.errors import ConfigurationError
from monitoring_assets.domain.incident import Incident


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        "examples:\n  mlmon incidents\n  mlmon incidents churn --all --json\n"
        "  mlmon incidents --resolve 6d1f6a0e"
    )
    parser.add_argument("model", nargs="?", default="", help="only those of a model")
    parser.add_argument("--all", action="store_true", help="also those that are over")
    parser.add_argument("--resolve", metavar="ID", help="close one by hand")
    add_actor(parser)
    add_json(parser)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """List incidents, or close one."""
    with ready_environment(environ) as ready:
        workspace = Workspace(ready)
        if options.resolve:
            incident = named(workspace.alerts, options.resolve)
            done = alerts_of(workspace, incident).resolve(
                incident.id, actor(options, environ), datetime.now(UTC)
            )
            return tell(options, done, "closed")
        if options.model:
            workspace.model(options.model)
        found = workspace.alerts.find(options.model)
        shown = [i for i in found if options.all or i.is_open]
    if options.json:
        print(json.dumps([as_json(i) for i in shown], indent=1))
        return 0
    for incident in shown:
        print(_line(incident))
    print(f"{len(shown)} incident{'' if len(shown) == 1 else 's'}")
    return 0


def add_actor(parser: argparse.ArgumentParser) -> None:
    """Declare `--by`."""
    parser.add_argument("--by", metavar="NAME", help="who does it; default: the user's name")


def add_json(parser: argparse.ArgumentParser) -> None:
    """Declare `--json`."""
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def actor(options: argparse.Namespace, environ: Mapping[str, str]) -> str:
    """Return who is at the keyboard."""
    return options.by or environ.get("USER") or environ.get("LOGNAME") or "somebody"


def named(store: AlertStore, text: str) -> Incident:
    """Return the incident whose id begins with a text.

    Raises:
        ConfigurationError: If there is none, or more than one.
    """
    found = store.find(incident_id=text.strip().lower()) if text.strip() else []
    if len(found) != 1:
        which = ", ".join(i.id[:12] for i in found[:5])
        raise ConfigurationError(
            f"{text!r} names {which}: write more of it"
            if found
            else f"no incident {text!r}: `mlmon incidents --all` lists them"
        )
    return found[0]


def alerts_of(workspace: Workspace, incident: Incident) -> Alerts:
    """Return the alerts of an incident's model."""
    return workspace.incidents(workspace.model(incident.model))


def tell(options: argparse.Namespace, incident: Incident, what: str) -> int:
    """Print what was done to an incident; return the exit code."""
    if options.json:
        print(json.dumps(as_json(incident), indent=1))
    else:
        print(f"{what}: {incident.model} {subject_of(incident.episode)} ({incident.id[:8]})")
    return 0


def as_json(incident: Incident) -> dict[str, Any]:
    """Return an incident for machines."""
    e = incident.episode
    return {
        "id": incident.id,
        "model": incident.model,
        "kind": e.kind,
        "severity": incident.severity,
        "state": incident.state,
        **asdict(e.subject),
        "first_window": e.first.key,
        "last_window": e.last.key,
        "resolved_window": e.resolved.key if e.resolved else None,
        "resolution": incident.resolution,
        "windows": e.bad,
        "score": e.score,
        "threshold": e.threshold,
        "sentence": sentence(e),
        "note": incident.note,
        "group": incident.group_id,
        "hidden_by": incident.hidden_by,
        "told_at": incident.told_at and incident.told_at.isoformat(),
        "acked_by": incident.acked_by,
        "snooze_until": incident.snooze_until and incident.snooze_until.isoformat(),
    }


def _line(incident: Incident) -> str:
    e = incident.episode
    return (
        f"{incident.id[:8]}  {incident.severity:<6} {incident.state:<12} {incident.model:<16} "
        f"{e.first.key} … {e.last.key}  {line(incident)} [{incident.note}]"
    )
