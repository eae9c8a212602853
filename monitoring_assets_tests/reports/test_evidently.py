"""Evidently's report is really rendered, and nothing in the data can run in it."""

import pytest

from monitoring_assets.domain.errors import SourceError
from monitoring_assets.reports import evidently
from monitoring_assets.reports.evidently import escaped, report_path, write_report
from monitoring_assets_tests.reports.conftest import MARK, PAYLOAD, visible_text, write_page

# Two lines of the form that Evidently's template writes, and one that it does not.
PAGE = """<script>
    var evidently_metrics_1 = {"name": "a<b>&c"};
    var additional_graphs_1 = {};
    var other = {"name": "a<b>"};
</script>"""


@pytest.fixture(scope="session")
def unsafe(stored):
    """Yield the report as Evidently writes it."""
    config, monitor = stored.monitor.config, stored.monitor
    return evidently._html(config, monitor.reference().rows, monitor.stored_log(stored.full))


@pytest.fixture(scope="session")
def safe(unsafe):
    return escaped(unsafe)


def test_data_is_escaped_as_json_that_means_the_same():
    assert r'{"name": "a\u003cb\u003e\u0026c"}' in escaped(PAGE)


def test_only_data_is_escaped():
    assert 'var other = {"name": "a<b>"};' in escaped(PAGE)


def test_a_report_of_unknown_form_is_refused():
    with pytest.raises(ValueError, match="cannot be made safe"):
        escaped("<script>var evidently_metrics_1 = JSON.parse('{}');</script>")


def test_a_window_that_was_not_read_has_no_report(stored):
    with pytest.raises(SourceError):
        write_report(stored.monitor, stored.unread)


def test_a_window_without_rows_has_no_report(stored):
    with pytest.raises(SourceError, match="holds no row"):
        write_report(stored.monitor, stored.empty)


@pytest.mark.slow
def test_a_report_is_stored_where_pages_look_for_it(stored, safe):
    address = write_report(stored.monitor, stored.full)
    path = report_path("churn", stored.full.key)
    assert address.endswith(path)
    assert len(stored.monitor.ports.artifacts.read_text(path)) == pytest.approx(len(safe), rel=0.1)


@pytest.mark.slow
def test_no_name_or_category_ends_a_script(unsafe, safe):
    assert PAYLOAD in unsafe
    assert PAYLOAD not in safe
    assert safe.count("</script") == unsafe.count("</script") - unsafe.count(PAYLOAD) * 2


@pytest.mark.slow
def test_columns_without_values_do_not_cost_the_report(safe):
    assert "never_filled" not in safe
    assert "plan" in safe


@pytest.mark.slow
def test_the_browser_runs_what_is_not_escaped(browsed, tmp_path, unsafe):
    assert MARK in browsed(write_page(tmp_path, unsafe))


@pytest.mark.slow
def test_the_browser_shows_the_names_and_runs_nothing_of_them(browsed, tmp_path, safe):
    page = browsed(write_page(tmp_path, safe))
    assert MARK not in page
    text = visible_text(page)
    assert "Dataset Drift" in text
    assert "document.documentElement.dataset.owned" in text
