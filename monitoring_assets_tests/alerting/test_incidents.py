from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring_assets.alerting.incidents import NOT_JUDGED, fold, persistence_of
from monitoring_assets.alerting.verdicts import history_of
from monitoring_assets.domain.incident import Episode, Resolution
from monitoring_assets.domain.measurement import Kind, Status
from monitoring_assets.domain.verdict import Verdict
from monitoring_assets_tests.alerting.verdicts import model, scored, verdict, window

STATUS = {
    "b": Status.BAD,
    "e": Status.ERROR,
    "o": Status.OK,
    "u": Status.UNJUDGED,
    "w": Status.WARN,
    "i": Status.INFO,
}
AT_ONCE, LASTING = Kind.QUALITY, Kind.PREDICTION_DRIFT


def folded(*verdicts: Verdict) -> list[Episode]:
    return fold(model(), history_of(verdicts))


def spans(story: str, kind: Kind) -> list[tuple[int, int | None]]:
    """Return the days from opening to resolution of a story of one letter a day."""
    days = {window(day): day for day in range(len(story))}
    found = folded(*(verdict(kind, STATUS[s], day=day) for day, s in enumerate(story) if s != " "))
    return [
        (days[e.opened], None if e.resolved is None else days[e.resolved])
        for e in found
        if e.subject.check != NOT_JUDGED
    ]


@pytest.mark.parametrize(
    ("story", "found"),
    [
        ("ooo", []),
        ("obo", [(1, 2)]),
        ("oeo", [(1, 2)]),
        ("obb", [(1, None)]),
        ("bobo", [(0, 1), (2, 3)]),
        ("bu", [(0, None)]),
        ("buuo", [(0, 3)]),
        ("bwi", [(0, None)]),
        ("bw o", [(0, 3)]),
        ("uuu", []),
        ("www", []),
        ("", []),
    ],
)
def test_a_trouble_that_certainly_hurts_opens_at_once(story, found):
    assert spans(story, AT_ONCE) == found


@pytest.mark.parametrize(
    ("story", "found"),
    [
        ("b", []),
        ("bo", []),
        ("bb", [(1, None)]),
        ("bob", [(2, None)]),
        ("boob", []),
        ("boobb", [(4, None)]),
        ("bub", [(2, None)]),
        ("bbo", [(1, None)]),
        ("bboo", [(1, 3)]),
        ("bbouo", [(1, 4)]),
        ("bbobo", [(1, None)]),
        ("bboboo", [(1, 5)]),
        ("bboob", [(1, 3)]),
        ("bboobb", [(1, 3), (5, None)]),
        ("bobobobo", [(2, None)]),
        ("be", [(1, None)]),
    ],
)
def test_other_troubles_must_last_to_open_and_be_gone_to_close(story, found):
    assert spans(story, LASTING) == found


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_rule(kind):
    rule = persistence_of(model(), kind)
    assert 1 <= rule.bad <= rule.of


def test_a_rule_may_be_declared():
    config = model(alerts={"persistence": {"quality": {"bad": 3, "of": 3}}})
    verdicts = [verdict(day=day) for day in range(3)]
    assert not fold(config, history_of(verdicts[:2]))
    assert len(fold(config, history_of(verdicts))) == 1


def test_an_episode_tells_its_course():
    (episode,) = folded(scored(0.2, 1), scored(0.4, 2), scored(0.3, 3))
    assert (episode.first, episode.opened, episode.last) == (window(1), window(1), window(3))
    assert (episode.bad, episode.score, episode.n) == (3, 0.3, 100)
    assert episode.worst == pytest.approx(3)


def test_a_lasting_trouble_begins_with_its_first_bad_window():
    (episode,) = folded(*(verdict(LASTING, day=day) for day in (4, 5)))
    assert (episode.first, episode.opened, episode.bad) == (window(4), window(5), 2)


@pytest.mark.parametrize(
    ("scores", "resolved"),
    [
        ((0.2, 0.05), 1),
        ((0.2, 0.09), None),
        ((0.2, 0.09, 0.075), 2),
        ((0.09, 0.09), "none"),
    ],
)
def test_an_open_incident_is_over_well_below_the_threshold(scores, resolved):
    found = folded(*(scored(score, day) for day, score in enumerate(scores)))
    if resolved == "none":
        assert found == []
    else:
        assert found[0].resolved == (None if resolved is None else window(resolved))


