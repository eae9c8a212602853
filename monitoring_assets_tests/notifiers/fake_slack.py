"""A Slack workspace on 127.0.0.1, written from the public documentation of the four methods used.

It checks the token, the blocks, the metadata and the channel as documented, keeps what was
posted, and can fail in every way that a network and a busy provider can: see `FAULTS`.
"""

import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

TOKEN = "xoxb-canary-token"
CHANNEL = "C0ALERTS01"
NAME = "ml-alerts"

# Before: nothing happened. After: the method did its work, and the caller does not learn it.
FAULTS = (
    "rate_limited",
    "error_500_before",
    "error_500_after",
    "dropped_before",
    "dropped_after",
    "slow_after",
    "html_after",
    "internal_error_after",
    "invalid_auth",
)
SLOW_SECONDS = 0.3


@dataclass(slots=True)
class Message:
    ts: str
    text: str
    blocks: list
    metadata: dict
    arguments: dict
    edits: int = 0


class RefusedError(Exception):
    """An answer with `ok: false`."""


@dataclass
class FakeSlack:
    """The workspace: one channel that the bot is in, and `faults` for the next requests."""

    scopes: set = field(
        default_factory=lambda: {"chat:write", "channels:read", "channels:history"}
    )
    token: str = TOKEN
    is_archived: bool = False
    is_member: bool = True
    page_size: int = 200
    rejects_blocks: bool = False
    rejects_text: bool = False
    editable: bool = True
    retry_after: str = "7"
    faults: list = field(default_factory=list)
    nemesis: Callable[[str], str | None] = lambda _method: None
    messages: list = field(default_factory=list)
    calls: list = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    _clock: int = 0

    def start(self):
        handler = type("Handler", (_Handler,), {"slack": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}/api/"

    @property
    def called(self):
        return [method for method, _arguments in self.calls]

    @property
    def delivery_ids(self):
        return [m.metadata["event_payload"]["delivery_id"] for m in self.messages]

    def next_fault(self, method):
        return self.faults.pop(0) if self.faults else self.nemesis(method)

    def answer(self, method, token, arguments):
        if token != self.token:
            raise RefusedError("invalid_auth" if token else "not_authed")
        with self.lock:
            return _METHODS[method](self, arguments)

    def post(self, arguments):
        if arguments.get("channel") not in {CHANNEL, NAME, f"#{NAME}"}:
            raise RefusedError("channel_not_found")
        if not self.is_member:
            raise RefusedError("not_in_channel")
        if self.is_archived:
            raise RefusedError("is_archived")
        self.check_content(arguments)
        self._clock += 1
        message = Message(
            ts=f"17670{self._clock:05}.000100",
            text=arguments.get("text", ""),
            blocks=arguments.get("blocks", []),
            metadata=arguments.get("metadata", {}),
            arguments=arguments,
        )
        self.messages.append(message)
        return {"channel": CHANNEL, "ts": message.ts, "message": {"text": message.text}}

    def update(self, arguments):
        # Unlike posting, editing and reading take only the id of a channel.
        if arguments.get("channel") != CHANNEL:
            raise RefusedError("channel_not_found")
        found = [m for m in self.messages if m.ts == arguments.get("ts")]
        if not found:
            raise RefusedError("message_not_found")
        if not self.editable:
            raise RefusedError("edit_window_closed")
        self.check_content(arguments)
        message = found[0]
        message.text = arguments.get("text", "")
        message.blocks = arguments.get("blocks", message.blocks)
        message.metadata = arguments.get("metadata", message.metadata)
        message.edits += 1
        return {"channel": CHANNEL, "ts": message.ts, "text": message.text}

    def history(self, arguments):
        self.require_scope("channels:history")
        if arguments.get("channel") != CHANNEL:
            raise RefusedError("channel_not_found")
        if not self.is_member:
            raise RefusedError("not_in_channel")
        oldest = float(arguments.get("oldest", 0))
        newest_first = [m for m in reversed(self.messages) if float(m.ts) > oldest]
        shows_metadata = arguments.get("include_all_metadata") in {"1", "true", True}
        found = [
            {"type": "message", "ts": m.ts, "text": m.text}
            | ({"metadata": m.metadata} if shows_metadata else {})
            for m in newest_first
        ]
        return self.page(found, "messages", arguments)

    def conversations(self, arguments):
        self.require_scope("channels:read")
        others = [{"id": f"C0OTHER{i:03}", "name": f"other-{i}"} for i in range(3)]
        mine = [{"id": CHANNEL, "name": NAME}] if self.is_member else []
        return self.page(others + mine, "channels", arguments)

    def page(self, found, key, arguments):
        start = int(arguments.get("cursor") or 0)
        end = start + min(int(arguments.get("limit", 100)), self.page_size)
        cursor = str(end) if end < len(found) else ""
        return {key: found[start:end], "response_metadata": {"next_cursor": cursor}}

    def require_scope(self, scope):
        if scope not in self.scopes:
            raise RefusedError("missing_scope")

    def check_content(self, arguments):
        blocks = arguments.get("blocks", [])
        texts = [text for block in blocks for text in _texts(block)]
        if not arguments.get("text") and not blocks:
            raise RefusedError("no_text")
        if self.rejects_text:
            raise RefusedError("msg_too_long")
        if (blocks and self.rejects_blocks) or len(blocks) > 50 or not all(map(_valid, blocks)):
            raise RefusedError("invalid_blocks")
        if sum(map(len, texts)) > 13_200:
            raise RefusedError("msg_blocks_too_long")
        if not {"event_type", "event_payload"} <= set(arguments.get("metadata", {})):
            raise RefusedError("invalid_metadata_format")


_METHODS = {
    "chat.postMessage": FakeSlack.post,
    "chat.update": FakeSlack.update,
    "conversations.history": FakeSlack.history,
    "users.conversations": FakeSlack.conversations,
}


def _texts(block):
    if block["type"] == "context":
        return [element["text"] for element in block["elements"]]
    return [block["text"]["text"]]


def _valid(block):
    limits = {"header": 150, "section": 3_000, "context": 3_000}
    if block.get("type") not in limits:
        return False
    if block["type"] == "header" and block["text"]["type"] != "plain_text":
        return False
    return len(block.get("elements", [])) <= 10 and all(
        0 < len(text) <= limits[block["type"]] for text in _texts(block)
    )


class _Handler(BaseHTTPRequestHandler):
    slack: FakeSlack

    def log_message(self, *_arguments):
        pass

    def do_POST(self):
        method = self.path.removeprefix("/api/").partition("?")[0]
        arguments = self._arguments()
        with self.slack.lock:
            self.slack.calls.append((method, arguments))
            fault = self.slack.next_fault(method)
        if fault == "rate_limited":
            return self._reply(
                429, {"ok": False, "error": "ratelimited"}, {"Retry-After": self.slack.retry_after}
            )
        if fault == "error_500_before":
            return self._reply(500, "upstream error")
        if fault == "dropped_before":
            return self._drop()
        if fault == "invalid_auth":
            return self._reply(200, {"ok": False, "error": "invalid_auth"})
        return self._finish(fault, self._answer(method, arguments))

    def _answer(self, method, arguments):
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            return {"ok": True} | self.slack.answer(method, token, arguments)
        except RefusedError as refused:
            return {"ok": False, "error": str(refused)}

    def _finish(self, fault, answer):
        match fault:
            case None:
                self._reply(200, answer)
            case "error_500_after":
                self._reply(500, "upstream error")
            case "dropped_after":
                self._drop()
            case "slow_after":
                time.sleep(SLOW_SECONDS)
                self._drop()
            case "html_after":
                self._reply(200, "<html>a proxy says hello</html>")
            case "internal_error_after":
                self._reply(200, {"ok": False, "error": "internal_error"})
            case _:
                raise ValueError(f"unknown fault {fault}")

    def _arguments(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if "json" in self.headers.get("Content-Type", ""):
            return json.loads(body)
        return {name: values[-1] for name, values in parse_qs(body).items()}

    def _reply(self, status, body, headers=None):
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _drop(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)
