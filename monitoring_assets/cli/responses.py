"""`mlmon responses`: what was done without asking, and how to take it back."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime

from monitoring_assets.cli.database import ready_environment
from monitoring_assets.cli.incidents import actor, add_actor, add_json
from monitoring_assets.composition import Workspace
from monitoring_assets.domain.errors import ConfigurationError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        "Responses are off unless a model's `responses` say otherwise.\n\n"
        "examples:\n  mlmon responses\n  mlmon responses --undo fallback:6d1f6a0e"
    )
    parser.add_argument("--undo", metavar="NAME", help="take one back; it does not begin again")
    add_actor(parser)
    add_json(parser)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """List what is in force, or take one back."""
    with ready_environment(environ) as ready:
        workspace = Workspace(ready)
        responders = [workspace.responder(model) for model in workspace.models.values()]
        found = [(r, entry) for r in responders for entry in r.in_force()]
        if options.undo:
            for responder, entry in found:
                if entry.subject == options.undo:
                    who = actor(options, environ)
                    print(responder.undo(options.undo, who, datetime.now(UTC)))
                    return 0
            raise ConfigurationError(
                f"no response {options.undo} is in force: `mlmon responses` lists them"
            )
    if options.json:
        print(json.dumps([asdict(e) for _, e in found], indent=1, default=str))
        return 0
    for _, e in found:
        until = f"{e.expires_at:%Y-%m-%d %H:%M} UTC" if e.expires_at else "for ever"
        print(f"{e.model}  {e.subject}  until {until}: {e.detail}\n  undo: {e.undo}")
    print(f"{len(found)} response{'' if len(found) == 1 else 's'} in force")
    return 0