def test_a_lower_limit_recovers_above_it():
    limits = {"threshold": 0.8, "recovery": 0.8125, "margin": -0.05}
    bad = verdict(score=0.7, **limits)
    near = verdict(status=Status.OK, day=1, score=0.805, **limits)
    well = verdict(status=Status.OK, day=2, score=0.82, **limits)
    (episode,) = folded(bad, near, well)
    assert episode.resolved == window(2)
    assert episode.worst == pytest.approx(2)


def test_another_reference_ends_an_incident():
    (first, second) = folded(verdict(), verdict(day=1, baseline="v2"))
    assert (first.resolved, first.resolution) == (window(1), Resolution.BASELINE_CHANGED)
    assert (second.first, second.resolved) == (window(1), None)


def test_bad_windows_of_two_references_do_not_add_up():
    assert folded(verdict(LASTING), verdict(LASTING, day=1, baseline="v2")) == []


def test_a_column_that_is_not_mentioned_any_more_is_ok():
    (episode,) = folded(
        verdict(Kind.SCHEMA, column="age"), verdict(Kind.SCHEMA, Status.OK, day=1, column="")
    )
    assert episode.resolved == window(1)


@pytest.mark.parametrize("status", [Status.ERROR, Status.UNJUDGED])
def test_a_column_is_not_ok_where_its_check_saw_nothing(status):
    found = folded(verdict(Kind.SCHEMA), verdict(Kind.SCHEMA, status, day=1, column=""))
    assert next(e for e in found if e.subject.column == "x").resolved is None


def test_another_check_that_is_ok_resolves_nothing():
    (episode,) = folded(verdict(), verdict(status=Status.OK, day=1, check="volume"))
    assert episode.resolved is None


def test_columns_are_incidents_of_their_own():
    found = folded(verdict(), verdict(column="y", day=1))
    assert [(e.subject.column, e.opened) for e in found] == [("x", window(0)), ("y", window(1))]


def unjudged(days, check="feature_drift", reason="12 rows are fewer than min_rows 30"):
    return [
        verdict(Kind.FEATURE_DRIFT, Status.UNJUDGED, day=day, check=check, reason=reason)
        for day in days
    ]


def test_three_windows_without_a_verdict_are_an_incident():
    assert folded(*unjudged(range(2))) == []
    (episode,) = folded(*unjudged(range(3)))
    assert (episode.subject.check, episode.kind) == (NOT_JUDGED, Kind.NO_DATA)
    assert episode.opened == window(2)
    assert episode.reason == (
        "feature_drift: not judged in 3 windows in a row: 12 rows are fewer than min_rows 30"
    )


def test_a_verdict_ends_the_wait_for_one():
    again = verdict(Kind.FEATURE_DRIFT, Status.OK, day=3)
    (episode,) = folded(*unjudged(range(3)), again)
    assert episode.resolved == window(3)


@pytest.mark.parametrize("check", ["performance", "label_coverage"])
def test_what_waits_for_labels_may_wait(check):
    assert folded(*unjudged(range(9), check=check)) == []


stories = st.text(alphabet="beouwi ", max_size=25)
kinds = st.sampled_from([AT_ONCE, LASTING])


@given(stories, kinds)
def test_incidents_of_a_kind_follow_each_other(story, kind):
    found = spans(story, kind)
    for (_, resolved), (opened, _) in pairwise(found):
        assert resolved is not None
        assert resolved < opened
    for opened, resolved in found:
        assert story[opened] in "be"
        assert resolved is None or (story[resolved] == "o" and resolved > opened)


@given(stories, kinds)
def test_windows_that_were_not_judged_change_nothing(story, kind):
    judged = [day for day, letter in enumerate(story) if letter in "beo"]
    short = "".join(story[day] for day in judged)
    expected = [
        (judged[opened], None if resolved is None else judged[resolved])
        for opened, resolved in spans(short, kind)
    ]
    assert spans(story, kind) == expected


@given(stories)
def test_lasting_incidents_open_no_more_often_than_sudden_ones(story):
    assert len(spans(story, LASTING)) <= len(spans(story, AT_ONCE))
