"""The plots of the UI: golden pictures, valid whatever the names are.

A changed picture is looked at first (open the `.svg` files in `golden/` in a browser) and then
written again: `MLMON_WRITE_GOLDEN=1 pytest …/test_plots.py`.
"""

import os
from base64 import b64decode
from pathlib import Path
from xml.etree import ElementTree  # noqa: ICN001

import pytest

from monitoring_assets.domain.evaluation import Histogram
from monitoring_assets.domain.measurement import Kind, Measurement, Status
from monitoring_assets.reports.plots import against_thresholds, distributions

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = "</text></svg><script>alert(1)</script>\"'&"


def svg(markdown):
    """Return the picture behind `![name](data:image/svg+xml;base64,…)`."""
    return b64decode(markdown.partition(";base64,")[2].removesuffix(")")).decode()


def texts(picture):
    root = ElementTree.fromstring(picture)  # noqa: S314 - our own picture
    return [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]


def histogram(column="distance_km", labels=("0", "100", "200"), current=(0.2, 0.3, 0.5)):
    return Histogram(column=column, labels=labels, reference=(0.5, 0.3, 0.2), current=current)


def measurement(status, value, **more):
    return Measurement(
        metric=more.pop("metric", "drift"),
        kind=Kind.FEATURE_DRIFT,
        n=100,
        value=value,
        status=status,
        **more,
    )


HISTOGRAMS = (
    histogram(),
    histogram(column="carrier", labels=("Bolt", "Dart", "other")),
    histogram(column="a_column_with_a_name_that_is_far_too_long_to_be_shown"),
    histogram(column="rain_mm", current=(0.0, 0.0, 1.0)),
)
MEASUREMENTS = (
    measurement(Status.BAD, 0.31, column="carrier", lower=0.28, upper=0.34, threshold=0.12),
    measurement(Status.OK, 0.04, column="distance_km", threshold=0.12),
    measurement(Status.INFO, 0.8, metric="accuracy", lower=0.77, upper=0.83),
    measurement(Status.UNJUDGED, None, column="rain_mm"),
    measurement(Status.WARN, -0.2, metric="r2", lower=-0.3, upper=-0.1, threshold=0.5),
)


@pytest.mark.parametrize(
    ("name", "markdown"),
    [
        ("distributions", distributions(HISTOGRAMS, drifted=["carrier"])),
        ("thresholds", against_thresholds(MEASUREMENTS)),
    ],
)
def test_a_picture_is_as_it_was(name, markdown):
    file = GOLDEN / f"{name}.svg"
    picture = svg(markdown) + "\n"
    if os.environ.get("MLMON_WRITE_GOLDEN"):
        file.write_text(picture, encoding="utf-8")
    assert picture == file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "markdown",
    [
        distributions([histogram(column=HOSTILE, labels=(HOSTILE, "b", "c"))], drifted=[HOSTILE]),
        against_thresholds([measurement(Status.BAD, 1.0, metric=HOSTILE)]),
    ],
)
def test_a_hostile_name_is_shown_as_text(markdown):
    shown = "".join(texts(svg(markdown)))
    assert "</text></svg><script>alert(1)" in shown


def test_only_drifted_columns_are_marked():
    shown = texts(svg(distributions([histogram(), histogram(column="carrier")], ["carrier"])))
    assert [text for text in shown if "drift" in text and "window" not in text] == [
        "carrier ▲ drift"
    ]


def test_a_single_bar_is_drawn():
    one = Histogram(column="plan", labels=("free",), reference=(1.0,), current=(1.0,))
    assert "plan" in texts(svg(distributions([one], drifted=[])))


def test_a_value_that_was_not_measured_has_no_bar():
    assert "rain_mm drift" not in texts(svg(against_thresholds(MEASUREMENTS)))


def test_where_nothing_was_measured_there_is_no_picture():
    assert against_thresholds([measurement(Status.UNJUDGED, None)]) == ""


def test_numbers_that_are_all_zero_or_below_are_drawn():
    zero = measurement(Status.OK, 0.0, metric="zero")
    below = measurement(Status.WARN, -1.0, metric="r2", lower=-2.0, upper=-0.5)
    picture = svg(against_thresholds([zero, below]))
    assert "nan" not in picture
    assert 'x2="2' in picture
