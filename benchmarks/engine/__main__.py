"""How fast drift, quality and correlations of windows are, beside other tools and a bare read.

`python -m benchmarks.engine` measures all parts and writes `docs/engine-figures.md` and its plots
from them; `--only window-1M,stream` measures some and keeps what is known of the others.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.engine.bench import Bench, say, with_peers
from benchmarks.engine.environments import default_cache, known_peers
from benchmarks.engine.page import summary, write_page
from benchmarks.engine.parts import PARTS, chosen, have_peers
from benchmarks.engine.processes import ROOT
from benchmarks.engine.results import load, save

_DOCS = ROOT / "docs"
_ALL = 10**12


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options; they explain themselves with `--help`."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.engine",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", type=_names, default=list(PARTS), help=f"some of {','.join(PARTS)}"
    )
    parser.add_argument(
        "--peers", type=_names, default=list(known_peers()), help="'' for none; all by default"
    )
    parser.add_argument("--draw", action="store_true", help="only write the page anew")
    parser.add_argument("--rows-at-most", type=int, default=_ALL, help="for a quick look")
    parser.add_argument("--rounds-at-most", type=int, default=_ALL, help="for a quick look")
    parser.add_argument("--folder", type=Path, help="where inputs are kept; deleted by default")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="of environments")
    parser.add_argument("--out", type=Path, default=_DOCS, help="where the page is written")
    options = parser.parse_args(arguments)
    try:
        options.only = chosen(options.only)
    except ValueError as error:
        parser.error(str(error))
    if unknown := set(options.peers) - set(known_peers()):
        parser.error(f"no peer is called {', '.join(unknown)}")
    if options.out == _DOCS and min(options.rows_at_most, options.rounds_at_most) < _ALL:
        parser.error("a quick look does not belong in the documentation: give --out")
    return options


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def main() -> None:
    """Measure, keep, write the page."""
    options = options_of()
    stored = options.out / "engine-figures.json"
    if not options.draw:
        with tempfile.TemporaryDirectory() as temporary:
            _measure(options, options.folder or Path(temporary), stored)
    results = load(stored)
    write_page(results, options.out)
    print(summary(results))


def _measure(options: argparse.Namespace, folder: Path, stored: Path) -> None:
    """Measure part by part; what was measured is kept when a later part ends early."""
    folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(
        folder=folder,
        rows_at_most=options.rows_at_most,
        rounds_at_most=options.rounds_at_most,
    )
    if have_peers(options.only):
        peers = [known_peers()[name] for name in options.peers]
        bench = with_peers(bench, peers, options.cache)
    for name in options.only:
        say(name)
        found = {**load(stored), name: PARTS[name](bench)}
        save(stored, {part: found[part] for part in PARTS if part in found})


if __name__ == "__main__":
    main()
