"""Whatever order verdicts arrive in, and however often they are revised: the same incidents."""
# ruff: noqa: S311

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring_assets.alerting.incidents import fold
from monitoring_assets.alerting.lifecycle import standing
from monitoring_assets.alerting.verdicts import history_of
from monitoring_assets.application.incidents import Alerts
from monitoring_assets.application.ports import RunInfo
from monitoring_assets.domain.measurement import Kind, Status
from monitoring_assets.domain.verdict import Subject, Verdict
from monitoring_assets.stores.memory_alerts import MemoryAlerts
from monitoring_assets_tests.alerting.verdicts import model, window

STATUSES = (Status.OK, Status.OK, Status.BAD, Status.WARN, Status.UNJUDGED, Status.ERROR)
SUBJECTS = (
    (Subject(check="missing_values", column="x"), Kind.QUALITY),
    (Subject(check="prediction_drift", column="p"), Kind.PREDICTION_DRIFT),
    (Subject(check="schema", column="x"), Kind.SCHEMA),
)
START = datetime(2026, 6, 1, tzinfo=UTC)
HISTORIES = 3_000


def history(random: Random) -> list[tuple[int, int, list[Verdict]]]:
    """Return some days, each judged once to three times: day, revision and verdicts."""
    told = []
    for day in range(random.randint(3, 7)):
        for revision in range(random.choice((1, 1, 2, 3))):
            verdicts = [
                _verdict(random, day, subject, kind)
                for subject, kind in SUBJECTS
                if random.random() < 0.9
            ]
            told.append((day, revision, verdicts))
    return told


def _verdict(random: Random, day: int, subject: Subject, kind: Kind) -> Verdict:
    status = random.choice(STATUSES)
    score = random.uniform(0, 0.1) if status is Status.OK else random.uniform(0.1, 0.5)
    return Verdict(
        subject=subject,
        window=window(day),
        kind=kind,
        status=status,
        score=score,
        threshold=0.1,
        recovery=0.075,
        margin=0.1,
        baseline=random.choice(("v1",) * 9 + ("v2",)),
    )


def arrived(told):
    """Return alerts after verdicts arrived in an order."""
    alerts = Alerts(config=model(alerts={"warm_up": 0}), store=MemoryAlerts())
    for hour, (day, revision, verdicts) in enumerate(told):
        now = START + timedelta(hours=hour)
        run = RunInfo(run_id=f"{day}-{revision}", computed_at=now, started_at=_began(revision))
        alerts.decide({window(day): verdicts}, run, is_backfill=False)
    return alerts


def _began(revision):
    return START - timedelta(days=1) + timedelta(minutes=revision)


def spans(incidents):
    return sorted(
        (i.episode.subject, i.episode.opened.key, i.episode.resolved and i.episode.resolved.key)
        for i in standing(incidents).values()
    )


@pytest.mark.slow
@settings(max_examples=HISTORIES, deadline=None)
@given(st.integers(min_value=0))
def test_any_order_of_arrival_gives_the_same_incidents(seed):
    random = Random(seed)
    told = history(random)
    shuffled = random.sample(told, len(told))
    first, second = arrived(told), arrived(shuffled)
    assert spans(first.store.find()) == spans(second.store.find())
    newest = [v for v, _ in second.store.judged.values()]
    episodes = fold(second.config, history_of(newest))
    assert spans(second.store.find()) == sorted(
        (e.subject, e.opened.key, e.resolved and e.resolved.key) for e in episodes
    )


@settings(max_examples=200, deadline=None)
@given(st.integers(min_value=0))
def test_the_order_of_verdicts_has_no_part_in_the_fold(seed):
    random = Random(seed)
    verdicts = [v for _, _, some in history(random) for v in some]
    newest = {(v.subject, v.window): v for v in verdicts}
    ordered = list(newest.values())
    random.shuffle(ordered)
    config = model()
    assert fold(config, history_of(ordered)) == fold(config, history_of(newest.values()))
