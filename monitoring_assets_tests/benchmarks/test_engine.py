"""The benchmark of the engine: small measurements end to end, and what is made of figures."""

import subprocess
import sys
from dataclasses import replace
from xml.dom.minidom import parseString

import pytest

from benchmarks.engine.environments import known_peers
from benchmarks.engine.goals import GOALS, judged
from benchmarks.engine.page import write_page
from benchmarks.engine.parts import PARTS, chosen
from benchmarks.engine.plots import Bar, Panel, bar_chart, digits
from benchmarks.engine.processes import FailedJobError, Run, Spent, own_job, run
from benchmarks.engine.results import Result, figure_of, load, save
from benchmarks.engine.windows import EVIDENTLY, EXACT, PROFILE

SLOW = pytest.mark.slow


def _run(wall=1.0, **changes):
    spent = Spent(wall=wall, cpu=wall)
    fields = {"peak": 100.0, "written": 0.0, "first_number": 0.3, "heavy_imports": [], "found": {}}
    return Run(whole=spent, parts={"window": spent}, **(fields | changes))


def _result(**figures):
    return Result(
        rows=10,
        columns=5,
        figures={name: figure_of([_run(wall)]) for name, wall in figures.items()},
        taken="2025-01-01",
        machine="a machine",
        versions={"numpy": "2"},
    )


@pytest.mark.parametrize(
    "part",
    [
        "window-10k",
        pytest.param("columns-25", marks=SLOW),
        pytest.param("backfill-100k", marks=SLOW),
        pytest.param("stored", marks=SLOW),
        pytest.param("categories", marks=SLOW),
        pytest.param("stream", marks=SLOW),
    ],
)
def test_a_part_is_measured_and_written(tmp_path, part):
    options = ["--only", part, "--peers", "", "--rows-at-most", "2000", "--rounds-at-most", "1"]
    command = [sys.executable, "-m", "benchmarks.engine", *options, "--out", tmp_path]
    subprocess.run(command, check=True, capture_output=True)
    found = load(tmp_path / "engine-figures.json")[part]
    assert found.facts.get("bounds_hold", True)
    assert found.facts.get("counts_equal", True)
    assert all(figure.whole.cpu > 0 for figure in found.figures.values())
    assert "## Peers" in (tmp_path / "engine-figures.md").read_text()


def test_a_failed_job_tells_its_last_line():
    with pytest.raises(FailedJobError, match="KeyError: 'nothing'"):
        run(own_job("x", "nothing"))


def test_results_are_read_as_they_were_written(tmp_path):
    results = {"window-1M": replace(_result(exact=1.5), failures={"tfdv": "no wheel"})}
    save(tmp_path / "r.json", results)
    assert load(tmp_path / "r.json") == results


def test_figures_are_medians():
    assert figure_of([_run(1.0), _run(5.0), _run(2.0)]).whole.wall == 2.0


def test_a_goal_that_was_not_measured_is_not_judged():
    found = judged({"window-1M": _result(**{EXACT: 1.0, EVIDENTLY: 120.0})})
    fast = [goal.what for goal, _ in found if "Evidently," in goal.what]
    assert fast == ["times as fast as Evidently, exact path"]


@pytest.mark.parametrize(("wall", "is_met"), [(1.0, True), (1.3, False)])
def test_a_goal_compares_with_its_limit(wall, is_met):
    results = {"window-1M": _result(**{EXACT: wall, EVIDENTLY: 120.0})}
    goal, value = judged(results)[0]
    assert value == pytest.approx(120 / wall)
    assert goal.is_met(value) is is_met


def test_one_name_means_all_parts_that_begin_with_it():
    assert chosen(["stream", "window"]) == ["window-10k", "window-100k", "window-1M", "stream"]


def test_an_unknown_part_is_refused():
    with pytest.raises(ValueError, match="no part is called windows"):
        chosen(["windows"])


def test_a_page_is_written_from_a_part_alone(tmp_path):
    walls = {"decode": 0.5, EXACT: 1.0, PROFILE: 0.8, EVIDENTLY: 90.0}
    names = ("profile, no correlations", "exact, no correlations")
    write_page({"window-1M": _result(**walls | dict.fromkeys(names, 0.7))}, tmp_path)
    page = (tmp_path / "engine-figures.md").read_text()
    assert "| **exact path** | 1.00 | 90.0 × |" in page
    assert "images/engine-window.svg" in page
    assert not (tmp_path / "images/engine-backfill.svg").exists()


def test_a_plot_is_well_formed_and_logarithmic():
    bars = [Bar(label="a & b", value=10.0, is_ours=True), Bar(label="c", value=1, is_ours=False)]
    svg = parseString(bar_chart([Panel(title="t", bars=bars)], "s"))  # noqa: S318
    drawn = svg.getElementsByTagName("rect")[1:]
    widths = [one.getAttribute("width") for one in drawn]
    assert widths == ["520.0", "1.0"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1234.5, "1,230"), (12.345, "12.3"), (0.0123, "0.0123"), (6e-14, "6e-14")],
)
def test_numbers_have_three_digits(value, text):
    assert digits(value) == text


def test_every_peer_says_what_it_is_asked_and_is_pinned():
    peers = known_peers()
    assert next(iter(peers)) == EVIDENTLY
    assert len(peers) == 8
    for peer in peers.values():
        pins = peer.requirements.read_text().splitlines()[1:]
        assert peer.title
        assert peer.method
        assert peer.version
        assert all("==" in pin for pin in pins)


def test_all_goals_belong_to_parts():
    assert {goal.part for goal in GOALS} <= set(PARTS)
