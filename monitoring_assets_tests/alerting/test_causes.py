"""What explains what, as a table; performance is never explained away."""

import pytest

from monitoring_assets.alerting.causes import explain
from monitoring_assets.domain.incident import Episode, Incident, Severity
from monitoring_assets.domain.measurement import Kind
from monitoring_assets.domain.verdict import Subject
from monitoring_assets_tests.alerting.verdicts import CHECK_OF, window

PAGE, TICKET, INFO = Severity.PAGE, Severity.TICKET, Severity.INFO


def incident(kind, column="x", severity=TICKET, check="", day=0):
    subject = Subject(check=check or CHECK_OF[kind], column=column)
    episode = Episode(
        subject=subject, kind=kind, first=window(day), opened=window(day), last=window(day)
    )
    return Incident(
        id=f"{subject} {day}",
        model="churn",
        episode=episode,
        severity=severity,
        opened_at=window(day).end,
    )


NO_ROWS = incident(Kind.NO_DATA, "", PAGE)
FAILED_RUN = incident(Kind.PIPELINE, "", PAGE)
NO_LABELS = incident(Kind.NO_DATA, "", PAGE, check="label_coverage")
NOT_JUDGED = incident(Kind.NO_DATA, "", TICKET, check="not_judged")
SCHEMA = incident(Kind.SCHEMA, "x", PAGE)
SCHEMA_OF_ALL = incident(Kind.SCHEMA, "", PAGE)
QUALITY = incident(Kind.QUALITY)
QUALITY_OF_Y = incident(Kind.QUALITY, "y")
DRIFT = incident(Kind.FEATURE_DRIFT, "x", INFO)
LARGE_DRIFT = incident(Kind.FEATURE_DRIFT, "x", TICKET)
PAIR = incident(Kind.CORRELATION, "x × z", INFO)
PREDICTION = incident(Kind.PREDICTION_DRIFT, "p")
PERFORMANCE = incident(Kind.PERFORMANCE, "", PAGE)


@pytest.mark.parametrize(
    ("cause", "effect"),
    [
        (NO_ROWS, SCHEMA),
        (NO_ROWS, QUALITY),
        (NO_ROWS, NOT_JUDGED),
        (FAILED_RUN, PREDICTION),
        (SCHEMA, QUALITY),
        (SCHEMA, DRIFT),
        (SCHEMA, PREDICTION),
        (SCHEMA, SCHEMA_OF_ALL),
        (QUALITY, DRIFT),
        (QUALITY, LARGE_DRIFT),
        (QUALITY, PAIR),
        (DRIFT, PAIR),
        (LARGE_DRIFT, PREDICTION),
    ],
    ids=lambda i: str(i.episode.subject),
)
def test_a_cause_explains_its_effect_and_not_the_other_way(cause, effect):
    assert explain([effect, cause]) == {effect.id: cause.id}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (NO_ROWS, NO_LABELS),
        (NO_ROWS, PERFORMANCE),
        (SCHEMA, PERFORMANCE),
        (PREDICTION, PERFORMANCE),
        (QUALITY_OF_Y, QUALITY),
        (QUALITY_OF_Y, DRIFT),
        (SCHEMA, QUALITY_OF_Y),
        (QUALITY, PREDICTION),
        (NO_LABELS, QUALITY),
    ],
    ids=lambda i: str(i.episode.subject),
)
def test_others_stand_for_themselves(one, other):
    assert explain([one, other]) == {}


def test_nothing_urgent_hides_behind_what_is_not():
    assert explain([DRIFT, PREDICTION]) == {}


def test_the_first_cause_is_named():
    assert explain([NO_ROWS, SCHEMA, QUALITY, DRIFT])[DRIFT.id] == NO_ROWS.id
