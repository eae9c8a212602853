import re
from datetime import date, timedelta
from typing import get_args

import pytest

from monitoring_assets.config.loader import load_models, model_files, read_model
from monitoring_assets.config.model import DriftMethodName, LoadedModel
from monitoring_assets.domain.errors import ConfigurationError
from monitoring_assets_tests.config.files import GOOD, and_, with_

CADENCE = "{start: 2026-01-01}"
REFERENCE = "{path: reference.parquet}"
LOG = "{path: log/*.parquet}"
KINDS = (
    "'no_data', 'schema', 'quality', 'feature_drift', 'prediction_drift', 'correlation', "
    "'performance', 'estimated_performance' or 'pipeline'"
)
METHODS = ", ".join(f"'{name}'" for name in get_args(DriftMethodName)[:-1])
METHODS += f" or '{get_args(DriftMethodName)[-1]}'"

# What is wrong, the file, and every line that is printed about it.
WRONG = [
    # the file
    ("empty", "", ["1: holds no model; begin with `type: monitoring_assets.MonitoredModel`"]),
    (
        "a list",
        "- a\n",
        ["1: holds no model; begin with `type: monitoring_assets.MonitoredModel`"],
    ),
    (
        "not YAML",
        GOOD + "  x: [1\n",
        [
            "17: is not YAML: while parsing a flow sequence "
            "expected ',' or ']', but got '<stream end>'"
        ],
    ),
    (
        "a tab",
        GOOD + "\tx: 1\n",
        [
            "16: is not YAML: while scanning for the next token "
            "found character '\\t' that cannot start any token"
        ],
    ),
    (
        "two documents",
        f"{GOOD}---\n{GOOD}",
        ["16: is not YAML: expected a single document in the stream but found another document"],
    ),
    (
        "a key that is no text",
        with_("age: numeric", "? [a]\n    : numeric"),
        ["14: is not YAML: while constructing a mapping found unhashable key"],
    ),
    # the envelope
    (
        "another type",
        with_("monitoring_assets.MonitoredModel", "Model"),
        ["1: type: write monitoring_assets.MonitoredModel"],
    ),
    (
        "a key beside the attributes",
        GOOD + "attribute: 1\n",
        ["16: attribute: unknown key; use `type` and `attributes`"],
    ),
    (
        "no attributes",
        "type: monitoring_assets.MonitoredModel\n",
        ["1: attributes: must hold the model's settings"],
    ),
    (
        "attributes that are a list",
        "type: monitoring_assets.MonitoredModel\nattributes: [1]\n",
        ["2: attributes: must hold the model's settings"],
    ),
    # keys
    (
        "an unknown key",
        with_("owner:", "ownr:"),
        ["2: owner: is missing", "5: ownr: unknown key; did you mean `owner`?"],
    ),
    (
        "an unknown key deep down",
        with_(CADENCE, "{start: 2026-01-01, dedline: 6h}"),
        ["6: cadence.dedline: unknown key; did you mean `deadline`?"],
    ),
    (
        "an unknown key of a feature",
        with_("age: numeric", "age: {type: numeric, mn: 1}"),
        ["14: features.age.mn: unknown key; did you mean `min`?"],
    ),
    (
        "an unknown key like no other",
        with_(CADENCE, "{start: 2026-01-01, zzzzzz: 6h}"),
        [
            "6: cadence.zzzzzz: unknown key; "
            "known keys: deadline, end, every, look_back, start, timezone"
        ],
    ),
    ("a missing key", with_("  task: binary\n", ""), ["2: task: is missing"]),
    (
        "a missing key deep down",
        with_("timestamp: at, ", ""),
        ["12: columns.timestamp: is missing"],
    ),
    ("a key given twice", and_("name: other"), ["16: name: is given twice, first in line 3"]),
    (
        "a feature given twice",
        GOOD + "    age: numeric\n",
        ["16: features.age: is given twice, first in line 14"],
    ),
    # types and values
    (
        "a wrong type",
        with_("age: numeric", "age: {type: numeric, min: low}"),
        [
            "14: features.age.min: Input should be a valid number, "
            "unable to parse string as a number (found 'low')"
        ],
    ),
    (
        "a name that is a number",
        with_("age: numeric", "1: numeric"),
        ["14: features.1: Input should be a valid string (found 1)"],
    ),
    (
        "nothing where something is needed",
        with_("team:growth", ""),
        ["5: owner: Input should be a valid string"],
    ),
    (
        "no features",
        with_("    age: numeric\n    plan: categorical\n", ""),
        ["13: features: Input should be a valid mapping"],
    ),
    (
        "empty features",
        with_("features:\n    age: numeric\n    plan: categorical\n", "features: {}\n"),
        ["13: features: mapping should have at least 1 item after validation, not 0"],
    ),
    (
        "an impossible task",
        with_("binary", "binry"),
        ["4: task: Input should be 'binary', 'multiclass' or 'regression' (found 'binry')"],
    ),
    (
        "an impossible type of feature",
        with_("age: numeric", "age: number"),
        ["14: features.age: Input should be 'numeric' or 'categorical' (found 'number')"],
    ),
    (
        "an impossible duration",
        with_(CADENCE, "{start: 2026-01-01, deadline: 6 hours}"),
        [
            "6: cadence.deadline: '6 hours' is no duration; "
            "write a whole number and m, h or d: 6h, 14d"
        ],
    ),
    (
        "an impossible day",
        with_("2026-01-01", "2026-02-30"),
        [
            "6: cadence.start: Input should be a valid date or datetime, "
            "day value is outside expected range (found '2026-02-30')"
        ],
    ),
    (
        "an impossible share",
        and_("quality: {missing: 2}"),
        ["16: quality.missing: Input should be less than or equal to 1 (found 2)"],
    ),
    (
        "a number that is none",
        with_("age: numeric", "age: {type: numeric, min: .nan}"),
        ["14: features.age.min: Input should be a finite number (found nan)"],
    ),
    (
        "an impossible name",
        with_("name: churn", "name: Churn-1"),
        [
            "3: name: String should match pattern '^[a-z][a-z0-9_]{0,62}$' (found 'Churn-1')",
        ],
    ),
    (
        "an impossible owner",
        with_("team:growth", "growth"),
        ["5: owner: write an e-mail address or team:name (found 'growth')"],
    ),
    (
        "an impossible zone",
        with_(CADENCE, "{start: 2026-01-01, timezone: Berlin}"),
        ["6: cadence.timezone: 'Berlin' is no IANA time zone; write for instance Europe/Berlin"],
    ),
    (
        "an impossible method",
        and_("drift: {method: kss}"),
        [f"16: drift.method: Input should be {METHODS} (found 'kss')"],
    ),
    (
        "an impossible kind",
        and_("alerts: {severity: {drift: page}}"),
        [f"16: alerts.severity.drift: Input should be {KINDS} (found 'drift')"],
    ),
    (
        "an impossible severity",
        and_("alerts: {severity: {quality: loud}}"),
        ["16: alerts.severity.quality: Input should be 'page', 'ticket' or 'info' (found 'loud')"],
    ),
    (
        "a category that is a list",
        with_("plan: categorical", "plan: {type: categorical, allowed: [a, [b]]}"),
        [
            "15: features.plan.allowed.1: Input should be a valid boolean or a valid integer "
            "or a valid number or a valid string",
            "15: features.plan.allowed: Input should be 'reference'",
        ],
    ),
    (
        "a word where a list is needed",
        with_("plan: categorical", "plan: {type: categorical, allowed: refernce}"),
        [
            "15: features.plan.allowed: Input should be a valid list or 'reference' "
            "(found 'refernce')"
        ],
    ),
    # what does not fit together
    (
        "an active version that is not there",
        with_("active: v1", "active: v2"),
        ["9: reference.active: 'v2' is none of ['v1']"],
    ),
    (
        "a URL in the file",
        with_(LOG, '{url_env: "postgresql://u:secret@h/db", table: t}'),
        [
            "7: predictions: `url_env` is the name of an environment variable, such as "
            "WAREHOUSE_URL; a URL does not belong into this file"
        ],
    ),
    (
        "a metric that is not offered",
        and_("performance: {judged: [accuracy, roc_auc]}"),
        [
            "16: performance.judged: 'roc_auc' cannot be judged here; "
            "choose from accuracy, precision, recall, f1"
        ],
    ),
    (
        "a segment of numbers",
        and_("segments: [age]"),
        ["16: segments: 'age' holds no categories"],
    ),
    (
        "several things at once",
        with_("binary", "binry").replace("owner:", "ownr:"),
        [
            "4: task: Input should be 'binary', 'multiclass' or 'regression' (found 'binry')",
            "2: owner: is missing",
            "5: ownr: unknown key; did you mean `owner`?",
        ],
    ),
]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "churn.yaml"


