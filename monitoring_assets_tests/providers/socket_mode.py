"""Slack's Socket Mode on 127.0.0.1: a WebSocket over which a workspace tells of pressed buttons.

`apps.connections.open` of `providers.slack` says where it is. As much of RFC 6455 as one client
with short messages needs.
"""

import base64
import hashlib
import json
import socketserver
import struct
import threading
from uuid import uuid4

APP_TOKEN = "xapp-canary-token"
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10


class SocketMode:
    """The connection to one app; `acknowledged` are the envelopes that it confirmed."""

    def __init__(self):
        self.acknowledged: list[str] = []
        self.is_connected = threading.Event()
        self.is_acknowledged = threading.Event()
        self._session = None

    def start(self, port=0):
        handler = type("Handler", (_Session,), {"mode": self})
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self):
        return f"ws://127.0.0.1:{self._server.server_address[1]}/link?ticket=1"

    def press(self, action_id, value, user="ada"):
        """Tell the app of a pressed button; return the id of the envelope."""
        assert self.is_connected.wait(10)
        envelope_id = str(uuid4())
        payload = {
            "type": "block_actions",
            "user": {"id": "U0ADA", "username": user},
            "actions": [{"type": "button", "action_id": action_id, "value": value}],
        }
        envelope = {"envelope_id": envelope_id, "type": "interactive", "payload": payload}
        self._session.send(_TEXT, json.dumps(envelope).encode())
        return envelope_id


class _Session(socketserver.StreamRequestHandler):
    mode: SocketMode

    def handle(self):
        key = ""
        while line := self.rfile.readline().strip():
            name, _, value = line.decode().partition(":")
            if name.lower() == "sec-websocket-key":
                key = value.strip()
        accept = base64.b64encode(
            hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()
        ).decode()
        self.wfile.write(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        )
        self.mode._session = self
        self.send(_TEXT, json.dumps({"type": "hello", "num_connections": 1}).encode())
        self.mode.is_connected.set()
        while (frame := self.receive()) is not None:
            kind, content = frame
            if kind == _CLOSE:
                return
            if kind == _PING:
                self.send(_PONG, content)
            elif kind == _TEXT:
                self.mode.acknowledged.append(json.loads(content)["envelope_id"])
                self.mode.is_acknowledged.set()

    def send(self, kind, content):
        length = (
            bytes([len(content)]) if len(content) < 126 else struct.pack("!BH", 126, len(content))
        )
        self.wfile.write(bytes([0x80 | kind]) + length + content)

    def receive(self):
        head = self.rfile.read(2)
        if len(head) < 2:
            return None
        length = head[1] & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self.rfile.read(2))
        mask = self.rfile.read(4) if head[1] & 0x80 else b"\0\0\0\0"
        masked = self.rfile.read(length)
        return head[0] & 0x0F, bytes(b ^ mask[i % 4] for i, b in enumerate(masked))
