"""Every situation that people are told of, as the message that is composed for it.

Write the golden file anew after a change of what messages say, and read the difference:

    python -m monitoring_assets_tests.application.compositions
"""

import json
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

from monitoring_assets.application.incidents import due_digests
from monitoring_assets.application.ports import RunInfo
from monitoring_assets.domain.evaluation import Evaluation
from monitoring_assets.domain.measurement import Kind, Measurement, Status
from monitoring_assets.domain.message import Act, Message
from monitoring_assets.stores.memory import MemoryMeasurements
from monitoring_assets_tests.alerting.verdicts import scored, verdict, window
from monitoring_assets_tests.application.alerts import HOUR, SLACK, Course, bad, ok

GOLDEN = Path(__file__).parent / "golden" / "messages.json"
INTERVAL = {"lower": 0.29, "upper": 0.41, "column": "x"}
LOG_LOSS = {
    "metric": "log_loss",
    "column": "",
    "threshold": 0.5,
    "margin": 0.1,
    "lower": 0.61,
    "upper": 0.67,
}


def measurements() -> MemoryMeasurements:
    """Return what was measured on the second day: a drift by column and by segment."""
    store = MemoryMeasurements()
    of_window = {"n": 4_812, "kind": Kind.FEATURE_DRIFT}
    moved = Measurement(
        metric="drift", column="x", value=0.35, threshold=0.1, status=Status.BAD, **of_window
    )
    rows = Measurement(metric="row_count", kind=Kind.NO_DATA, n=5_102, value=5_102.0)
    parts = [
        replace(moved, segment=f"region={name}", value=value, threshold=None, status=Status.INFO)
        for name, value in (("east", 0.8), ("west", 0.1), ("north", 0.2), ("south", 0.05))
    ]
    losses = [replace(m, metric="log_loss", column="", kind=Kind.PERFORMANCE) for m in parts]
    evaluation = Evaluation(
        model="churn",
        asset="drift_report",
        window=window(1),
        reference_version="v1",
        measurements=(rows, moved, *parts, *losses),
    )
    store.replace(evaluation, RunInfo(run_id="r", computed_at=window(1).end))
    return store


def _said(course: Course, act: Act | None = None, place: str = SLACK) -> Message:
    message = replace(course.messages, measurements=measurements()).message
    told = [t for t in course.store.told if t.destination == place and act in {None, t.step.act}]
    last = told[-1]
    said = message(
        last.group_id, last.step.act, last.step.seq, destination=place, may_have_arrived=False
    )
    assert said is not None
    return said


def _worse_model() -> Course:
    course = Course()
    for day in range(2):
        course.decide(
            day,
            scored(0.35, day, Kind.FEATURE_DRIFT, metric="drift", lower=0.29, upper=0.41),
            verdict(Kind.PERFORMANCE, score=0.64, **LOG_LOSS),
        )
    return course


def _page() -> Message:
    return _said(_worse_model(), Act.OPEN)


def _ticket_with_what_it_hides() -> Message:
    course = Course()
    course.decide(0, ok())
    for day in (1, 2):
        course.decide(
            day,
            scored(0.2, day, lower=0.18, upper=0.22),
            scored(0.12, day, Kind.FEATURE_DRIFT, metric="drift"),
        )
    return _said(course, Act.EDIT)


def _no_rows() -> Message:
    course = Course()
    course.decide(1, bad(Kind.NO_DATA, column="", reason="the window has no rows"))
    return _said(course, Act.OPEN)


def _reply() -> Message:
    course = _worse_model()
    course.decide(
        2,
        scored(0.35, 2, Kind.FEATURE_DRIFT, metric="drift"),
        verdict(Kind.PERFORMANCE, score=0.64, **LOG_LOSS),
        bad(Kind.SCHEMA, column="age", reason="age is missing"),
    )
    return _said(course, Act.REPLY)


def _escalated() -> Message:
    course = Course()
    for day in range(4):
        course.decide(day, scored(0.2, day))
    return _said(course, Act.REPLY)


def _revised() -> Message:
    course = Course()
    course.decide(1, scored(0.2, 1), bad(column="y"))
    course.decide(1, scored(0.02, 1), bad(column="y"), after=2 * HOUR)
    return _said(course, Act.EDIT)


def _acknowledged() -> Message:
    course = Course()
    course.decide(1, scored(0.2, 1))
    course.alerts.acknowledge(course.incidents[0].id, "ada", course.now(1))
    return _said(course, Act.EDIT)


def _resolved() -> Message:
    course = Course()
    course.decide(0, scored(0.2, 0), bad(column="y"))
    course.decide(1, scored(0.2, 1), ok(column="y"))
    course.decide(2, scored(0.02, 2), ok(column="y"))
    return _said(course, Act.RESOLVE)


def _failed_run() -> Message:
    course = Course()
    course.fail(1)
    return _said(course, Act.OPEN)


def _reminder() -> Message:
    course = Course()
    course.decide(1, bad(Kind.SCHEMA, reason="x is missing"))
    course.tend(2)
    return _said(course, Act.REMINDER)


def _digest() -> Message:
    course = Course()
    for day in range(4):
        course.decide(day, scored(0.2, day), is_backfill=True)
    for day in (4, 5):
        course.decide(day, scored(0.02, day), scored(0.12, day, Kind.FEATURE_DRIFT))
    now = window(5).end + timedelta(hours=10)
    course.store.digest(due_digests({"churn": course.config}, now), now)
    return _said(course, Act.DIGEST)


SITUATIONS = {
    "page": _page,
    "ticket with what it hides": _ticket_with_what_it_hides,
    "no rows": _no_rows,
    "failed run": _failed_run,
    "reply": _reply,
    "escalated": _escalated,
    "revised": _revised,
    "acknowledged": _acknowledged,
    "resolved": _resolved,
    "reminder": _reminder,
    "digest": _digest,
}


def composed() -> dict[str, object]:
    """Return every situation's message as it would be stored."""
    return {name: json.loads(json.dumps(asdict(make()))) for name, make in SITUATIONS.items()}


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    text = json.dumps(composed(), indent=1, ensure_ascii=False)
    GOLDEN.write_text(f"{text}\n", encoding="utf-8")
