"""How often noise around a threshold calls somebody, and how late a real step is found.

    python -m benchmarks.alerts.noise --seed 7 --spans 200

A score wanders around its threshold for 90 days at a time, as it does where a limit sits at the
edge of what is usual. Three rules are compared: none, K of N alone, and K of N with a recovery
threshold, which is the default. Then the score steps up for good, and the windows are counted from
the step to the opening. The seed is printed; the same seed gives the same figures.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from statistics import mean

from monitoring_assets.alerting.incidents import fold
from monitoring_assets.alerting.verdicts import history_of
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.incident import Episode
from monitoring_assets.domain.measurement import Kind, Status
from monitoring_assets.domain.verdict import Subject, Verdict
from monitoring_assets.domain.window import Window

DAYS, THRESHOLD = 90, 0.1
# By chance a day's score spreads by a fifth of the threshold around a mean just below it.
USUAL, SPREAD = 0.092, 0.015
STEP = 0.16
START = date(2026, 1, 1)


@dataclass(frozen=True, slots=True)
class Rule:
    """A way to open and close incidents.

    Attributes:
        persistence: `bad`, `of` and `ok`, as in the YAML.
        recovery: The share of the threshold at which an open incident counts as ok.
    """

    name: str
    persistence: dict[str, int]
    recovery: float


RULES = (
    Rule("every bad window", {"bad": 1, "of": 1, "ok": 1}, 1.0),
    Rule("2 of 3", {"bad": 2, "of": 3, "ok": 1}, 1.0),
    Rule("2 of 3, over at 0.75 (default)", {"bad": 2, "of": 3, "ok": 2}, 0.75),
)


def config_of(rule: Rule) -> ModelConfig:
    """Return a model with a rule for prediction drift."""
    return ModelConfig.model_validate(
        {
            "name": "noise",
            "task": "binary",
            "owner": "team:bench",
            "cadence": {"start": START},
            "predictions": {"path": "log"},
            "reference": {"active": "v1", "versions": {"v1": {"path": "r.parquet"}}},
            "columns": {"timestamp": "at", "prediction": "p"},
            "features": {"x": "numeric"},
            "alerts": {"persistence": {"prediction_drift": rule.persistence}},
        }
    )


def episodes(rule: Rule, scores: Sequence[float]) -> list[Episode]:
    """Return the incidents of daily scores."""
    verdicts = (_verdict(rule, day, score) for day, score in enumerate(scores))
    return fold(config_of(rule), history_of(verdicts))


def _verdict(rule: Rule, day: int, score: float) -> Verdict:
    start = datetime.combine(START + timedelta(days=day), time(), UTC)
    return Verdict(
        subject=Subject(check="prediction_drift", column="p"),
        window=Window(start, start + timedelta(days=1), f"{start:%Y-%m-%d}"),
        kind=Kind.PREDICTION_DRIFT,
        status=Status.BAD if score > THRESHOLD else Status.OK,
        score=score,
        threshold=THRESHOLD,
        recovery=rule.recovery * THRESHOLD,
        margin=THRESHOLD,
    )


def noise(random: Random, days: int = DAYS) -> list[float]:
    """Return scores that cross the threshold by chance, in about a third of the days."""
    return [random.gauss(USUAL, SPREAD) for _ in range(days)]


def delay(rule: Rule, random: Random) -> int:
    """Return how many windows after the first bad one a real step opens an incident."""
    quiet = [random.gauss(0.04, 0.01) for _ in range(30)]
    stepped = [random.gauss(STEP, SPREAD) for _ in range(10)]
    opened = min(e.opened.start.date() for e in episodes(rule, [*quiet, *stepped]))
    return (opened - START).days - len(quiet)


def figures(rule: Rule, seed: int, spans: int) -> tuple[float, int, int]:
    """Return pages per 90 days of noise: the mean and the most; and the longest delay."""
    random = Random(seed)  # noqa: S311
    pages = [len(episodes(rule, noise(random))) for _ in range(spans)]
    delays = [delay(rule, random) for _ in range(spans)]
    return mean(pages), max(pages), max(delays)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures of all rules."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--spans", type=int, default=200, help="spans of 90 days")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}, {options.spans} spans of {DAYS} days")
    for rule in RULES:
        usual, most, late = figures(rule, options.seed, options.spans)
        print(
            f"{rule.name:<32} {usual:5.1f} pages in 90 days (most {most:>2}), "
            f"a step is found {late} windows late"
        )


if __name__ == "__main__":
    main()
