"""Deliver under injected faults, and compare what providers hold with what was decided.

    python -m benchmarks.alerts.chaos --faults 2000 --seed 1

Producers and senders are killed and frozen at named points and at any time, Postgres crashes (also
in the middle of a write), sessions are dropped, and providers fail before and after they accept.
Afterwards nothing may be lost, nothing there twice, no resolve before its open, and providers must
show exactly what the database says. Exits with 1 if one of these is broken.
"""
# ruff: noqa: S311

import argparse
import os
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import sqlalchemy as sa

from benchmarks.alerts.decisions import Decider, words
from benchmarks.alerts.rehearsal import (
    CHANNELS,
    DIE,
    FREEZE,
    PAGERDUTY,
    PRODUCING,
    SENDING,
    SLACK,
    SYNTHETIC,
    Stage,
    stage,
)
from monitoring_assets.domain.errors import StoreUnavailableError
from monitoring_assets.domain.message import Act, Step
from monitoring_assets.notifiers.text import safe_text
from monitoring_assets.stores.engine import transaction
from monitoring_assets.stores.outbox import enqueue

_OPEN_GROUPS = """
SELECT group_id, max(seq) AS seq FROM decided WHERE group_id LIKE :prefix
GROUP BY group_id HAVING NOT bool_or(act = 'resolve') ORDER BY 1
"""
_DROP_SESSION = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = 'monitoring_assets' AND pid <> pg_backend_pid()
ORDER BY random() LIMIT 1
"""
_POSTED, _ROOT = {Act.OPEN, Act.REPLY, Act.RESOLVE}, {Act.OPEN, Act.EDIT}
_DRAIN_SECONDS = 90.0
_SHARE_OF_REQUESTS = 0.15
# What producers do: open a group, resolve one, or deliver inline right after a decision.
_OPENS, _RESOLVES, _DELIVERS, _LONGEST_GROUP = 0.35, 0.4, 0.3, 8
# An actor that does not come to a point in this time is killed where it is, or left alone.
_PATIENCE_SECONDS = 0.5
# After a freeze of this long the lease has run out and another sender has taken over.
_THAW_AFTER = 0.5


@dataclass(slots=True)
class Producer:
    """Enqueues steps of groups that stand for no incident, as fast and as mixed as it can."""

    stage: Stage
    name: str
    seed: int

    def run(self, reached: Callable[[str], None]) -> None:
        """Decide until the process is killed."""
        random = Random(self.seed + os.getpid())
        engine = self.stage.engine()
        sender = self.stage.dispatcher(engine, reached)
        while True:
            with suppress(StoreUnavailableError):
                self._decide(engine, random, reached)
                reached("committed")
                if random.random() < _DELIVERS:  # as a run does right after its decision
                    sender.sweep(0.5)
            time.sleep(random.uniform(0.02, 0.12))

    def _decide(self, engine: sa.Engine, random: Random, reached: Callable[[str], None]) -> None:
        with transaction(engine) as connection:
            reached("deciding")
            known = connection.execute(sa.text(_OPEN_GROUPS), {"prefix": f"{self.name}-%"}).all()
            group, steps = _next_steps(random, self.name, {g.group_id: g.seq for g in known})
            for destination in (_channel_of(group), PAGERDUTY):
                told = [s for s in steps if destination != PAGERDUTY or _is_for_pagers(s.act)]
                for step in told:
                    values = {"g": group, "s": step.seq, "a": step.act, "d": destination}
                    connection.execute(
                        sa.text(
                            "INSERT INTO decided (group_id, seq, act, destination) "
                            "VALUES (:g, :s, :a, :d)"
                        ),
                        values,
                    )
                enqueue(connection, group, destination, told)
            reached("enqueued")


def _channel_of(group: str) -> str:
    """Return the same channel for a group in every process."""
    return f"{SLACK}:{CHANNELS[sum(group.encode()) % len(CHANNELS)]}"


def _is_for_pagers(act: Act) -> bool:
    return act in {Act.OPEN, Act.RESOLVE}


def _next_steps(random: Random, name: str, known: dict[str, int]) -> tuple[str, list[Step]]:
    if not known or random.random() < _OPENS:
        return f"{name}-{os.getpid()}-{random.getrandbits(40):010x}", [Step(seq=1, act=Act.OPEN)]
    group = random.choice(sorted(known))
    seq = known[group]
    if seq > _LONGEST_GROUP or random.random() < _RESOLVES:
        return group, [Step(seq=seq + 1, act=Act.RESOLVE)]
    return group, [Step(seq=seq + 1, act=Act.REPLY), Step(seq=seq + 2, act=Act.EDIT)]


@dataclass(slots=True)
class Nemesis:
    """Injects faults until there were enough, and counts them by name."""

    stage: Stage
    seed: int
    random: Random = field(init=False)
    counts: Counter[str] = field(default_factory=Counter)
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)

    def torment(self, faults: int) -> None:
        """Inject faults until this many were counted, those of the providers included."""
        plan = [self.kill] * 12 + [self.freeze] * 2 + [self.drop_session] * 5
        plan += [self.crash_postgres, self.crash_in_a_write]
        while sum(self.counted().values()) < faults:
            self.random.choice(plan)()
            time.sleep(self.random.uniform(0.0, 0.1))

    def counted(self) -> Counter[str]:
        """Return how often what went wrong."""
        counts = self.counts.copy()
        for provider in self.stage.providers.values():
            for fault, number in provider.faults().items():
                counts[f"{provider.name}: {fault}"] += number
        return counts

    def _note(self, what: str) -> None:
        self.counts[what] += 1
        self.log.append(f"{time.time():.3f} {what}")

    def kill(self) -> None:
        """Kill an actor where it hurts, or anywhere if it does not come there."""
        actor = self.random.choice(self.stage.actors)
        point = self.random.choice(actor.points)
        self.stage.signs.set(actor.slot, point, DIE)
        if actor.has("dead", within=_PATIENCE_SECONDS):
            self._note(f"killed when {point}")
        else:
            actor.kill()
            self._note("killed anywhere")
        self.stage.signs.clear(actor.slot)
        actor.start()

    def freeze(self) -> None:
        """Freeze a sender past its lease."""
        actor = self.random.choice([a for a in self.stage.actors if a.points == SENDING])
        point = self.random.choice(SENDING[:3])
        self.stage.signs.set(actor.slot, point, FREEZE)
        if actor.has("frozen", within=_PATIENCE_SECONDS):
            time.sleep(self.stage.tempo.lease_seconds + _THAW_AFTER)
            actor.thaw()
            self._note(f"frozen when {point}")
        self.stage.signs.clear(actor.slot)

    def drop_session(self) -> None:
        """End a session of somebody."""
        with suppress(StoreUnavailableError):
            if self.stage.read(_DROP_SESSION):
                self._note("dropped sessions")

    def crash_postgres(self) -> None:
        """Let Postgres crash."""
        self._crash()
        self._note("Postgres crashes")

    def crash_in_a_write(self) -> None:
        """Let Postgres crash while a decision is written and not committed."""
        actor = self.random.choice([a for a in self.stage.actors if a.points == PRODUCING])
        self.stage.signs.set(actor.slot, "enqueued", FREEZE)
        if actor.has("frozen", within=_PATIENCE_SECONDS):
            self._crash()
            actor.thaw()
            self._note("Postgres crashes in a write")
        self.stage.signs.clear(actor.slot)

    def _crash(self) -> None:
        self.stage.crash_postgres()
        self.stage.postgres.start()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a rehearsal came to.

    Attributes:
        log: When which fault was injected, in seconds of the clock that `broken` quotes.
        broken: One line per broken promise.
    """

    seed: int
    faults: Counter[str]
    seconds: float
    groups: int
    incidents: int
    steps: int
    messages: int
    log: tuple[str, ...]
    broken: tuple[str, ...]

    def __str__(self) -> str:
        """Return it as a table for people."""
        lines = [f"{number:6} {name}" for name, number in sorted(self.faults.items())]
        return "\n".join(
            [
                *lines,
                f"{sum(self.faults.values()):6} faults in {self.seconds:.0f} s, seed {self.seed}",
                f"{self.groups:6} synthetic groups and {self.incidents} of models' incidents, "
                f"{self.steps} steps, {self.messages} Slack messages",
                *(self.log if self.broken else ()),
                *(self.broken or ("     0 lost, 0 twice, 0 out of order, all states equal",)),
            ]
        )


