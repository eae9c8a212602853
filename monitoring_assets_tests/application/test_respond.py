"""What is done without asking: off by default, noted in a dry run, undone, and over by itself."""

import json

import pytest

from monitoring_assets.application.respond import Responder
from monitoring_assets.domain.errors import ConfigurationError
from monitoring_assets.domain.measurement import Kind
from monitoring_assets.domain.message import Act
from monitoring_assets.stores.memory import MemoryArtifacts
from monitoring_assets_tests.application.alerts import HOUR, PAGER, Course, bad, ok

NO_ROWS = {"column": "", "reason": "the window has no rows"}
NO_LABELS = {"column": "", "check": "label_coverage", "reason": "no label came"}


class Answered(Course):
    """A course whose responses are given as the monitor gives them, after each decision."""

    def __init__(self, **modes):
        super().__init__()
        self.modes, self.flags = modes, MemoryArtifacts()

    @property
    def config(self):
        return super().config.model_copy(
            update={"responses": type(super().config.responses)(**self.modes)}
        )

    @property
    def responder(self):
        return Responder(config=self.config, store=self.store, flags=self.flags)

    def respond(self, day, after=HOUR):
        return self.responder.respond(self.now(day, after))

    def flag(self, path):
        text = self.flags.read_text(f"churn/{path}")
        return text and json.loads(text)

    @property
    def done(self):
        return [entry.action for entry in self.store.audit()]


def broken(course):
    course.decide(0, bad(Kind.SCHEMA, reason="x is missing"))
    course.respond(0)
    return course.incidents[0].id[:8]


def test_nothing_is_done_by_default():
    course = Answered()
    broken(course)
    assert (course.done, course.responder.in_force()) == ([], [])


def test_a_dry_run_only_notes_what_it_would_do():
    course = Answered(quarantine="dry_run")
    name = broken(course)
    course.respond(0)
    (entry,) = course.store.audit()
    assert (entry.action, entry.undo) == ("would respond", "")
    assert entry.detail == "holds the rows of 2026-03-02: x is missing"
    assert course.flag(f"held/{name}.json") is None


def test_a_broken_window_is_held():
    course = Answered(quarantine="on", expire_after="1d")
    name = broken(course)
    held = course.flag(f"held/{name}.json")
    assert (held["window"], held["reason"]) == (
        "2026-03-02",
        "holds the rows of 2026-03-02: x is missing",
    )
    (entry,) = course.store.audit()
    assert entry.undo == f"mlmon responses --undo quarantine:{name}"
    assert entry.expires_at == course.now(1)


def test_a_response_begins_once():
    course = Answered(quarantine="on", expire_after="1d")
    broken(course)
    assert course.respond(0) == []


def test_a_response_ends_with_its_cause():
    course = Answered(quarantine="on", expire_after="1d")
    name = broken(course)
    course.decide(1, ok(Kind.SCHEMA), after=-HOUR)
    assert course.respond(1, -HOUR) == [f"end of response quarantine:{name}"]
    assert course.flag(f"held/{name}.json") is None


def test_a_response_ends_by_itself_and_does_not_begin_again():
    course = Answered(quarantine="on", expire_after="1d")
    name = broken(course)
    assert course.respond(1, 2 * HOUR) == [f"end of response quarantine:{name}"]
    assert course.respond(1, 3 * HOUR) == []
    assert course.flag(f"held/{name}.json") is None


def test_a_response_can_be_taken_back_for_good():
    course = Answered(quarantine="on", expire_after="1d")
    name = broken(course)
    course.responder.undo(f"quarantine:{name}", "ada", course.now(0))
    assert course.respond(0) == []
    assert course.flag(f"held/{name}.json") is None
    assert [(e.actor, e.action) for e in course.store.audit()] == [
        ("response", "respond"),
        ("ada", "undo"),
    ]


def test_what_is_not_in_force_cannot_be_taken_back():
    with pytest.raises(ConfigurationError, match="no response fallback:1 is in force"):
        Answered(fallback="on").responder.undo("fallback:1", "ada", Course().now(0))


def test_a_bad_model_raises_the_flag_of_its_fallback():
    course = Answered(fallback="on")
    for day in range(2):
        course.decide(day, bad(Kind.PERFORMANCE, column="", reason="roc_auc is 0.5"))
    course.respond(1)
    assert course.flag("fallback.json")["reason"] == "flags the fallback model: roc_auc is 0.5"
    for day in (2, 3):
        course.decide(day, ok(Kind.PERFORMANCE, column=""))
    course.respond(3)
    assert course.flag("fallback.json") is None


def test_a_late_window_is_waited_for():
    course = Answered(re_pull="on")
    reason = course.decide(0, bad(Kind.NO_DATA, **NO_ROWS)).reason
    assert reason.startswith("silenced by the response re_pull until 2026-03-03 02:00: waits 1 h")
    assert course.respond(0)[0].startswith("respond re_pull:")
    course.decide(0, ok(Kind.NO_DATA, column=""), after=HOUR * 1.5)
    assert course.store.told == []


def test_a_window_that_stays_empty_is_told_after_the_wait():
    course = Answered(re_pull="on")
    course.decide(0, bad(Kind.NO_DATA, **NO_ROWS))
    course.respond(0)
    course.tend(0, HOUR * 1.5)
    assert course.store.told == []
    course.tend(0, HOUR * 2.5)
    assert course.acts(PAGER) == [Act.OPEN]


def test_a_wait_that_was_taken_back_is_over():
    course = Answered(re_pull="on")
    course.decide(0, bad(Kind.NO_DATA, **NO_ROWS))
    course.respond(0)
    course.responder.undo(f"re_pull:{course.incidents[0].id[:8]}", "ada", course.now(0))
    course.tend(0)
    assert course.acts(PAGER) == [Act.OPEN]


def test_performance_is_not_told_while_labels_are_missing():
    course = Answered(suspend_performance="on")
    for day in range(2):
        course.decide(
            day,
            bad(Kind.NO_DATA, **NO_LABELS),
            bad(Kind.PERFORMANCE, column=""),
        )
    assert [i.episode.kind for i in course.incidents if i.was_told] == [Kind.NO_DATA]
    silenced = next(i for i in course.incidents if not i.was_told)
    assert silenced.note.startswith("silenced by the response suspend_performance until")


@pytest.mark.parametrize("name", ["re_pull", "suspend_performance"])
def test_a_dry_run_mutes_nothing(name):
    course = Answered(**{name: "dry_run"})
    course.decide(0, bad(Kind.NO_DATA, **NO_ROWS))
    assert course.acts(PAGER) == [Act.OPEN]
