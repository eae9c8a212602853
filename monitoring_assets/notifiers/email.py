"""Send messages by e-mail: plain text, in threads, through any SMTP server.

An edit is left out, since a mail cannot be changed. After an unknown outcome the same mail is
sent again under the same `Message-ID`, which mail systems use to drop the second one.
"""

import smtplib
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parseaddr

from monitoring_assets.domain.errors import DeliveryError, Fault
from monitoring_assets.domain.message import Act, Message
from monitoring_assets.notifiers.marks import capped, links, mark
from monitoring_assets.notifiers.text import cut

_TIMEOUT_SECONDS = 5.0
_DEFAULT_PORT, _TLS_PORT = 587, 465
_SUBJECT_LENGTH, _LINE_LENGTH, _MOST_LINKS = 150, 1_000, 10
_MOST_FACTS, _MOST_HIDDEN = 30, 10
_PERMANENT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Variables:
    """The names of the environment variables that say how mail is sent."""

    host: str = "SMTP_HOST"
    user: str = "SMTP_USER"
    password: str = "SMTP_PASSWORD"  # noqa: S105  the name of a variable
    sender: str = "SMTP_FROM"


class EmailChannel:
    """The `Channel` for some addresses."""

    name = "email"
    gap_seconds = 0.0

    def __init__(
        self, environment: Mapping[str, str], *, to: tuple[str, ...], names: Variables
    ) -> None:
        """Prepare to send; server and password are read from the environment at each send."""
        self._environment = environment
        self._to = to
        self._names = names

    def send(
        self, message: Message, *, delivery_id: str, thread: str | None, is_retry: bool
    ) -> str:
        """Send a mail, as an answer to the one called `thread`; return its `Message-ID`.

        Raises:
            DeliveryError: If it was not accepted, or if that is not known.
        """
        del is_retry
        sender = self._value(self._names.sender)
        user, _, domain = parseaddr(sender)[1].rpartition("@")
        if not user or not domain:
            raise _misconfigured(f"{self._names.sender} is no e-mail address")
        message_id = f"<{delivery_id}@{domain}>"
        if message.act is not Act.EDIT:
            self._deliver(render(message, sender, self._to, message_id, thread))
        return message_id

    def _deliver(self, mail: EmailMessage) -> None:
        try:
            with self._connection() as server:
                self._log_in(server)
                server.send_message(mail)
        except smtplib.SMTPAuthenticationError:
            raise _misconfigured(f"refused {self._names.user}, {self._names.password}") from None
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused) as error:
            raise _misconfigured(f"an address was refused ({type(error).__name__})") from None
        except smtplib.SMTPDataError as error:
            fault = Fault.MESSAGE if error.smtp_code >= _PERMANENT else Fault.BUSY
            raise DeliveryError(f"e-mail: refused with {error.smtp_code}", fault) from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise DeliveryError(
                f"e-mail: no answer ({type(error).__name__})", Fault.UNKNOWN
            ) from None

    def _connection(self) -> smtplib.SMTP:
        host, _, port = self._value(self._names.host).partition(":")
        if port and not port.isdigit():
            raise _misconfigured(f"{self._names.host} must be `host` or `host:port`")
        number = int(port or _DEFAULT_PORT)
        if number == _TLS_PORT:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(host, number, timeout=_TIMEOUT_SECONDS, context=context)
        return smtplib.SMTP(host, number, timeout=_TIMEOUT_SECONDS)

    def _log_in(self, server: smtplib.SMTP) -> None:
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        user = self._environment.get(self._names.user, "")
        if user:
            server.login(user, self._value(self._names.password))

    def _value(self, name: str) -> str:
        value = self._environment.get(name, "").strip()
        if not value:
            raise _misconfigured(f"set the environment variable {name}")
        return value


def render(
    message: Message, sender: str, to: tuple[str, ...], message_id: str, thread: str | None
) -> EmailMessage:
    """Return the mail of a message."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = ", ".join(to)
    mail["Subject"] = f"{mark(message)} {cut(message.title, _SUBJECT_LENGTH)}"
    mail["Message-ID"] = message_id
    mail["Auto-Submitted"] = "auto-generated"
    if thread is not None and thread.startswith("<"):
        mail["In-Reply-To"] = mail["References"] = thread
    mail.set_content("\n".join([*_lines(message), ""]))
    return mail


def _lines(message: Message) -> Iterator[str]:
    yield cut(message.summary or message.title, _LINE_LENGTH)
    yield ""
    facts = [cut(f"{name}: {fact}", _LINE_LENGTH) for name, fact in message.facts]
    hides = [cut(f"hides: {hidden}", _LINE_LENGTH) for hidden in message.hides]
    yield from capped(facts, _MOST_FACTS)
    yield from capped(hides, _MOST_HIDDEN)
    if message.next_step:
        yield ""
        yield cut(f"Next: {message.next_step}", _LINE_LENGTH)
    yield ""
    for link in links(message, _MOST_LINKS):
        yield f"{cut(link.label, 100)}: {link.url}"


def _misconfigured(what: str) -> DeliveryError:
    return DeliveryError(f"e-mail: {what}", Fault.DESTINATION)