def rehearse(faults: int, seed: int) -> Outcome:
    """Play it through, with two of each kind of actor, and return what came of it."""
    started = time.monotonic()
    with stage(seed=seed) as played:
        for number, models in enumerate((played.models[:2], played.models[2:])):
            producer = Producer(played, f"{SYNTHETIC}{number}", seed + number)
            decider = Decider(played.engine, models, seed + number)
            played.add(PRODUCING, producer.run)
            played.add(PRODUCING, decider.run)
            played.add(SENDING, lambda reached: _send(played, reached))
        for actor in played.actors:
            actor.start()
        for provider in played.providers.values():
            provider.set(probability=_SHARE_OF_REQUESTS)
        nemesis = Nemesis(played, seed)
        nemesis.torment(faults)
        counted = nemesis.counted()
        _drain(played)
        return _outcome(played, nemesis, counted, time.monotonic() - started)


def _send(played: Stage, reached: Callable[[str], None]) -> None:
    sender = played.dispatcher(played.engine(), reached)
    sender.run(wait=lambda: time.sleep(0.05), tell=lambda _line: None)


def _drain(played: Stage) -> None:
    """End the faults and the decisions, and wait until nothing waits."""
    for provider in played.providers.values():
        provider.set(probability=0.0)
    for actor in played.actors:
        if actor.points == PRODUCING:
            actor.kill()
    end = time.monotonic() + _DRAIN_SECONDS
    while time.monotonic() < end and _waiting(played):
        time.sleep(0.2)
    for actor in played.actors:
        with suppress(ProcessLookupError):
            os.kill(actor.pid, signal.SIGKILL)


