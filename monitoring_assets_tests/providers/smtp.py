"""A mail server on 127.0.0.1 that keeps what it accepts: as much of RFC 5321 as a client needs.

Faults: `refused` (a permanent 550), `busy` (a passing 451), `dropped_before` and `dropped_after`
the message was accepted. Run it by itself:

    python -m monitoring_assets_tests.providers.smtp --port 8125
"""

import argparse
import base64
import email
import email.policy
import socketserver
import threading

from monitoring_assets_tests.providers.server import Faults

USER, PASSWORD = "monitoring", "canary-smtp-password"
FAULTS = ("busy", "dropped_before", "dropped_after")


class MailServer:
    """The messages that were accepted, oldest first."""

    def __init__(self, password=PASSWORD):
        self.password = password
        self.faults = Faults(kinds=FAULTS)
        self.messages: list = []
        self.recipients: list = []

    def start(self, port=0):
        handler = type("Handler", (_Session,), {"mail": self})
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self):
        return self._server.server_address[1]

    def accept(self, recipients, data):
        self.recipients.append(recipients)
        self.messages.append(email.message_from_bytes(data, policy=email.policy.default))


class _Session(socketserver.StreamRequestHandler):
    mail: MailServer

    def handle(self):
        self.recipients, self.is_known, self.is_over = [], False, False
        self.say("220 mail.example ESMTP")
        while not self.is_over and (line := self.rfile.readline()):
            verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            command = getattr(self, f"do_{verb.lower()}", None)
            if command is None:
                self.say("502 not implemented")
            else:
                command(rest)

    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())

    def do_ehlo(self, _rest):
        self.say("250-mail.example")
        self.say("250-SMTPUTF8")
        self.say("250-8BITMIME")
        self.say("250 AUTH PLAIN")

    do_helo = do_noop = lambda self, _rest: self.say("250 ok")

    def do_auth(self, rest):
        kind, _, given = rest.partition(" ")
        expected = base64.b64encode(f"\0{USER}\0{self.mail.password}".encode()).decode()
        self.is_known = (kind, given) == ("PLAIN", expected)
        self.say("235 welcome" if self.is_known else "535 authentication failed")

    def do_mail(self, _rest):
        self.recipients = []
        if self.mail.password and not self.is_known:
            self.say("530 authentication required")
        else:
            self.say("250 ok")

    def do_rcpt(self, rest):
        if "@nowhere.example" in rest:
            self.say("550 no such user")
            return
        self.recipients.append(rest.partition("<")[2].partition(">")[0])
        self.say("250 ok")

    def do_rset(self, _rest):
        self.recipients = []
        self.say("250 ok")

    def do_data(self, _rest):
        fault = self.mail.faults.next()
        self.say("354 go on")
        data = self.read_data()
        match fault:
            case "refused":
                self.say("550 refused")
            case "busy":
                self.say("451 try again later")
            case "dropped_before":
                self.is_over = True
            case "dropped_after":
                self.mail.accept(self.recipients, data)
                self.is_over = True
            case _:
                self.mail.accept(self.recipients, data)
                self.say("250 accepted")

    def read_data(self):
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)

    def do_quit(self, _rest):
        self.say("221 bye")
        self.is_over = True


def main():
    parser = argparse.ArgumentParser(
        description="A mail server on 127.0.0.1 that prints subjects."
    )
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--faults", type=float, default=0.0, help="share of messages that fail")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    mail = MailServer()
    mail.faults.set(probability=options.faults, seed=options.seed)
    mail.start(options.port)
    print(f"127.0.0.1:{mail.port}", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        mail.stop()


if __name__ == "__main__":
    main()
