"""The entry point of `mlmon`: finds the command, runs it, and turns errors into exit codes.

Exit codes: 0 done, 1 an error that the message explains, 2 wrong arguments, 130 interrupted.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from monitoring_assets.domain.errors import MonitoringError

# Command → what `mlmon --help` says; each is the module of the same name, imported when used.
COMMANDS = {
    "demo": "make a monitored model with a history, and show it",
    "up": "serve the Dagster UI, the daemon and its sensors",
    "init": "look at existing logs and write a model's first YAML",
    "validate": "check all model files",
    "backfill": "monitor windows of the past",
    "backtest": "replay windows and write every measurement and incident",
    "status": "show all models, their worst columns and what is open",
    "report": "write Evidently's HTML report of a window",
    "reports": "serve the reports that were written",
    "incidents": "list what is open, or close one by hand",
    "ack": "take care of an incident: it does not escalate any more",
    "snooze": "let an incident be quiet for a while, or until it gets worse",
    "silence": "begin, end or list times in which nobody is told",
    "explain": "say why an alert fired, or did not",
    "dispatch": "deliver the messages that wait",
    "slack-actions": "do what the buttons below messages in Slack ask for",
    "exporter": "serve the numbers of now for Prometheus",
    "rebuild-measurements": "write the numbers again from Dagster's event log",
    "db": "start, stop, upgrade, prune or show the database; make a reading role",
    "env": 'print the settings for other tools: eval "$(mlmon env)"',
    "schema": "print the JSON Schema of a model's YAML, for editors",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser(words[0] if words else "")
    options = parser.parse_args(words)
    if not hasattr(options, "run"):
        parser.print_help()
        return 2
    try:
        return int(options.run(options, dict(os.environ)))
    except MonitoringError as error:
        print(f"mlmon: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1


def _parser(chosen: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mlmon", description="ML model monitoring as Dagster assets."
    )
    subparsers = parser.add_subparsers(metavar="COMMAND")
    for name, text in COMMANDS.items():
        command = subparsers.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name == chosen:  # the others need no import to be listed
            module = import_module(f"monitoring_assets.cli.{name.replace('-', '_')}")
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