def _waiting(played: Stage) -> int:
    query = "SELECT count(*) FROM monitoring.outbox WHERE state IN ('pending', 'inflight')"
    return int(played.read(query)[0][0])


def _outcome(played: Stage, nemesis: Nemesis, faults: Counter[str], seconds: float) -> Outcome:
    rows = played.read("SELECT * FROM monitoring.outbox")
    decided = played.read("SELECT * FROM decided")
    groups = played.read("SELECT id, resolved_at FROM monitoring.alert_group")
    slack, pagerduty = (played.providers[name].state() for name in (SLACK, PAGERDUTY))
    checks = (
        _lost(rows, decided, groups),
        _slack(rows, slack["messages"], _newest(played, rows, decided)),
        _pages(rows, pagerduty),
    )
    return Outcome(
        seed=nemesis.seed,
        log=tuple(nemesis.log),
        faults=faults,
        seconds=seconds,
        groups=len({row.group_id for row in decided}),
        incidents=len(groups),
        steps=len(rows),
        messages=len(slack["messages"]),
        broken=tuple(line for check in checks for line in check),
    )


def _lost(rows: list[Any], decided: list[Any], groups: list[Any]) -> Iterator[str]:
    """Every decided step is in the outbox and sent; an edit may be shown by an earlier one."""
    states = {(r.group_id, r.destination, r.seq): r.state for r in rows}
    for step in decided:
        key = (step.group_id, step.destination, step.seq)
        if key not in states and step.act != Act.EDIT:
            yield f"lost: {key}"
    yield from (f"lost: {key} is {state}" for key, state in states.items() if state != "sent")
    known = {(d.group_id, d.destination, d.seq) for d in decided}
    synthetic = {key for key in states if key[0].startswith(SYNTHETIC)}
    yield from (f"never decided: {key}" for key in synthetic - known)
    resolved = {g.id: g.resolved_at is not None for g in groups}
    told = {(r.group_id, r.destination, r.act) for r in rows if r.group_id in resolved}
    for group, destination, act in told:
        is_closed = (group, destination, Act.RESOLVE) in told
        if act == Act.OPEN and is_closed != resolved[group]:
            yield f"{group} is resolved: {resolved[group]}, told {destination}: {is_closed}"


