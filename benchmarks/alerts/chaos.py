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

from benchmarks.alerts.rehearsal import (
    DIE,
    FREEZE,
    PAGERDUTY,
    PRODUCING,
    SENDING,
    SLACK,
    Actor,
    Stage,
    stage,
)
from monitoring_assets.domain.errors import StoreUnavailableError
from monitoring_assets.domain.message import Act, Step
from monitoring_assets.stores.engine import transaction
from monitoring_assets.stores.outbox import enqueue

CHANNELS = [f"{SLACK}:C0ALERTS1{i}" for i in range(4)]
_OPEN_GROUPS = """
SELECT group_id, max(seq) AS seq FROM decided WHERE group_id LIKE :prefix
GROUP BY group_id HAVING NOT bool_or(act = 'resolve') ORDER BY 1
"""
_DROP_SESSION = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = 'monitoring_assets' AND pid <> pg_backend_pid()
ORDER BY random() LIMIT 1
"""
_DRAIN_SECONDS = 90.0
_SHARE_OF_REQUESTS = 0.2
# What producers do: open a group, resolve one, or deliver inline right after a decision.
_OPENS, _RESOLVES, _DELIVERS, _LONGEST_GROUP = 0.35, 0.4, 0.3, 8
# An actor that does not come to a point in this time is killed where it is, or left alone.
_PATIENCE_SECONDS = 0.5
# After a freeze of this long the lease has run out and another sender has taken over.
_THAW_AFTER = 0.5


@dataclass(slots=True)
class Producer:
    """Decides all the time: groups open, go on and are resolved."""

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
            for destination in (CHANNELS[hash_of(group) % len(CHANNELS)], PAGERDUTY):
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


def hash_of(text: str) -> int:
    """Return a number that is the same in every process."""
    return sum(text.encode())


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
    random: Random
    counts: Counter[str] = field(default_factory=Counter)

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
            for fault, number in provider.state()["faults"].items():
                counts[f"{provider.name}: {fault}"] += number
        return counts

    def kill(self) -> None:
        """Kill an actor where it hurts, or anywhere if it does not come there."""
        actor = self.random.choice(self.stage.actors)
        point = self.random.choice(actor.points)
        self.stage.signs.set(actor.slot, point, DIE)
        if actor.has("dead", within=_PATIENCE_SECONDS):
            self.counts[f"killed when {point}"] += 1
        else:
            actor.kill()
            self.counts["killed anywhere"] += 1
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
            self.counts[f"frozen when {point}"] += 1
        self.stage.signs.clear(actor.slot)

    def drop_session(self) -> None:
        """End a session of somebody."""
        with suppress(StoreUnavailableError):
            self.counts["dropped sessions"] += len(self.stage.read(_DROP_SESSION))

    def crash_postgres(self) -> None:
        """Let Postgres crash."""
        self.stage.crash_postgres()
        self.stage.postgres.start()
        self.counts["Postgres crashes"] += 1

    def crash_in_a_write(self) -> None:
        """Let Postgres crash while a decision is written and not committed."""
        actor = self.random.choice([a for a in self.stage.actors if a.points == PRODUCING])
        self.stage.signs.set(actor.slot, "enqueued", FREEZE)
        if actor.has("frozen", within=_PATIENCE_SECONDS):
            self.crash_postgres()
            actor.thaw()
            self.counts["Postgres crashes in a write"] += 1
            self.counts["Postgres crashes"] -= 1
        self.stage.signs.clear(actor.slot)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a rehearsal came to; `broken` holds one line per broken promise."""

    seed: int
    faults: Counter[str]
    seconds: float
    groups: int
    steps: int
    messages: int
    broken: tuple[str, ...]

    def __str__(self) -> str:
        """Return it as a table for people."""
        lines = [f"{number:6} {name}" for name, number in sorted(self.faults.items())]
        return "\n".join(
            [
                *lines,
                f"{sum(self.faults.values()):6} faults in {self.seconds:.0f} s, seed {self.seed}",
                f"{self.groups:6} groups, {self.steps} steps, {self.messages} Slack messages",
                *(self.broken or ("     0 lost, 0 twice, 0 out of order, all states equal",)),
            ]
        )


