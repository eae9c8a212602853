"""Everything a user can write, set or read has its place in the pages."""

import re
import tomllib

import pytest

from monitoring_assets.application import monitor
from monitoring_assets.defs.evidently_report import REPORT
from monitoring_assets.domain.incident import Severity
from monitoring_assets.domain.measurement import Kind, Status
from monitoring_assets.evaluation import drift, labels, log, performance, quality
from monitoring_assets.metrics.drift_methods import DRIFT_METHODS
from monitoring_assets.metrics.performance import PERFORMANCE_METRICS
from monitoring_assets.stores.schema import metadata
from monitoring_assets_tests.docs.pages import ROOT

ASSETS = [getattr(monitor, n) for n in ("REFERENCE", "LOG", "LABELS", "QUALITY", "DRIFT")]
ASSETS += [monitor.PERFORMANCE, monitor.DECISION, REPORT]
CHECKS = [c for m in (log, labels, quality, drift, performance) for c in m.CHECKS]
_NAMED = re.compile(r'(?:metric=|\b(?:measured|_share|_schema|_columns|_fault)\(\s*)"([a-z_]+)"')


def _metrics_of_evaluation():
    source = "\n".join(p.read_text() for p in (ROOT / "monitoring_assets/evaluation").glob("*.py"))
    return sorted(set(_NAMED.findall(source)))


@pytest.fixture(scope="module")
def asset_graph(pages):
    return next(p.text for p in pages if p.path.name == "asset-graph.md")


@pytest.fixture(scope="module")
def model_page(pages):
    return next(p.text for p in pages if p.path.name == "model-yaml.md")


def test_the_tables_of_all_keys_are_up_to_date(model_page, model_reference):
    message = "run: python scripts/write_model_reference.py"
    assert model_reference.page_with_tables(model_page) == model_page, message


def test_the_tables_hold_keys_of_every_depth(model_reference):
    assert {"name", "cadence.every", "features.<name>.drift.method"} <= set(model_reference.keys())


@pytest.mark.parametrize("asset", ASSETS)
def test_every_asset_has_its_section(asset, asset_graph):
    assert f"\n### `{asset}`\n" in asset_graph


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_is_explained(check, asset_graph):
    assert f"| `{check}` |" in asset_graph


@pytest.mark.parametrize("metric", [*_metrics_of_evaluation(), *PERFORMANCE_METRICS])
def test_every_metric_is_explained(metric, asset_graph):
    assert f"`{metric}`" in asset_graph


def test_the_metrics_of_the_evaluation_were_found():
    assert {"drift", "missing_share", "row_count", "volume_ratio"} <= set(_metrics_of_evaluation())


@pytest.mark.parametrize("metric", PERFORMANCE_METRICS)
def test_every_metric_of_performance_has_its_limit(metric, model_page):
    assert f"`{metric}`" in model_page.split("## Metrics of performance")[1]


@pytest.mark.parametrize("method", DRIFT_METHODS.values(), ids=lambda m: m.name)
def test_every_method_of_drift_is_listed_with_its_limit(method, model_page):
    row = next(r for r in model_page.splitlines() if r.startswith(f"| `{method.name}` | "))
    _, kinds, meaning, limit = (cell.strip() for cell in row.strip("|").split(" | "))
    assert kinds == ("both" if len(method.kinds) == 2 else next(iter(method.kinds)))
    assert meaning.startswith("below" if method.is_p_value else "above")
    assert limit == f"{method.threshold:g}"


@pytest.mark.parametrize("name", [*Status, *Severity, *Kind])
def test_every_status_severity_and_kind_is_named(name, asset_graph):
    assert re.search(rf"\b{name}\b", asset_graph)


@pytest.mark.parametrize("table", metadata.tables.values(), ids=lambda t: t.name)
def test_every_column_of_a_table_is_listed(table, asset_graph):
    section = asset_graph.split(f"### `monitoring.{table.name}`")[1].split("\n### ")[0]
    assert [c.name for c in table.columns if f"`{c.name}`" not in section] == []


def test_every_layer_is_drawn(readme):
    pyproject = (ROOT / "pyproject.toml").read_text()
    layers = re.search(r"^layers = \[(.*?)\]", pyproject, re.DOTALL | re.MULTILINE)[1]
    drawing = next(block for block in readme.blocks("text") if "composition root" in block)
    drawn = re.findall(r"^ ((?:[a-z]+ {1,2})*[a-z]+)(?= |$)", drawing, re.MULTILINE)
    names = [name for line in re.findall('"([^"]+)"', layers) for name in line.split(" | ")]
    assert [n for n in names if not any(n in line.split() for line in drawn)] == []


def test_every_dependency_says_why(pages):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = [re.match(r"[A-Za-z-]+", requirement)[0].rstrip("-") for requirement in declared]
    page = next(p.text for p in pages if p.path.name == "dependencies.md")
    assert len(names) > 20
    assert [name for name in names if f"`{name}`" not in page] == []


def test_every_decision_is_in_the_index():
    folder = ROOT / "docs/decisions"
    index = (folder / "README.md").read_text()
    assert [p.name for p in folder.glob("0*.md") if f"]({p.name})" not in index] == []
