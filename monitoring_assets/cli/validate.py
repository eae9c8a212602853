"""`mlmon validate`: check all model files without starting anything."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from monitoring_assets.config.loader import load_models, model_files, read_model
from monitoring_assets.config.model import LoadedModel
from monitoring_assets.domain.errors import ConfigurationError
from monitoring_assets.domain.window import Every

DEFAULT_MODELS = "models"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = "examples:\n  mlmon validate\n  mlmon validate models/churn.yaml --json"
    parser.add_argument("paths", nargs="*", type=Path, help="files or folders (default: models)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Check the files; print what is wrong, or what there is."""
    default = Path(environ.get("MLMON_MODELS", DEFAULT_MODELS))
    files = [file for path in options.paths or [default] for file in _files(path)]
    if options.json:
        return _as_json(files)
    models = load_models(files)
    missing = [problem for model in models for problem in _missing_files(model)]
    if missing:
        raise ConfigurationError("\n".join(missing))
    for model in models:
        c = model.config
        every = "daily" if c.cadence.every is Every.DAY else "hourly"
        print(f"{model.file}: {c.name} ({c.task}, {every}, {len(c.features)} features)")
    print(f"{len(models)} model{'' if len(models) == 1 else 's'} ok")
    return 0


def _files(path: Path) -> list[Path]:
    return model_files(path) if path.is_dir() or not path.exists() else [path]


def _as_json(files: list[Path]) -> int:
    problems: list[dict[str, object]] = []
    models = []
    for file in files:
        loaded = read_model(file)
        if isinstance(loaded, LoadedModel):
            models.append(loaded.config.name)
            problems += [{"file": str(file), "message": m} for m in _missing_files(loaded)]
        else:
            problems += [
                {"file": str(p.file), "line": p.line, "where": p.where, "message": p.message}
                for p in loaded
            ]
    if not problems:
        try:
            load_models(files)
        except ConfigurationError as error:  # what is wrong between files
            problems.append({"message": str(error)})
    print(json.dumps({"models": models, "problems": problems}, indent=2))
    return 1 if problems else 0


def _missing_files(model: LoadedModel) -> list[str]:
    """Return the local files of the reference that are not there; logs may come later."""
    return [
        f"{model.file}: reference.versions.{name}.path: {located} does not exist"
        for name, version in model.config.reference.versions.items()
        if version.path is not None
        and "://" not in (located := model.located(version.path))
        and "*" not in located
        and not Path(located).exists()
    ]
