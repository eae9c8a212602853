"""`mlmon silence`: a maintenance window, in which nobody is told of what opens."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from monitoring_assets.cli.database import ready_environment
from monitoring_assets.cli.incidents import actor, add_actor, add_json
from monitoring_assets.composition import Workspace
from monitoring_assets.config.values import parse_duration
from monitoring_assets.domain.decision import AuditEntry
from monitoring_assets.domain.errors import ConfigurationError
from monitoring_assets.domain.incident import Silence
from monitoring_assets.domain.measurement import Kind


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        "What was told before is still resolved; what lasts beyond it is told then.\n\n"
        "examples:\n  mlmon silence churn --for 2h --reason 'release 4.2'\n"
        "  mlmon silence --kind quality --column age --for 7d --reason 'known, fixed on Monday'\n"
        "  mlmon silence --list\n  mlmon silence --end 1f0c"
    )
    parser.add_argument("model", nargs="?", default="", help="only this model; default: all")
    parser.add_argument("--for", dest="length", type=parse_duration, metavar="TIME", help="2h, 3d")
    parser.add_argument("--in", dest="delay", type=parse_duration, metavar="TIME", help="begin in")
    parser.add_argument("--reason", default="", help="why, for everybody else")
    parser.add_argument("--kind", choices=[str(k) for k in Kind], default="", help="only this one")
    parser.add_argument("--column", default="", help="only this column")
    parser.add_argument("--segment", default="", help="only this segment, column=value")
    parser.add_argument("--list", action="store_true", help="show all silences")
    parser.add_argument("--end", metavar="ID", help="end one now")
    add_actor(parser)
    add_json(parser)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Begin, end or list silences."""
    with ready_environment(environ) as ready:
        workspace, now = Workspace(ready), datetime.now(UTC)
        if options.list:
            return _show(options, workspace.alerts.silences())
        who = actor(options, environ)
        if options.end:
            ended = replace(_named(workspace, options.end), ends_at=now)
            workspace.alerts.silence(ended, _entry(ended, who, "unsilence", now))
            return _show(options, [ended])
        begun = _silence(options, workspace, who, now)
        workspace.alerts.silence(begun, _entry(begun, who, "silence", now))
    return _show(options, [begun])


def _silence(
    options: argparse.Namespace, workspace: Workspace, who: str, now: datetime
) -> Silence:
    if options.length is None or not options.reason:
        raise ConfigurationError("say how long and why: --for 2h --reason 'release 4.2'")
    if options.model:
        workspace.model(options.model)
    starts = now + (options.delay or timedelta())
    return Silence(
        id=uuid4().hex[:12],
        starts_at=starts,
        ends_at=starts + options.length,
        created_by=who,
        reason=options.reason,
        model=options.model,
        kind=options.kind,
        column=options.column,
        segment=options.segment,
    )


def _named(workspace: Workspace, text: str) -> Silence:
    found = [s for s in workspace.alerts.silences() if s.id.startswith(text)]
    if len(found) != 1:
        raise ConfigurationError(f"{text!r} names no silence: `mlmon silence --list` shows them")
    return found[0]


def _entry(silence: Silence, who: str, action: str, now: datetime) -> AuditEntry:
    return AuditEntry(
        at=now,
        actor=who,
        action=action,
        model=silence.model,
        subject=silence.id,
        detail=silence.reason,
        undo=f"mlmon silence --end {silence.id}" if action == "silence" else "",
        expires_at=silence.ends_at,
    )


def _show(options: argparse.Namespace, silences: list[Silence]) -> int:
    if options.json:
        print(json.dumps([asdict(s) for s in silences], indent=1, default=str))
        return 0
    for s in silences:
        about = " ".join(filter(None, (s.model or "all models", s.kind, s.column, s.segment)))
        print(
            f"{s.id}  {about}  {s.starts_at:%Y-%m-%d %H:%M} … {s.ends_at:%Y-%m-%d %H:%M} UTC  "
            f"{s.created_by}: {s.reason}"
        )
    return 0
