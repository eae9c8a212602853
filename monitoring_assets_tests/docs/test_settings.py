"""Every environment variable that the code reads is in the README, and none that it does not."""

import re

from monitoring_assets_tests.docs.pages import ROOT

_NAME = r"(?:MLMON|AWS|DAGSTER|SLACK|PAGERDUTY|SMTP)_[A-Z0-9_]*[A-Z0-9]"
# Read by Dagster's own YAML, or only by the tests.
_ELSEWHERE = {"MLMON_TEST_DATABASE_URL"}


def _read_by_the_code(source):
    return set(re.findall(rf'"({_NAME})"', source))


def _in_the_table(readme):
    rows = re.findall(r"^\| (`.*?`) \|", readme.section("### Settings").text, re.MULTILINE)
    return {name for row in rows for name in re.findall(f"`({_NAME})`", row)}


def test_the_code_reads_what_the_table_says(readme, package_source):
    assert _in_the_table(readme) - _read_by_the_code(package_source) == set()


def test_the_table_says_what_the_code_reads(readme, package_source):
    assert _read_by_the_code(package_source) - _in_the_table(readme) == set()


def test_no_page_names_another_variable(documentation, readme):
    named = set(re.findall(rf"\b({_NAME})\b", documentation))
    assert named - _in_the_table(readme) - _ELSEWHERE == set()


def test_the_variables_of_dagsters_yaml_are_in_the_table(readme):
    text = (ROOT / "monitoring_assets/server/dagster.yaml").read_text()
    assert set(re.findall(rf"env: ({_NAME})", text)) <= _in_the_table(readme)
