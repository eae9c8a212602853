from types import SimpleNamespace

import pytest

from monitoring_assets.defs.failures import first_failure


def failure(*messages):
    """Return the event of a failed step; each message is the cause of the one before."""
    error = None
    for message in reversed(messages):
        error = SimpleNamespace(message=message, cause=error)
    return SimpleNamespace(is_step_failure=True, step_failure_data=SimpleNamespace(error=error))


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        (["ValueError: wrong\n"], "ValueError: wrong"),
        (
            ["a.b.StepError: Error occurred while executing op\n", "KeyError: 'x'\n"],
            "KeyError: 'x'",
        ),
        (
            ["a.b.SourceError: no file: look at s3://x\n  more\n"],
            "SourceError: no file: look at s3://x",
        ),
        (["the disk of db.example is full: 0 bytes"], "the disk of db.example is full: 0 bytes"),
        ([""], "no reason was given"),
        ([], ""),
    ],
)
def test_the_innermost_error_is_told_in_one_line(messages, expected):
    assert first_failure([failure(*messages)]) == expected


def test_the_first_step_that_failed_is_told():
    other = SimpleNamespace(is_step_failure=False)
    assert first_failure([other, failure("A: 1"), failure("B: 2")]) == "A: 1"


def test_no_step_that_failed_is_no_text():
    assert first_failure([]) == ""
