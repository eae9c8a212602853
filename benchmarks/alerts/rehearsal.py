"""A stage for rehearsals of deliveries: a Postgres, providers and senders, each a real process.

Providers speak their real protocols on 127.0.0.1; senders and producers are forked, so that they
can be killed and frozen at named points. What goes wrong when belongs to `chaos`, how long things
take to `latency`.
"""

import json
import mmap
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.alerts.decisions import model, words
from monitoring_assets.application.dispatch import Dispatcher, Pace
from monitoring_assets.application.ports import Channel
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.incident import Severity
from monitoring_assets.domain.message import Act, Message
from monitoring_assets.notifiers.pagerduty import PagerDutyChannel
from monitoring_assets.notifiers.slack import SlackChannel
from monitoring_assets.server.embedded_postgres import EmbeddedPostgres
from monitoring_assets.stores.engine import create_engine, transaction
from monitoring_assets.stores.outbox import PostgresOutbox
from monitoring_assets.stores.schema import upgrade
from monitoring_assets_tests.providers.pagerduty import ROUTING_KEY
from monitoring_assets_tests.providers.slack import CHANNEL, TOKEN

SLACK, PAGERDUTY = "slack", "pagerduty"
PROVIDERS = (SLACK, PAGERDUTY)
CHANNELS = tuple(f"C0ALERTS1{i}" for i in range(4))
# How the names of groups begin that stand for no incident.
SYNTHETIC = "synthetic-"
# Where a crash or a freeze matters: of a producer, and of a sender.
PRODUCING = ("deciding", "enqueued", "committed")
SENDING = ("claimed", "sending", "accepted", "recorded")
POINTS = PRODUCING + SENDING
DIE, FREEZE = "die", "freeze"
_ACTIONS = (DIE, FREEZE)
_SLOTS = 16

_TABLES = """
CREATE TABLE decided (
  group_id text, seq int, act text, destination text, at timestamptz DEFAULT clock_timestamp(),
  PRIMARY KEY (group_id, destination, seq))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo:
    """How fast senders are: the shipped settings, or all waits shortened alike."""

    pace: Pace = field(default_factory=Pace)
    lease_seconds: float = 15.0
    timeout_seconds: float = 5.0
    gap_seconds: float = 1.0


# A delivery takes at most three requests, so that the lease outlasts it and the pause before it. A
# provider on a busy machine may serve a request late: a retry that looks too early would miss it.
QUICK = Tempo(
    pace=Pace(first_back_off=0.4, shortest_back_off=0.8, longest_back_off=1.2, longest_pause=0.5),
    lease_seconds=4.0,
    timeout_seconds=1.0,
    gap_seconds=0.0,
)


@dataclass(slots=True)
class Provider:
    """A provider in a process of its own."""

    name: str
    process: subprocess.Popen[str]
    address: str

    @classmethod
    def start(cls, name: str, seed: int) -> "Provider":
        """Start a provider, which says where it listens."""
        module = f"monitoring_assets_tests.providers.{name}"
        process = subprocess.Popen(
            [sys.executable, "-m", module, "--seed", str(seed), "--unlimited", "--retry-after=1"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        return cls(name, process, process.stdout.readline().strip())

    def set(self, **settings: object) -> None:
        """Change what goes wrong there."""
        body = json.dumps(settings).encode()
        with urllib.request.urlopen(f"{self.address}/_faults", data=body, timeout=30):  # noqa: S310
            pass

    def state(self) -> dict[str, Any]:
        """Return what it holds.

        It serves nobody meanwhile, with 4,000 messages for 2 s: ask when everything is over. A
        post that was held up so long was served after its sender had given up and looked for it.
        """
        return self._get("_state")

    def faults(self) -> dict[str, int]:
        """Return how often which fault was injected there."""
        return self._get("_faults")

    def _get(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.address}/{path}", timeout=60) as answer:  # noqa: S310
            return dict(json.load(answer))


class Book:
    """What messages say: which step it is, and the newest decision about the group.

    Groups that are incidents of models say what the product says.
    """

    def __init__(self, engine: sa.Engine, models: tuple[ModelConfig, ...]) -> None:
        self._engine = engine
        self._words = words(engine, models)

    def message(
        self, group_id: str, act: Act, seq: int, *, destination: str, may_have_arrived: bool
    ) -> Message | None:
        """Return the message of a step."""
        if not group_id.startswith(SYNTHETIC):
            return self._words.message(
                group_id, act, seq, destination=destination, may_have_arrived=may_have_arrived
            )
        with transaction(self._engine) as connection:
            newest = connection.scalar(
                sa.text("SELECT max(seq) FROM decided WHERE group_id = :g AND destination = :d"),
                {"g": group_id, "d": destination},
            )
        return Message(
            act=act,
            group=group_id,
            model="churn",
            severity=Severity.PAGE,
            title=f"{group_id} {act} {seq}",
            summary=f"state {newest}",
        )


class Signs:
    """Memory that all actors share: at which point one of them is to die or to freeze."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SLOTS)

    def set(self, slot: int, point: str, action: str) -> None:
        """Let an actor die or freeze at a point."""
        self._memory[slot] = self._code(point, action)

    def clear(self, slot: int) -> None:
        """Let an actor be."""
        self._memory[slot] = 0

    def obey(self, slot: int, point: str) -> None:
        """Do what is asked of the actor at this point."""
        for action, number in ((DIE, signal.SIGKILL), (FREEZE, signal.SIGSTOP)):
            if self._memory[slot] == self._code(point, action):
                self.clear(slot)
                os.kill(os.getpid(), number)
                # The other threads stop first, and this one up to milliseconds later.
                time.sleep(0.05)

    @staticmethod
    def _code(point: str, action: str) -> int:
        return 1 + POINTS.index(point) * len(_ACTIONS) + _ACTIONS.index(action)


