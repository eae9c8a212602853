"""`mlmon init`: look at existing logs and write a model's first YAML."""

import argparse
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from monitoring_assets.config.loader import read_model
from monitoring_assets.config.model import LoadedModel, SourceSettings
from monitoring_assets.domain.errors import ConfigurationError
from monitoring_assets.sources.guess import Guess, guess_source, render_yaml

_DAYS_UNTIL_ENDED = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        "Every guess says why it was made; read the file and correct it.\n\n"
        "examples:\n"
        "  mlmon init churn logs/ --reference training.parquet\n"
        "  mlmon init churn --url-env WAREHOUSE_URL --table ml.predictions \\\n"
        "      --reference training.parquet"
    )
    parser.add_argument("name", help="a name for the model: lower-case letters, digits, _")
    parser.add_argument("logs", nargs="?", help="a file, folder or glob of prediction logs")
    parser.add_argument("--url-env", help="the variable that holds the URL of a database instead")
    parser.add_argument("--table", help="the table of the prediction log in that database")
    parser.add_argument(
        "--reference", required=True, help="the data that windows are compared with, with labels"
    )
    parser.add_argument("--owner", default="team:ml", help="an e-mail address or team:name")
    parser.add_argument(
        "--output", type=Path, help="the file to write (default: models/NAME.yaml)"
    )
    parser.add_argument("--force", action="store_true", help="replace the file if it is there")


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Guess, write the file, and say what to look at."""
    models = Path(environ.get("MLMON_MODELS", "models"))
    output = options.output or models / f"{options.name}.yaml"
    if output.exists() and not options.force:
        raise ConfigurationError(f"{output} is there already; --force replaces it")
    found = guess_source(_settings(options), environ)
    output.parent.mkdir(parents=True, exist_ok=True)
    text = render_yaml(
        found,
        name=options.name,
        owner=options.owner,
        predictions_path=_place(options, output.parent),
        reference_path=_relative(options.reference, output.parent),
        is_ended=_is_ended(found),
    )
    output.write_text(text, encoding="utf-8")
    _explain(found, output)
    return _checked(output)


def _is_ended(found: Guess) -> bool:
    """Return whether the log looks like one that nobody writes to any more."""
    today = datetime.now(UTC).date()
    return found.end is not None and (today - found.end).days > _DAYS_UNTIL_ENDED


def _settings(options: argparse.Namespace) -> SourceSettings:
    if options.logs is not None:
        path = options.logs if "://" in options.logs else str(Path(options.logs).absolute())
        return SourceSettings(path=path)
    if options.url_env is None or options.table is None:
        raise ConfigurationError("give a path of logs, or --url-env and --table")
    return SourceSettings(url_env=options.url_env, table=options.table)


def _place(options: argparse.Namespace, folder: Path) -> str | SourceSettings:
    return _settings(options) if options.logs is None else _relative(options.logs, folder)


def _relative(path: str, folder: Path) -> str:
    """Return a path as seen from the model file, so that both can move together."""
    if "://" in path:
        return path
    return Path(os.path.relpath(Path(path).absolute(), folder.absolute())).as_posix()


def _explain(found: Guess, output: Path) -> None:
    print(f"{output}: {len(found.columns)} columns seen, {len(found.features)} taken as features")
    for role, reason in found.reasons.items():
        if reason:
            print(f"  {role}: {reason}")
    for column, reason in found.left_out.items():
        print(f"  not a feature: {column}: {reason}")


def _checked(output: Path) -> int:
    loaded = read_model(output)
    if isinstance(loaded, LoadedModel):
        print(f"next: correct {output} where it is wrong, then `mlmon validate` and `mlmon up`")
        return 0
    for problem in loaded:
        print(f"to correct: {problem}", file=sys.stderr)
    return 1
