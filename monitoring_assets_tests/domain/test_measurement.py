import math

import pytest

from monitoring_assets.domain.errors import DeliveryError, Fault, MonitoringError
from monitoring_assets.domain.evaluation import Evaluation, summarise
from monitoring_assets.domain.measurement import Kind, Measurement, Status, finite, worst
from monitoring_assets.domain.window import Cadence, Every


def measurement(status: Status = Status.INFO, reason: str = "", **changes: object) -> Measurement:
    usual = {"metric": "missing_share", "kind": Kind.QUALITY, "n": 10, "value": 0.5}
    return Measurement(
        **usual | {"check": "missing_values", **changes}, status=status, reason=reason
    )


FROM_BEST = [Status.INFO, Status.OK, Status.UNJUDGED, Status.WARN, Status.BAD, Status.ERROR]


def test_the_worst_status_counts():
    for position, status in enumerate(FROM_BEST):
        assert worst(FROM_BEST[: position + 1]) is status


def test_nothing_is_never_ok():
    assert worst([]) is Status.UNJUDGED


@pytest.mark.parametrize("status", Status)
def test_somebody_should_look_at_what_is_doubtful_bad_or_broken(status):
    assert status.is_failing is (status in {Status.WARN, Status.BAD, Status.ERROR})


@pytest.mark.parametrize("name", ["value", "lower", "upper", "threshold"])
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_measurement_holds_finite_numbers_only(name, number):
    with pytest.raises(ValueError, match=f"{name} is {number}, use None"):
        measurement(**{name: number})


def test_a_verdict_leaves_the_number_as_it_is():
    judged = measurement().with_verdict(Status.BAD, "too many", 0.1)
    assert (judged.value, judged.n) == (0.5, 10)
    assert (judged.status, judged.reason, judged.threshold) == (Status.BAD, "too many", 0.1)


@pytest.mark.parametrize(
    ("number", "found"), [(1, 1.0), (math.nan, None), (math.inf, None), (-math.inf, None)]
)
def test_numbers_that_no_store_may_hold_are_none(number, found):
    assert finite(number) == found


# -- checks --------------------------------------------------------------------------------------


def test_a_check_is_as_bad_as_its_worst_measurement():
    found = summarise(
        "missing_values",
        [
            measurement(Status.OK, column="a"),
            measurement(Status.BAD, "b is bad", column="b", n=7),
            measurement(Status.UNJUDGED, "c is unknown", column="c", n=20),
        ],
    )
    assert (found.status, found.columns, found.reason) == (Status.BAD, ("b",), "b is bad")
    assert (found.kind, found.n) == (Kind.QUALITY, 20)


def test_mere_numbers_do_not_make_a_check_ok():
    found = summarise("volume", [measurement(Status.INFO, "nothing is known of the usual")])
    assert (found.status, found.reason) == (Status.UNJUDGED, "nothing is known of the usual")


def test_mere_numbers_do_not_matter_beside_a_verdict():
    assert summarise("c", [measurement(Status.INFO), measurement(Status.OK)]).status is Status.OK


def test_a_check_without_measurements_is_unjudged():
    found = summarise("volume", [])
    assert (found.status, found.reason, found.n) == (Status.UNJUDGED, "nothing was measured", 0)


def test_a_check_that_is_ok_has_nothing_to_say():
    assert summarise("c", [measurement(Status.OK)]).reason == ""


def test_a_check_says_each_of_the_first_five_reasons_once():
    reasons = ["a", "b", "a", "c", "d", "e", "f"]
    found = summarise("c", [measurement(Status.BAD, reason) for reason in reasons])
    assert found.reason == "a; b; c; d; e"


def test_an_evaluation_knows_what_fails_and_its_checks():
    bad = measurement(Status.BAD, "b")
    evaluation = Evaluation(
        model="m",
        asset="quality_results",
        window=Cadence(every=Every.DAY, start="2026-03-02").window("2026-03-02"),
        reference_version="v1",
        measurements=(measurement(Status.OK), bad, measurement(Status.UNJUDGED)),
    )
    assert evaluation.failing == (bad,)
    assert evaluation.check("missing_values").status is Status.BAD
    assert evaluation.check("volume").status is Status.UNJUDGED


def test_a_delivery_error_says_what_happens_next():
    error = DeliveryError("busy", Fault.BUSY, retry_after_seconds=5)
    assert isinstance(error, MonitoringError)
    assert (error.fault, error.retry_after_seconds, str(error)) == (Fault.BUSY, 5, "busy")
