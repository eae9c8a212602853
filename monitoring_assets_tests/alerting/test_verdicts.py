"""From measurements to one verdict per subject, with the margin that gives its score a scale."""

from dataclasses import replace

import pytest

from monitoring_assets.alerting.verdicts import checks_of, history_of, margin_of, verdicts_of
from monitoring_assets.domain.evaluation import Evaluation
from monitoring_assets.domain.measurement import Kind, Measurement, Status
from monitoring_assets.domain.verdict import Subject
from monitoring_assets_tests.alerting.verdicts import model, scored, verdict, window


def measured(metric="missing_share", value=0.2, threshold=0.05, **changed):
    usual = {"kind": Kind.QUALITY, "check": "missing_values", "column": "x", "n": 100}
    usual |= {"status": Status.BAD, "reason": "x is missing"}
    return Measurement(metric=metric, value=value, threshold=threshold, **usual | changed)


def evaluation(*measurements):
    return Evaluation(
        model="churn",
        asset="quality_results",
        window=window(),
        reference_version="v1",
        measurements=measurements,
    )


def judged(*measurements):
    return verdicts_of(model(), [evaluation(*measurements)])


def test_checks_are_those_that_measurements_count_towards():
    shown = measured(check="", status=Status.INFO)
    found = checks_of([evaluation(measured(), shown, measured(check="ranges", status=Status.OK))])
    assert {c.check: c.status for c in found} == {
        "missing_values": Status.BAD,
        "ranges": Status.OK,
    }


def test_a_verdict_has_what_its_measurement_says():
    (found,) = judged(measured(lower=0.15, upper=0.25))
    assert found.subject == Subject(check="missing_values", column="x")
    assert (found.score, found.threshold, found.lower, found.upper) == (0.2, 0.05, 0.15, 0.25)
    assert (found.n, found.reason, found.baseline) == (100, "x is missing", "v1")


def test_what_is_only_shown_has_no_verdict():
    assert judged(measured(check=""), measured(status=Status.INFO)) == []


def test_every_column_has_its_own():
    found = judged(measured(), measured(column="y", status=Status.OK, value=0.01))
    assert {v.subject.column: v.status for v in found} == {"x": Status.BAD, "y": Status.OK}


def test_the_worst_number_of_a_column_counts():
    (found,) = judged(
        measured("infinite_share", 0.0, 0.001, status=Status.OK),
        measured("out_of_range_share", 0.5, 0.01),
    )
    assert (found.status, found.metric) == (Status.BAD, "out_of_range_share")


def test_of_numbers_that_are_ok_the_one_nearest_to_its_limit_counts():
    (found,) = judged(
        measured("infinite_share", 0.0, 0.001, status=Status.OK),
        measured("out_of_range_share", 0.009, 0.01, status=Status.OK),
    )
    assert not found.has_recovered


@pytest.mark.parametrize(
    ("changed", "margin"),
    [
        ({"metric": "missing_share", "threshold": 0.35}, 0.05),
        ({"metric": "outlier_share", "threshold": 0.2}, 0.05),
        ({"metric": "out_of_range_share", "threshold": 0.01}, 0.01),
        ({"metric": "volume_ratio", "threshold": 2.0}, 1.0),
        ({"metric": "volume_ratio", "threshold": 0.5}, -0.5),
        ({"metric": "drift", "threshold": 0.1, "method": "wasserstein"}, 0.1),
        ({"metric": "drift", "threshold": 0.05, "method": "ks"}, -0.05),
        ({"metric": "roc_auc", "threshold": 0.8, "kind": Kind.PERFORMANCE}, -0.05),
        ({"metric": "log_loss", "threshold": 0.5, "kind": Kind.PERFORMANCE}, 0.1),
        ({"metric": "is_constant", "threshold": 0.0}, None),
        ({"metric": "row_count", "threshold": 1}, None),
        ({"metric": "missing_columns", "threshold": 0}, None),
        ({"metric": "drift", "threshold": None}, None),
    ],
    ids=str,
)
def test_a_margin_is_how_far_the_limit_is_from_what_is_usual(changed, margin):
    found = margin_of(model(), measured(**changed))
    assert found == (None if margin is None else pytest.approx(margin))


def test_a_coverage_has_a_lower_limit():
    coverage = measured("label_coverage", 0.5, 0.9, kind=Kind.NO_DATA)
    assert margin_of(model(), coverage) == pytest.approx(-0.1)


def test_recovery_is_a_quarter_of_the_margin_before_the_threshold():
    (found,) = judged(measured(threshold=0.35))
    assert found.recovery == pytest.approx(0.3375)


def test_the_excess_is_measured_in_margins():
    assert scored(0.3, 0).excess == pytest.approx(2)
    assert verdict(score=0.7, threshold=0.8, margin=-0.05).excess == pytest.approx(2)
    assert verdict().excess == 0


@pytest.mark.parametrize(
    ("statuses", "is_judged", "unjudged"),
    [
        ([Status.OK, Status.BAD], True, ""),
        ([Status.OK, Status.UNJUDGED], True, ""),
        ([Status.WARN], True, ""),
        ([Status.ERROR, Status.OK], False, ""),
        ([Status.UNJUDGED, Status.UNJUDGED], False, "it is bad"),
    ],
)
def test_a_check_is_judged_where_anything_was_and_nothing_went_wrong(
    statuses, is_judged, unjudged
):
    said = [verdict(status=status, column=f"c{n}") for n, status in enumerate(statuses)]
    (coverage,) = history_of(said).coverage
    assert (coverage.is_judged, coverage.unjudged) == (is_judged, unjudged)


def test_only_subjects_that_were_ever_bad_are_suspects():
    fine = verdict(status=Status.OK, column="y")
    later = replace(verdict(status=Status.OK), window=window(1))
    assert history_of([verdict(), later, fine]).verdicts == (verdict(), later)