def _newest(played: Stage, rows: list[Any], decided: list[Any]) -> dict[tuple[str, str], str]:
    """Return what the root of each open group at a destination must say by now.

    What is over is not edited any more, although late verdicts may change why it ended.
    """
    expected: dict[tuple[str, str], str] = {}
    for step in sorted(decided, key=lambda d: d.seq):
        expected[step.group_id, step.destination] = f"state {step.seq}"
    engine = played.engine()
    book = words(engine, played.models)
    over = {_where(r) for r in rows if r.act == Act.RESOLVE}
    for row in sorted(rows, key=lambda r: r.seq):
        if row.group_id.startswith(SYNTHETIC) or row.act not in _ROOT or _where(row) in over:
            continue
        where = {"destination": row.destination, "may_have_arrived": True}
        message = book.message(row.group_id, Act(row.act), row.seq, **where)
        said = "nothing" if message is None else safe_text(message.summary, 250)
        expected[row.group_id, row.destination] = said
    engine.dispose()
    return expected


def _slack(
    rows: list[Any], messages: list[dict[str, Any]], expected: dict[tuple[str, str], str]
) -> Iterator[str]:
    """Each group is one root in its newest state, with each reply once and in its thread."""
    times = Counter(message["delivery_id"] for message in messages)
    for name in (name for name, n in times.items() if n > 1):
        at = [f"{m['posted_at']:.3f}" for m in messages if m["delivery_id"] == name]
        row = next((r for r in rows if str(r.delivery_id) == name), None)
        yield f"twice in Slack: {name}, posted at {', '.join(at)}: {row}"
    by_ts = {message["ts"]: message for message in messages}
    # Of what had nothing left to say, the outbox knows no reference.
    said = [r for r in rows if r.destination != PAGERDUTY and r.act in _POSTED and r.provider_ref]
    yield from (f"not in Slack: {r}" for r in said if str(r.delivery_id) not in times)
    strange = times.keys() - {str(r.delivery_id) for r in rows}
    yield from (f"in Slack and not in the outbox: {name}" for name in strange)
    roots = {_where(r): _ts(r) for r in said if r.act == Act.OPEN}
    for row in said:
        message, root = by_ts.get(_ts(row)), roots.get(_where(row))
        if message is None or root is None:
            yield f"Slack does not know {row.provider_ref}, or the root of its thread"
        elif row.act != Act.OPEN and (message["thread_ts"], message["ts"] > root) != (root, True):
            yield f"out of order: {row.group_id} {row.act} {row.seq}"
    for where, root in roots.items():
        text = by_ts[root]["text"]
        if not text.endswith(expected.get(where, "")):
            yield f"old state in Slack: {text!r}, newest is {expected[where]!r}"


def _where(row: Any) -> tuple[str, str]:
    return row.group_id, row.destination


def _ts(row: Any) -> str:
    return str(row.provider_ref).rpartition(":")[2]


def _pages(rows: list[Any], pagerduty: dict[str, Any]) -> Iterator[str]:
    """Each group is one page, open as long as the group is."""
    incidents = pagerduty["incidents"]
    pages = Counter(incident["dedup_key"] for incident in incidents)
    yield from (f"paged {n} times: {key}" for key, n in pages.items() if n > 1)
    yield from (f"resolved before it was opened: {e['dedup_key']}" for e in pagerduty["early"])
    is_open = {incident["dedup_key"]: incident["is_open"] for incident in incidents}
    acts: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.destination == PAGERDUTY and row.provider_ref:
            acts[f"mlmon:{row.group_id}"].add(row.act)
    expected = {key: Act.RESOLVE not in told for key, told in acts.items()}
    for key in expected.keys() | is_open.keys():
        if expected.get(key) != is_open.get(key):
            yield f"PagerDuty: {key} is open: {is_open.get(key)}, decided: {expected.get(key)}"


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--faults", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    outcome = rehearse(options.faults, options.seed)
    print(outcome)
    return 1 if outcome.broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
