"""Write the dashboards as JSON files, or say which files are not what would be written.

python -m monitoring_assets.dashboards grafana/dashboards
python -m monitoring_assets.dashboards --check grafana/dashboards
"""

import argparse
import json
import sys
from pathlib import Path

from monitoring_assets.dashboards.catalog import dashboards


def files() -> dict[str, str]:
    """Return the text of each file by its name; it is the same in every run."""
    return {
        f"{one['uid']}.json": json.dumps(one, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        for one in dashboards()
    }


def differences(folder: Path) -> list[str]:
    """Return the names of files that are missing, different, or left over."""
    wanted = files()
    there = {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.json")}
    return sorted(
        name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name)
    )


def main(arguments: list[str] | None = None) -> int:
    """Write or check; the exit code is 1 where a check finds differences."""
    parser = argparse.ArgumentParser(prog="python -m monitoring_assets.dashboards")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args(arguments)
    changed = differences(options.folder)
    if options.check:
        command = f"python -m monitoring_assets.dashboards {options.folder}"
        if changed:
            sys.stderr.write(f"{', '.join(changed)}: not as generated; run: {command}\n")
        return int(bool(changed))
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in changed:
        (options.folder / name).unlink(missing_ok=True)
    for name, text in files().items():
        (options.folder / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
