"""A Slack workspace on 127.0.0.1, written from the public documentation of the methods used.

It checks token, scopes, blocks, lengths, metadata and channel as documented, keeps what was
posted with its threads, and fails on request (see `providers.server`). Run it by itself:

    python -m monitoring_assets_tests.providers.slack --port 8101
"""

import time
from dataclasses import asdict, dataclass, field
from itertools import count

from monitoring_assets_tests.providers.server import FAULTS as HTTP_FAULTS
from monitoring_assets_tests.providers.server import Answer, Bucket, HttpProvider, run
from monitoring_assets_tests.providers.socket_mode import APP_TOKEN

TOKEN = "xoxb-canary-token"
CHANNEL = "C0ALERTS01"
NAME = "ml-alerts"
SCOPES = frozenset({"chat:write", "channels:read", "channels:history"})

FAULTS = (*HTTP_FAULTS, "internal_error_after", "invalid_auth")
# Which outcome is clear to the caller: nothing was posted.
AFTER = tuple(fault for fault in FAULTS if fault.endswith("_after"))

MOST_BLOCKS, MOST_CHARACTERS, MOST_TEXT = 50, 13_200, 40_000
LENGTHS = {"header": 150, "section": 3_000, "context": 3_000}
MOST_FIELDS, FIELD_LENGTH, MOST_ELEMENTS, MOST_BUTTONS = 10, 2_000, 10, 25


@dataclass(slots=True)
class Message:
    ts: str
    channel: str
    delivery_id: str  # of the post; edits may carry another one
    text: str
    blocks: list
    metadata: dict
    arguments: dict = field(repr=False)
    thread_ts: str | None = None
    edits: int = 0
    posted_at: float = field(default_factory=time.time)


class RefusedError(Exception):
    """An answer with `ok: false`."""


