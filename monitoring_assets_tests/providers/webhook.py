"""A receiver of signed webhooks on 127.0.0.1, after the specification of Standard Webhooks 1.0.

It checks the signature over `id.timestamp.body`, refuses old time stamps, and counts what comes
twice by `webhook-id`, as receivers are told to. Run it by itself:

    python -m monitoring_assets_tests.providers.webhook --port 8103
"""

import base64
import hashlib
import hmac
import json
import time
from collections import Counter

from monitoring_assets_tests.providers.server import Answer, HttpProvider, run

SECRET = "whsec_" + base64.b64encode(b"canary-secret-of-the-webhook-01!").decode()
TOLERANCE_SECONDS = 300


class WebhookReceiver(HttpProvider):
    """The events that arrived, each once, and how often each came."""

    def __init__(self, secret=SECRET):
        super().__init__()
        self.key = base64.b64decode(secret.removeprefix("whsec_"))
        self.events: dict[str, dict] = {}
        self.arrivals: Counter = Counter()

    @property
    def url(self):
        return f"{self.address}/hook"

    def state(self):
        return {"events": self.events, "arrivals": self.arrivals}

    def serve(self, request):
        name, sent_at, signatures = (
            request.headers.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature")
        )
        if not (name and sent_at.isdigit() and signatures):
            return Answer(400, {"error": "a webhook header is missing"})
        if abs(time.time() - int(sent_at)) > TOLERANCE_SECONDS:
            return Answer(401, {"error": "the time stamp is too old or too new"})
        if not any(
            hmac.compare_digest(s, self._sign(name, sent_at, request.body))
            for s in signatures.split()
        ):
            return Answer(401, {"error": "the signature is wrong"})
        with self.lock:
            self.arrivals[name] += 1
            self.events[name] = json.loads(request.body)
        return Answer(204, "")

    def _sign(self, name, sent_at, body):
        signed = f"{name}.{sent_at}.".encode() + body
        return "v1," + base64.b64encode(hmac.digest(self.key, signed, hashlib.sha256)).decode()


if __name__ == "__main__":
    run(WebhookReceiver(), "A receiver of signed webhooks on 127.0.0.1.")
