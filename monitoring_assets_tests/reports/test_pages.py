"""The report pages: foreign text stays text, and only reports are served."""

import socket
import urllib.error
import urllib.request
from http import HTTPStatus
from urllib.parse import quote

import pytest

from monitoring_assets.reports.evidently import report_path
from monitoring_assets.reports.pages import ReportPages
from monitoring_assets.stores.artifacts import FileArtifacts
from monitoring_assets_tests.reports.conftest import MARK, PAYLOAD

REPORT = "<!doctype html><title>a report</title><p>all is well</p>"
HOUR = "2026-01-31T07:00"


def link(model, window_key):
    return f"http://127.0.0.1:3000/assets/{model}/evidently_report?partition={window_key}"


@pytest.fixture
def artifacts(tmp_path):
    (tmp_path / "secret.html").write_text("a secret")
    (tmp_path / "evidently_report").mkdir()
    (tmp_path / "evidently_report" / "secret.html").write_text("a secret")
    store = FileArtifacts(str(tmp_path / "artifacts"))
    store.write_text(report_path("churn", "2026-01-31"), REPORT)
    store.write_text(report_path("churn", HOUR), REPORT)
    return store


@pytest.fixture
def pages(artifacts):
    return ReportPages(artifacts, link)


@pytest.fixture
def address(pages):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pages.start(port)
    return f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("key", ["2026-01-31", HOUR])
def test_a_report_is_served_as_it_was_stored(pages, key):
    assert pages.page(f"/churn/{quote(key, safe='')}.html") == (HTTPStatus.OK, REPORT)


def test_a_report_that_was_not_made_links_to_where_it_can_be(pages):
    status, html = pages.page("/churn/2026-02-01.html")
    assert status == HTTPStatus.NOT_FOUND
    assert f'<a href="{link("churn", "2026-02-01")}"' in html


@pytest.mark.parametrize(
    "path", [f"/churn/{quote(PAYLOAD, safe='')}.html", f"/{quote(PAYLOAD, safe='')}/day.html"]
)
def test_what_was_asked_for_is_escaped(pages, path):
    status, html = pages.page(path)
    assert status == HTTPStatus.NOT_FOUND
    assert "<script>" not in html


def test_a_quote_does_not_end_the_link(pages):
    _, html = pages.page("/churn/%22%20onclick=%22x.html")
    assert '" onclick' not in html


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/churn",
        "/churn/2026-01-31",
        "/churn/evidently_report/2026-01-31.html",
        "/../evidently_report/secret.html",
        "/../secret.html",
        "/churn/..%2f..%2f..%2fsecret.html",
        "/..%2f..%2f/secret.html",
        "/%2e%2e/secret.html",
        "/churn%2f..%2f../secret.html",
        "/churn/%2fetc%2fpasswd.html",
        "/churn/..%5c..%5csecret.html",
        "/churn/2026-01-31%00.html",
        f"/churn/{'9' * 5000}.html",
        "/churn/%ff.html",
    ],
)
def test_nothing_but_reports_is_served(pages, path):
    status, html = pages.page(path)
    assert status == HTTPStatus.NOT_FOUND
    assert "a secret" not in html


def answer_of(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310
            return answer
    except urllib.error.HTTPError as error:
        return error


@pytest.mark.parametrize("path", ["/churn/2026-01-31.html", "/churn/2027-01-01.html", "/"])
def test_every_answer_is_sandboxed(address, path):
    headers = answer_of(address + path).headers
    assert headers["Content-Security-Policy"] == "sandbox allow-scripts"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] == "text/html; charset=utf-8"


def test_the_server_goes_on_after_a_broken_request(address):
    port = int(address.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
    assert answer_of(f"{address}/churn/2026-01-31.html").status == HTTPStatus.OK


@pytest.mark.slow
def test_a_sandboxed_report_runs_its_scripts_and_has_no_origin(browsed, artifacts, address):
    script = "document.documentElement.dataset.owned='yes';document.body.append(window.origin)"
    artifacts.write_text(report_path("churn", "2026-03-01"), f"<body><script>{script}</script>")
    page = browsed(f"{address}/churn/2026-03-01.html")
    assert MARK in page
    assert "</script>null" in page
