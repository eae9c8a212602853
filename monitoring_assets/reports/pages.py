"""The HTTP server of HTML reports: an origin of its own, for the reports hold foreign text.

It is sandboxed: a report may run its scripts, and they reach neither cookies nor other pages.
"""

from collections.abc import Callable
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote, urlsplit

from monitoring_assets.application.ports import ArtifactStore
from monitoring_assets.domain.errors import ConfigurationError, MonitoringError
from monitoring_assets.reports.evidently import report_path

_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "sandbox allow-scripts",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class ReportPages:
    """Serves `/<model>/<window>.html` in a thread of its own."""

    def __init__(self, artifacts: ArtifactStore, asset_link: Callable[[str, str], str]) -> None:
        """Take where reports are stored, and where in the UI a missing one can be made.

        Args:
            artifacts: The store of reports.
            asset_link: The address in the UI of a report's partition (`model`, `window key`).
        """
        self._artifacts = artifacts
        self._asset_link = asset_link

    def start(self, port: int, host: str = "127.0.0.1") -> None:
        """Begin to serve; the thread ends with the process.

        Raises:
            ConfigurationError: If the port cannot be listened on.
        """
        pages = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, html = pages.page(self.path)
                body = html.encode()
                self.send_response(status)
                for name, value in _HEADERS.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing: every page view is not news."""

        try:
            server = ThreadingHTTPServer((host, port), Handler)
        except OSError as error:
            raise ConfigurationError(
                f"{host}:{port} cannot be listened on ({error.strerror}): give another --port"
            ) from error
        Thread(target=server.serve_forever, daemon=True, name="reports").start()

    def page(self, path: str) -> tuple[HTTPStatus, str]:
        """Return a report, or a page that says how to make it."""
        parts = [unquote(part) for part in urlsplit(path).path.strip("/").split("/")]
        if len(parts) != 2 or not parts[1].endswith(".html"):  # noqa: PLR2004
            return HTTPStatus.NOT_FOUND, _message("There is no such report.", "")
        model, window = parts[0], parts[1].removesuffix(".html")
        try:
            html = self._artifacts.read_text(report_path(model, window))
        except (MonitoringError, ValueError):
            return HTTPStatus.NOT_FOUND, _message("There is no such report.", "")
        if html is None:
            link = self._asset_link(model, window)
            text = f"The report of {model} {window} was not made yet: materialize this partition."
            return HTTPStatus.NOT_FOUND, _message(text, link)
        return HTTPStatus.OK, html


def _message(text: str, link: str) -> str:
    anchor = f'<p><a href="{escape(link)}" rel="noreferrer">{escape(link)}</a></p>' if link else ""
    return (
        '<!doctype html><html lang="en"><title>Report</title>'
        '<body style="font:16px sans-serif;margin:3rem">'
        f"<p>{escape(text)}</p>{anchor}</body></html>"
    )