@pytest.mark.parametrize(
    ("text", "lines"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG]
)
def test_what_is_wrong_is_told_with_its_line(file, text, lines):
    file.write_text(text)
    found = read_model(file)
    assert not isinstance(found, LoadedModel)
    assert [str(problem) for problem in found] == [f"{file}:{line}" for line in lines]


def test_no_secret_of_a_file_is_repeated():
    for _, text, lines in WRONG:
        assert "secret" not in "".join(lines), text


def test_a_right_file_is_a_model(file):
    file.write_text(GOOD)
    model = read_model(file)
    assert isinstance(model, LoadedModel)
    assert (model.config.name, model.file) == ("churn", file)
    assert model.config.cadence.start == date(2026, 1, 1)


@pytest.mark.parametrize("word", ["no", "yes", "on", "off", "NO"])
def test_short_words_are_categories_and_no_booleans(file, word):
    file.write_text(
        with_("plan: categorical", f"plan: {{type: categorical, allowed: [{word}, x]}}")
    )
    assert read_model(file).config.features["plan"].allowed == (word, "x")


def test_true_and_false_are_booleans(file):
    allowed = "plan: {type: categorical, allowed: [true, False]}"
    file.write_text(with_("plan: categorical", allowed))
    assert read_model(file).config.features["plan"].allowed == (True, False)