class Slack(HttpProvider):
    """The workspace: its channels by name, and what was posted there."""

    def __init__(self, token=TOKEN, channels=None, per_second=None):
        super().__init__()
        self.token = token
        self.channels = channels or {NAME: CHANNEL}
        self.scopes = set(SCOPES)
        self.faults.kinds = FAULTS
        self.buckets = {c: Bucket(per_second, 5) for c in self.channels.values() if per_second}
        self.is_archived = False
        self.is_member = True
        self.is_editable = True
        self.page_size = 200
        self.rejects_blocks = False
        self.rejects_text = False
        self.app_token = APP_TOKEN
        self.socket_mode = None
        self.messages: list[Message] = []
        self._times = count(1)

    def lift_limits(self):
        self.buckets = {}

    @property
    def url(self):
        return f"{self.address}/api/"

    @property
    def called(self):
        return [request.path.removeprefix("/api/") for request in self.requests]

    @property
    def delivery_ids(self):
        return [message.delivery_id for message in self.messages]

    @property
    def roots(self):
        return [message for message in self.messages if message.thread_ts is None]

    def replies(self, root):
        return [message for message in self.messages if message.thread_ts == root.ts]

    def state(self):
        return {"messages": [asdict(message) for message in self.messages]}

    def too_many(self):
        body = {"ok": False, "error": "ratelimited"}
        return Answer(429, body, {"Retry-After": self.retry_after})

    def serve(self, request):
        method = _METHODS.get(request.path.removeprefix("/api/"))
        if method is None:
            return Answer(200, {"ok": False, "error": "unknown_method"})
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            if method is Slack.open_connection and token == self.app_token:
                return Answer(200, {"ok": True} | self.open_connection(request))
            if token != self.token:
                raise RefusedError("invalid_auth" if token else "not_authed")
            with self.lock:
                return Answer(200, {"ok": True} | method(self, request.arguments()))
        except RateLimitedError:
            return self.too_many()
        except RefusedError as refused:
            return Answer(200, {"ok": False, "error": str(refused)})

    # -- methods -----------------------------------------------------------------------------

    def auth(self, _arguments):
        return {"team": "example", "user_id": "U0BOT"}

    def open_connection(self, _arguments):
        return {"url": self.socket_mode.url}

    def post(self, arguments):
        given = arguments.get("channel", "").removeprefix("#")
        channel = self.channels.get(given, given)
        self.require_channel(channel)
        if self.is_archived:
            raise RefusedError("is_archived")
        self.check_content(arguments)
        bucket = self.buckets.get(channel)
        if bucket and bucket.wait_seconds():
            raise RateLimitedError
        message = Message(
            ts=f"17670{next(self._times):05}.000100",
            channel=channel,
            delivery_id=arguments["metadata"]["event_payload"].get("delivery_id", ""),
            text=arguments.get("text", ""),
            blocks=arguments.get("blocks", []),
            metadata=arguments["metadata"],
            arguments=arguments,
            thread_ts=arguments.get("thread_ts"),
        )
        self.messages.append(message)
        return {"channel": channel, "ts": message.ts, "message": {"text": message.text}}

    def update(self, arguments):
        message = self.find(arguments)
        if not self.is_editable:
            raise RefusedError("edit_window_closed")
        self.check_content(arguments)
        message.text = arguments.get("text", "")
        message.blocks = arguments.get("blocks", message.blocks)
        message.metadata = arguments.get("metadata", message.metadata)
        message.edits += 1
        return {"channel": message.channel, "ts": message.ts, "text": message.text}

    def delete(self, arguments):
        message = self.find(arguments)
        self.messages.remove(message)
        return {"channel": message.channel, "ts": message.ts}

    def history(self, arguments):
        self.require_scope("channels:history")
        self.require_channel(arguments.get("channel"))
        roots = [m for m in reversed(self.messages) if m.thread_ts is None]
        return self.page(self.shown(roots, arguments), "messages", arguments)

    def thread(self, arguments):
        self.require_scope("channels:history")
        self.require_channel(arguments.get("channel"))
        ts = arguments.get("ts")
        found = [m for m in self.messages if ts in {m.ts, m.thread_ts}]
        if not found:
            raise RefusedError("thread_not_found")
        return self.page(self.shown(found, arguments), "messages", arguments)

    def conversations(self, arguments):
        self.require_scope("channels:read")
        others = [{"id": f"C0OTHER{i:03}", "name": f"other-{i}"} for i in range(3)]
        mine = [{"id": i, "name": n} for n, i in self.channels.items()] if self.is_member else []
        return self.page(others + mine, "channels", arguments)

    # -- what they share ---------------------------------------------------------------------

    def shown(self, messages, arguments):
        """Return messages as the history shows them: without metadata unless it was asked for."""
        oldest = float(arguments.get("oldest") or 0)
        shows_metadata = arguments.get("include_all_metadata") in {"1", "true", True}
        return [
            {"type": "message", "ts": m.ts, "text": m.text}
            | ({"metadata": m.metadata} if shows_metadata else {})
            for m in messages
            if m.channel == arguments["channel"] and float(m.ts) > oldest
        ]

    def find(self, arguments):
        # Unlike posting, editing and reading take only the id of a channel.
        self.require_channel(arguments.get("channel"))
        found = [m for m in self.messages if m.ts == arguments.get("ts")]
        if not found:
            raise RefusedError("message_not_found")
        return found[0]

    def page(self, found, key, arguments):
        start = int(arguments.get("cursor") or 0)
        end = start + min(int(arguments.get("limit", 100)), self.page_size)
        cursor = str(end) if end < len(found) else ""
        return {key: found[start:end], "response_metadata": {"next_cursor": cursor}}

    def require_channel(self, channel):
        if channel not in self.channels.values():
            raise RefusedError("channel_not_found")
        if not self.is_member:
            raise RefusedError("not_in_channel")

    def require_scope(self, scope):
        if scope not in self.scopes:
            raise RefusedError("missing_scope")

    def check_content(self, arguments):
        blocks, text = arguments.get("blocks") or [], arguments.get("text", "")
        if not text and not blocks:
            raise RefusedError("no_text")
        if self.rejects_text or len(text) > MOST_TEXT:
            raise RefusedError("msg_too_long")
        if blocks and self.rejects_blocks:
            raise RefusedError("invalid_blocks")
        if len(blocks) > MOST_BLOCKS or not all(map(_is_valid, blocks)):
            raise RefusedError("invalid_blocks")
        if sum(len(text) for block in blocks for text in texts(block)) > MOST_CHARACTERS:
            raise RefusedError("msg_blocks_too_long")
        if not {"event_type", "event_payload"} <= set(arguments.get("metadata") or {}):
            raise RefusedError("invalid_metadata_format")


class RateLimitedError(Exception):
    """Too many messages in one channel."""


_METHODS = {
    "apps.connections.open": Slack.open_connection,
    "auth.test": Slack.auth,
    "chat.postMessage": Slack.post,
    "chat.update": Slack.update,
    "chat.delete": Slack.delete,
    "conversations.history": Slack.history,
    "conversations.replies": Slack.thread,
    "users.conversations": Slack.conversations,
}


def texts(block):
    """Return every text of a block."""
    objects = [*block.get("elements", []), *block.get("fields", []), block.get("text")]
    for one in objects:
        text = (one or {}).get("text")
        if text is not None:
            yield text if isinstance(text, str) else text["text"]


def _is_valid(block):
    kind = block.get("type")
    if kind in {"divider", "actions"}:
        return len(block.get("elements", [])) <= MOST_BUTTONS
    if kind not in LENGTHS or not list(texts(block)):
        return False
    if kind == "header" and block["text"]["type"] != "plain_text":
        return False
    if (
        len(block.get("elements", [])) > MOST_ELEMENTS
        or len(block.get("fields", [])) > MOST_FIELDS
    ):
        return False
    longest = FIELD_LENGTH if block.get("fields") else LENGTHS[kind]
    return all(0 < len(text) <= longest for text in texts(block))


if __name__ == "__main__":
    more = {f"ml-{i}": f"C0ALERTS1{i}" for i in range(4)}
    run(Slack(channels={NAME: CHANNEL} | more, per_second=1.0), "A Slack workspace on 127.0.0.1.")
