from monitoring_assets.alerting.failed_run import first_line


def test_the_first_line_that_says_something_counts():
    assert first_line("\n   \n  ValueError: no\n  at line 3") == "ValueError: no"
    assert first_line("  ") == "no reason was given"
    assert first_line("x" * 400) == "x" * 300