def test_a_part_of_a_file_may_be_used_again(file):
    file.write_text(
        with_("age: numeric", "age: &number {type: numeric, min: 0}\n    size: *number")
    )
    assert read_model(file).config.features["size"].min == 0


def test_times_of_a_reference_may_be_days_or_moments(file):
    cut = "{path: reference.parquet, from: 2026-01-03, to: 2026-02-01T05:00:00+01:00}"
    file.write_text(with_(REFERENCE, cut))
    config = read_model(file).config
    version, zone = config.reference.versions["v1"], config.cadence.windows.zone
    assert str(version.start_in(zone)) == "2026-01-03 00:00:00+00:00"
    assert version.end_in(zone).utcoffset() == timedelta(hours=1)


def test_a_file_that_is_no_text_is_told(file):
    file.write_bytes(b"\xff\xfe\x00")
    (problem,) = read_model(file)
    assert str(problem).startswith(f"{file}:1: cannot be read as text: ")


def test_a_file_that_is_not_there_is_told(file):
    (problem,) = read_model(file)
    assert "cannot be read as text" in problem.message


# -- several files -------------------------------------------------------------------------------


def test_every_problem_of_every_file_is_told(tmp_path):
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text(with_("binary", "binry"))
    second.write_text(with_("team:growth", "growth"))
    with pytest.raises(ConfigurationError) as error:
        load_models([first, second])
    told = str(error.value).splitlines()
    assert [line.partition(": ")[0] for line in told] == [f"{first}:4", f"{second}:5"]


def test_two_models_of_one_name_are_told(tmp_path):
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text(GOOD)
    second.write_text(GOOD)
    message = f"{second}:1: name: 'churn' is also the name of {first}; names must differ"
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        load_models([first, second])


def test_models_come_in_the_order_of_their_files(tmp_path):
    for name in "ba":
        (tmp_path / f"{name}.yaml").write_text(with_("name: churn", f"name: {name}"))
    models = load_models(model_files(tmp_path))
    assert [model.config.name for model in models] == ["a", "b"]


def test_model_files_are_found_in_folders_below(tmp_path):
    (tmp_path / "team").mkdir()
    for name in ("a.yaml", "team/b.yml", ".hidden.yaml", "notes.txt"):
        (tmp_path / name).write_text(GOOD)
    assert model_files(tmp_path) == [tmp_path / "a.yaml", tmp_path / "team/b.yml"]


def test_a_folder_that_is_not_there_says_what_to_do(tmp_path):
    with pytest.raises(ConfigurationError, match=r"no such folder\. Put one YAML file per model"):
        model_files(tmp_path / "models")


def test_no_file_is_no_model():
    assert load_models([]) == ()
