from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring_assets.alerting.incidents import fold, persistence_of
from monitoring_assets.domain.incident import Incident, Severity
from monitoring_assets.domain.measurement import Kind, Status
from monitoring_assets_tests.alerting.verdicts import model, verdict, window

STATUS = {
    "b": Status.BAD,
    "e": Status.ERROR,
    "o": Status.OK,
    "u": Status.UNJUDGED,
    "w": Status.WARN,
    "i": Status.INFO,
}
AT_ONCE, LASTING = Kind.QUALITY, Kind.PREDICTION_DRIFT


def folded(*stories: dict) -> list[Incident]:
    return fold(model(), [(window(day), checks) for day, checks in enumerate(stories)])


def spans(story: str, kind: Kind) -> list[tuple[int, int | None]]:
    """Return the days from opening to resolution of a story of one letter a day."""
    days = {window(day).key: day for day in range(len(story))}
    found = folded(*([verdict(kind, STATUS[s])] if s != " " else [] for s in story))
    return [
        (days[i.opened_window], days[i.resolved_window] if i.resolved_window else None)
        for i in found
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
    rule = persistence_of(kind)
    assert 1 <= rule.bad <= rule.of


def test_an_incident_has_the_columns_that_failed_at_any_time():
    def bad(*columns: str) -> list:
        return [verdict(LASTING, columns=columns)]

    ok = [verdict(LASTING, Status.OK, columns=("never",))]
    (incident,) = folded(bad("a"), ok, bad("b"), bad("a", "c"), ok, ok)
    assert incident.columns == ("a", "b", "c")


def test_columns_of_warnings_and_of_what_is_unjudged_are_left_out():
    (incident,) = folded(
        [
            verdict(AT_ONCE, columns=("a",)),
            verdict(AT_ONCE, Status.UNJUDGED, check="outliers", columns=("b",)),
            verdict(AT_ONCE, Status.WARN, check="volume", columns=("c",)),
        ]
    )
    assert incident.columns == ("a",)


def test_all_bad_checks_of_a_kind_are_one_incident():
    (incident,) = folded(
        [
            verdict(AT_ONCE, check="volume", reason="too many rows"),
            verdict(AT_ONCE, check="value_ranges", columns=("x",), reason="x is too large"),
        ]
    )
    assert (incident.columns, incident.reason) == (("x",), "too many rows; x is too large")


def test_kinds_are_incidents_of_their_own():
    found = folded([verdict(Kind.SCHEMA), verdict(Kind.QUALITY)])
    assert [(i.kind, i.severity) for i in found] == [
        (Kind.QUALITY, Severity.TICKET),
        (Kind.SCHEMA, Severity.PAGE),
    ]


def test_what_cannot_be_judged_does_not_hold_up_another_check():
    found = folded(
        [verdict(AT_ONCE), verdict(AT_ONCE, Status.UNJUDGED, check="outliers")],
        [verdict(AT_ONCE, Status.OK), verdict(AT_ONCE, Status.UNJUDGED, check="outliers")],
    )
    assert [i.resolved_window for i in found] == [window(1).key]


def test_another_check_that_is_ok_resolves_nothing():
    found = folded(
        [verdict(AT_ONCE), verdict(AT_ONCE, Status.OK, check="volume")],
        [verdict(AT_ONCE, Status.UNJUDGED), verdict(AT_ONCE, Status.OK, check="volume")],
    )
    assert [i.resolved_window for i in found] == [None]


def test_every_check_that_failed_must_be_ok_again():
    found = folded(
        [verdict(AT_ONCE)],
        [verdict(AT_ONCE, Status.OK), verdict(AT_ONCE, check="volume")],
        [verdict(AT_ONCE, Status.OK)],
        [verdict(AT_ONCE, Status.OK), verdict(AT_ONCE, Status.OK, check="volume")],
    )
    assert [i.resolved_window for i in found] == [window(3).key]


def test_incidents_come_in_order_of_opening():
    found = folded([], [verdict(Kind.SCHEMA)], [], [verdict(Kind.QUALITY)])
    assert [i.opened_window for i in found] == [window(1).key, window(3).key]


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
