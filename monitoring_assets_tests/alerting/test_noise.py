"""Noise around a threshold stays quiet, and a real step is found a window later at most."""

from benchmarks.alerts.noise import RULES, figures

NAIVE, LASTING, DEFAULT = RULES


def test_noise_opens_two_incidents_in_90_days_at_most():
    usual, _, _ = figures(DEFAULT, 7, 60)
    assert usual <= 2


def test_a_step_is_found_one_window_late_at_most():
    (_, _, late), (_, _, naive) = figures(DEFAULT, 7, 60), figures(NAIVE, 7, 60)
    assert late <= naive + 1


def test_recovery_takes_most_of_what_persistence_leaves():
    noisy, lasting, quiet = (figures(rule, 7, 30)[0] for rule in RULES)
    assert noisy > 2 * lasting > 4 * quiet
