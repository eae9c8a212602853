"""Measure how long messages take from commit to acceptance by Slack and PagerDuty.

    python -m benchmarks.alerts.latency

Healthy (sent right after commit, as a run does, and by `mlmon dispatch --forever`), after the
sender was killed between its claim and its sending, and after an outage of both providers; all
with the shipped waits and leases, on 127.0.0.1.
"""

import argparse
import os
import time
from collections.abc import Callable
from contextlib import suppress
from statistics import quantiles

from benchmarks.alerts.rehearsal import (
    DIE,
    PAGERDUTY,
    SENDING,
    SLACK,
    SYNTHETIC,
    Actor,
    Stage,
    Tempo,
    stage,
)
from monitoring_assets.domain.message import Act, Step
from monitoring_assets.stores.engine import transaction
from monitoring_assets.stores.outbox import enqueue

# The sensor `deliver_alerts` looks this often.
_SWEEP_SECONDS = 20.0
_BETWEEN_SECONDS = 0.2
_DELAYS = """
SELECT extract(epoch FROM sent_at - created_at)::float8 FROM monitoring.outbox
WHERE state = 'sent' AND group_id LIKE '{prefix}%'
"""


def decide(played: Stage, prefix: str, number: int) -> None:
    """Commit decisions, each of a group of its own and for both providers."""
    engine = played.engine()
    for i in range(number):
        with transaction(engine) as connection:
            for destination in (SLACK, PAGERDUTY):
                enqueue(
                    connection,
                    f"{SYNTHETIC}{prefix}-{i}",
                    destination,
                    [Step(seq=1, act=Act.OPEN)],
                )
        time.sleep(_BETWEEN_SECONDS)
    engine.dispose()


def delays(played: Stage, prefix: str) -> list[float]:
    """Return the seconds from commit to acceptance, once everything is delivered."""
    while played.read("SELECT 1 FROM monitoring.outbox WHERE state IN ('pending', 'inflight')"):
        time.sleep(0.1)
    return sorted(row[0] for row in played.read(_DELAYS.format(prefix=SYNTHETIC + prefix)))


def inline(played: Stage, number: int) -> list[float]:
    """Deliver right after each commit, in the process that decided."""
    engine = played.engine()
    sender = played.dispatcher(engine)
    for i in range(number):
        with transaction(engine) as connection:
            for destination in (SLACK, PAGERDUTY):
                enqueue(
                    connection, f"{SYNTHETIC}inline-{i}", destination, [Step(seq=1, act=Act.OPEN)]
                )
        sender.sweep(5.0)
    engine.dispose()
    return delays(played, "inline")


def forever(played: Stage, number: int) -> list[float]:
    """Deliver in a process that hears of each commit."""
    actor = _started(played, _forever)
    decide(played, "forever", number)
    found = delays(played, "forever")
    actor.kill()
    return found


def killed(played: Stage, number: int) -> list[float]:
    """Kill the sender before it sends; a sweep like the sensor's finds what it left behind."""
    for i in range(number):
        actor = _started(played, _inline_once)
        played.signs.set(actor.slot, "sending", DIE)
        decide(played, f"killed-{i}", 1)
        if not actor.has("dead", within=5.0):
            raise RuntimeError("the sender was not killed")
    sweeper = _started(played, _sweeping)
    found = delays(played, "killed")
    sweeper.kill()
    return found


def outage(played: Stage, seconds: float) -> list[float]:
    """Return how long after the end of an outage each message that waited was accepted."""
    for provider in played.providers.values():
        provider.set(is_down=True)
    actor = _started(played, _sweeping)
    decide(played, "outage", 5)
    time.sleep(seconds)
    for provider in played.providers.values():
        provider.set(is_down=False)
    ended = time.time()
    delays(played, "outage")
    sent = played.read(
        "SELECT extract(epoch FROM sent_at)::float8 FROM monitoring.outbox "
        "WHERE group_id LIKE '%outage%'"
    )
    actor.kill()
    return sorted(row[0] - ended for row in sent)


def _forever(played: Stage, reached: Callable[[str], None]) -> None:
    sender = played.dispatcher(played.engine(), reached)
    with sender.outbox.signals() as signals:  # type: ignore[attr-defined]
        sender.run(wait=lambda: signals.wait(2.0), tell=lambda _line: None)


def _inline_once(played: Stage, reached: Callable[[str], None]) -> None:
    sender = played.dispatcher(played.engine(), reached)
    while True:
        sender.sweep(5.0)
        time.sleep(0.02)


def _sweeping(played: Stage, reached: Callable[[str], None]) -> None:
    sender = played.dispatcher(played.engine(), reached)
    while True:
        sender.sweep(20.0)
        time.sleep(_SWEEP_SECONDS)


def _started(played: Stage, body: Callable[[Stage, Callable[[str], None]], None]) -> Actor:
    actor = Actor(0, SENDING, lambda reached: body(played, reached), played.signs)
    played.actors[:] = [actor]
    actor.start()
    return actor


def shown(name: str, found: list[float]) -> str:
    """Return a line of figures."""
    cuts = quantiles(found, n=100, method="inclusive")
    return (
        f"{name:<44} n={len(found):4}  p50 {cuts[49]:7.3f} s  p95 {cuts[94]:7.3f} s  "
        f"p99 {cuts[98]:7.3f} s  max {found[-1]:7.3f} s"
    )


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=300, help="decisions of each healthy part")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--outage", type=float, default=120.0, help="seconds")
    options = parser.parse_args()
    with suppress(ProcessLookupError), stage(seed=os.getpid(), tempo=Tempo()) as played:
        print(shown("sent right after commit", inline(played, options.messages)), flush=True)
        print(shown("mlmon dispatch --forever", forever(played, options.messages)), flush=True)
        print(shown("sender killed, found by a sweep", killed(played, options.kills)), flush=True)
        print(shown("after the end of an outage", outage(played, options.outage)), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