@dataclass(slots=True)
class Actor:
    """A forked process that sends or produces, and what starts it again."""

    slot: int
    points: tuple[str, ...]
    body: Callable[[Callable[[str], None]], None]
    signs: Signs
    pid: int = 0

    def start(self) -> None:
        """Fork it; nothing of ours, such as a connection, may be open then."""
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid:
            return
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            self.body(lambda point: self.signs.obey(self.slot, point))
        except BaseException:  # noqa: BLE001  it must not return into the parent's code
            traceback.print_exc()
        finally:
            os._exit(1)

    def has(self, state: str, within: float) -> bool:
        """Wait until the process is `dead` or `frozen`.

        Raises:
            RuntimeError: If it ended by itself, which none of them does.
        """
        end = time.monotonic() + within
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
            if pid and os.WIFEXITED(status):
                raise RuntimeError("an actor ended by itself; what it said is above")
            if pid:
                return state == ("frozen" if os.WIFSTOPPED(status) else "dead")
            time.sleep(0.005)
        return False

    def kill(self) -> None:
        """Kill it, frozen or not, and wait until it is gone."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def thaw(self) -> None:
        """Let a frozen process go on."""
        os.kill(self.pid, signal.SIGCONT)


@dataclass(slots=True, kw_only=True)
class Stage:
    """Everything that plays a part.

    Attributes:
        models: The models that are monitored.
    """

    postgres: EmbeddedPostgres
    url: str
    tempo: Tempo
    providers: dict[str, Provider]
    models: tuple[ModelConfig, ...]
    actors: list[Actor] = field(default_factory=list)
    signs: Signs = field(default_factory=Signs)

    def add(self, points: tuple[str, ...], body: Callable[[Callable[[str], None]], None]) -> None:
        """Add an actor, which is not started yet."""
        self.actors.append(Actor(len(self.actors), points, body, self.signs))

    def dispatcher(
        self, engine: sa.Engine, reached: Callable[[str], None] = lambda _point: None
    ) -> Dispatcher:
        """Return a sender as the product has it, at the tempo of the stage."""
        outbox = PostgresOutbox(engine, lease_seconds=self.tempo.lease_seconds)
        return Dispatcher(
            outbox=outbox,
            messages=Book(engine, self.models),
            channels=self._channel,
            pace=self.tempo.pace,
            reached=reached,
        )

    def engine(self) -> sa.Engine:
        """Return an engine for one process; its connections are not for forked ones."""
        return create_engine(self.url)

    def read(self, query: str) -> list[Any]:
        """Return rows, over a connection that is closed afterwards."""
        engine = self.engine()
        try:
            with transaction(engine) as connection:
                return list(connection.execute(sa.text(query)).all())
        finally:
            engine.dispose()

    def crash_postgres(self) -> None:
        """End the server as a crash does: every session is lost and the log is replayed."""
        running = self.postgres.status()
        assert running is not None
        pid = int((running.data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGQUIT)
        while self.postgres.status() is not None:
            time.sleep(0.02)

    def _channel(self, destination: str) -> Channel:
        kind, _, name = destination.partition(":")
        if kind == SLACK:
            return SlackChannel(
                {"SLACK_BOT_TOKEN": TOKEN},
                channel=name or CHANNEL,
                base_url=f"{self.providers[SLACK].address}/api/",
                timeout_seconds=self.tempo.timeout_seconds,
            )
        channel = PagerDutyChannel(
            {"KEY": ROUTING_KEY}, key_env="KEY", base_url=f"{self.providers[PAGERDUTY].address}/v2"
        )
        channel.gap_seconds = self.tempo.gap_seconds
        return channel


@contextmanager
def stage(*, seed: int, tempo: Tempo = QUICK) -> Iterator[Stage]:
    """Yield a stage with an empty outbox; everything is stopped and removed afterwards."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is stopped
    folder = Path(tempfile.mkdtemp(prefix="mlmon-rehearsal-"))
    folder.chmod(0o711)  # as root, the server runs under another account
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        os.environ.pop(name, None)
    providers: dict[str, Provider] = {}
    postgres = EmbeddedPostgres(folder / "postgres")
    played = None
    try:
        url = postgres.start().url()
        engine = create_engine(url)
        upgrade(engine)
        with transaction(engine) as connection:
            connection.execute(sa.text(_TABLES))
        engine.dispose()
        for number, name in enumerate(PROVIDERS):
            providers[name] = Provider.start(name, seed + number)
        models = tuple(model(f"model_{i}", channel) for i, channel in enumerate(CHANNELS))
        played = Stage(postgres=postgres, url=url, tempo=tempo, providers=providers, models=models)
        yield played
    finally:
        for actor in played.actors if played is not None else []:
            actor.kill()
        for provider in providers.values():
            provider.process.kill()
            provider.process.wait()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)