def rehearse(faults: int, seed: int, *, producers: int = 2, senders: int = 2) -> Outcome:
    """Play it through and return what came of it."""
    started = time.monotonic()
    with stage(seed=seed) as played:
        for slot in range(producers):
            producer = Producer(played, f"p{slot}", seed + slot)
            played.actors.append(Actor(slot, PRODUCING, producer.run, played.signs))
        for slot in range(producers, producers + senders):
            played.actors.append(
                Actor(slot, SENDING, lambda reached: _send(played, reached), played.signs)
            )
        for actor in played.actors:
            actor.start()
        for provider in played.providers.values():
            provider.set(probability=_SHARE_OF_REQUESTS)
        nemesis = Nemesis(played, Random(seed))
        nemesis.torment(faults)
        counted = nemesis.counted()
        _drain(played)
        return _outcome(played, seed, counted, time.monotonic() - started)


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


def _outcome(played: Stage, seed: int, faults: Counter[str], seconds: float) -> Outcome:
    rows = played.read("SELECT * FROM monitoring.outbox")
    decided = played.read("SELECT * FROM decided")
    slack, pagerduty = (played.providers[name].state() for name in (SLACK, PAGERDUTY))
    checks = (
        _lost(rows, decided),
        _slack(rows, decided, slack["messages"]),
        _pages(decided, pagerduty),
    )
    return Outcome(
        seed=seed,
        faults=faults,
        seconds=seconds,
        groups=len({row.group_id for row in decided}),
        steps=len(decided),
        messages=len(slack["messages"]),
        broken=tuple(line for check in checks for line in check),
    )


def _lost(rows: list[Any], decided: list[Any]) -> Iterator[str]:
    """Every decided step is in the outbox and sent; an edit may be shown by an earlier one."""
    states = {(r.group_id, r.destination, r.seq): r.state for r in rows}
    for step in decided:
        key = (step.group_id, step.destination, step.seq)
        expected = {"sent", None} if step.act == Act.EDIT else {"sent"}
        if states.get(key) not in expected:
            yield f"lost: {key} is {states.get(key)}"
    known = {(d.group_id, d.destination, d.seq) for d in decided}
    yield from (f"never decided: {key}" for key in states.keys() - known)


def _slack(rows: list[Any], decided: list[Any], messages: list[dict[str, Any]]) -> Iterator[str]:
    """Each group is one root in its newest state, with each reply once and in its thread."""
    times = Counter(message["delivery_id"] for message in messages)
    yield from (f"twice in Slack: {name} ({n})" for name, n in times.items() if n > 1)
    by_ts = {message["ts"]: message for message in messages}
    posted = {Act.OPEN, Act.REPLY, Act.RESOLVE}
    said = [r for r in rows if r.destination != PAGERDUTY and r.act in posted]
    yield from (f"not in Slack: {r}" for r in said if str(r.delivery_id) not in times)
    if len(times) != len(said):
        yield f"{len(times)} messages in Slack, {len(said)} in the outbox"
    roots = {r.group_id: r.provider_ref.rpartition(":")[2] for r in said if r.act == Act.OPEN}
    for row in said:
        message = by_ts.get((row.provider_ref or "").rpartition(":")[2])
        root = roots[row.group_id]
        if message is None:
            yield f"Slack does not know {row.provider_ref}"
        elif row.act != Act.OPEN and (message["thread_ts"], message["ts"] > root) != (root, True):
            yield f"out of order: {row.group_id} {row.act} {row.seq}"
    newest: dict[str, int] = defaultdict(int)
    for step in decided:
        if step.destination != PAGERDUTY:
            newest[step.group_id] = max(newest[step.group_id], step.seq)
    for group, root in roots.items():
        text = by_ts[root]["text"]
        if not text.endswith(f"state {newest[group]}"):
            yield f"old state in Slack: {text!r}, newest is {newest[group]}"


def _pages(decided: list[Any], pagerduty: dict[str, Any]) -> Iterator[str]:
    """Each group is one page, open as long as the group is."""
    incidents = pagerduty["incidents"]
    pages = Counter(incident["dedup_key"] for incident in incidents)
    yield from (f"paged {n} times: {key}" for key, n in pages.items() if n > 1)
    yield from (f"resolved before it was opened: {e['dedup_key']}" for e in pagerduty["early"])
    is_open = {incident["dedup_key"]: incident["is_open"] for incident in incidents}
    acts: dict[str, set[str]] = defaultdict(set)
    for step in decided:
        if step.destination == PAGERDUTY:
            acts[f"mlmon:{step.group_id}"].add(step.act)
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
