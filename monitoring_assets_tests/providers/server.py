"""An HTTP server on 127.0.0.1 that answers as a provider would, and fails on request.

What a provider accepts belongs to `providers.slack`, `.pagerduty` and `.webhook`; here is how
requests arrive, how answers get lost, and how another process asks what happened:

    GET  /_state    what the provider holds, as JSON; nobody is served meanwhile
    GET  /_faults   how often which fault was injected
    POST /_faults   {"queue": [...], "probability": 0.3, "seed": 1, "is_down": false}
"""

import argparse
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from urllib.parse import parse_qs

# Before: nothing happened. After: the request was served, and the caller does not learn it.
FAULTS = (
    "rate_limited",
    "error_500_before",
    "error_500_after",
    "dropped_before",
    "dropped_after",
    "slow_after",
    "html_after",
)


@dataclass
class Faults:
    """What goes wrong with the next requests: first what was queued, then by chance."""

    kinds: Sequence[str] = FAULTS
    queue: list = field(default_factory=list)
    probability: float = 0.0
    random: Random = field(default_factory=lambda: Random(0))  # noqa: S311
    is_down: bool = False
    injected: Counter = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self):
        """Return the fault of one request, None for none."""
        with self.lock:
            fault = self._next()
            if fault:
                self.injected[fault] += 1
            return fault

    def _next(self):
        if self.is_down:
            return "dropped_before"
        if self.queue:
            return self.queue.pop(0)
        if self.random.random() < self.probability:
            return self.random.choice(self.kinds)
        return None

    def set(self, *, queue=None, probability=None, seed=None, is_down=None):
        with self.lock:
            if queue is not None:
                self.queue = list(queue)
            if seed is not None:
                self.random = Random(seed)  # noqa: S311
            if probability is not None:
                self.probability = probability
            if is_down is not None:
                self.is_down = is_down


@dataclass(frozen=True, slots=True)
class Request:
    path: str
    headers: Mapping
    body: bytes

    def arguments(self):
        """Return a form or a JSON object as a dictionary."""
        if "json" in self.headers.get("Content-Type", ""):
            return json.loads(self.body)
        return {name: values[-1] for name, values in parse_qs(self.body.decode()).items()}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: object
    headers: Mapping = field(default_factory=dict)


class Bucket:
    """A rate limit: so many per second, and a burst of as many as `burst`."""

    def __init__(self, per_second, burst=1):
        self.per_second, self.burst = per_second, burst
        self.tokens, self.at = float(burst), time.monotonic()
        self.lock = threading.Lock()

    def wait_seconds(self):
        """Take one token and return 0, or return how long to wait for one."""
        with self.lock:
            now = time.monotonic()
            self.tokens = min(self.burst, self.tokens + (now - self.at) * self.per_second)
            self.at = now
            if self.tokens >= 1:
                self.tokens -= 1
                return 0.0
            return (1 - self.tokens) / self.per_second


class HttpProvider:
    """One provider; a subclass says what a request does."""

    retry_after = "7"
    slow_seconds = 0.3

    def __init__(self):
        self.faults = Faults()
        self.lock = threading.RLock()
        self.requests: list[Request] = []

    def serve(self, request):
        """Return the `Answer` to one request that was not touched by a fault."""
        raise NotImplementedError

    def state(self):
        """Return what the provider holds, for another process."""
        raise NotImplementedError

    def too_many(self):
        """Return the answer to a request that exceeds a rate limit."""
        return Answer(429, {"error": "rate limited"}, {"Retry-After": self.retry_after})

    def lift_limits(self):
        """Accept requests as fast as they come."""

    def start(self, port=0):
        handler = type("Handler", (_Handler,), {"provider": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self):
        return self._server.server_port

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"


class _Handler(BaseHTTPRequestHandler):
    provider: HttpProvider

    def log_message(self, *_arguments):
        pass

    def do_GET(self):
        if self.path == "/_faults":
            return self._reply(Answer(200, self.provider.faults.injected))
        if self.path == "/_state":
            with self.provider.lock:
                state = self.provider.state()
            return self._reply(Answer(200, state))
        return self.do_POST()

    def do_POST(self):
        request = self._request()
        if request.path == "/_faults":
            self.provider.faults.set(**json.loads(request.body))
            return self._reply(Answer(200, {}))
        fault = self.provider.faults.next()
        with self.provider.lock:
            self.provider.requests.append(request)
        match fault:
            case "rate_limited":
                return self._reply(self.provider.too_many())
            case "error_500_before":
                return self._reply(Answer(500, "upstream error"))
            case "dropped_before":
                return self._drop()
            case str() if not fault.endswith("_after"):
                return self._reply(Answer(200, {"ok": False, "error": fault}))
        return self._finish(fault, self.provider.serve(request))

    def _finish(self, fault, answer):
        match fault:
            case None:
                self._reply(answer)
            case "error_500_after":
                self._reply(Answer(500, "upstream error"))
            case "dropped_after":
                self._drop()
            case "slow_after":
                time.sleep(self.provider.slow_seconds)
                self._drop()
            case "html_after":
                self._reply(Answer(200, "<html>a proxy says hello</html>"))
            case _:
                self._reply(Answer(200, {"ok": False, "error": fault.removesuffix("_after")}))

    def _request(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return Request(self.path.partition("?")[0], self.headers, body)

    def _reply(self, answer):
        text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
        content = text.encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        try:
            self.wfile.write(content)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _drop(self):
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


def run(provider, description):
    """Serve one provider from the command line until it is interrupted."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--faults", type=float, default=0.0, help="share of requests that fail")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--unlimited", action="store_true", help="without rate limits")
    parser.add_argument("--retry-after", default=provider.retry_after, help="seconds, after a 429")
    options = parser.parse_args()
    provider.retry_after = options.retry_after
    if options.unlimited:
        provider.lift_limits()
    provider.faults.set(probability=options.faults, seed=options.seed)
    provider.start(options.port)
    print(provider.address, flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        provider.stop()
