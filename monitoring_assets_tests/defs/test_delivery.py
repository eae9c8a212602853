"""The two sensors around alerts, with real failing runs and a fake Slack."""

import dagster as dg
import pytest
import sqlalchemy as sa

from monitoring_assets.composition import Workspace
from monitoring_assets.defs.backfill import QUIET
from monitoring_assets.defs.delivery import deliver_alerts, failed_runs
from monitoring_assets.defs.runs import BACKFILL, HISTORY, WILL_RETRY, range_tags
from monitoring_assets_tests.notifiers.fake_slack import NAME, TOKEN, FakeSlack


@pytest.fixture
def database(database_url):
    """Return a database of each test: the sensor delivers whatever waits."""
    return database_url


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def failing(make_world, instance):
    """Return what runs two windows of a new model whose predictions cannot be read, and ticks."""

    def fail(*, job="windows", assets=None, world=None, **tags):
        world = world or make_world(rows=60)
        definitions = world.definitions()
        if job == "windows":
            run(definitions, instance, f"{world.name}_reference", partition_key="v1")
        (world.data / "predictions").rmdir()
        (world.data / "reference.parquet").unlink()
        how = {"partition_key": "v1"}
        if job != "reference":
            how = {"tags": {**range_tags(world.windows(2)), **tags}}
        name = f"{world.name}_{job}" if job in {"windows", "reference"} else job
        selection = assets and [dg.AssetKey([world.name, asset]) for asset in assets]
        failed = run(definitions, instance, name, asset_selection=selection, **how)
        assert not failed.success
        tick_failed_runs(world, instance, failed)
        return world

    return fail


def run(definitions, instance, job, **how):
    return definitions.resolve_job_def(job).execute_in_process(
        instance=instance, run_config=QUIET, raise_on_error=False, **how
    )


def tick_failed_runs(world, instance, failed):
    context = dg.build_run_status_sensor_context(
        sensor_name="failed_runs",
        dagster_event=failed.get_run_failure_event(),
        dagster_instance=instance,
        dagster_run=instance.get_run_by_id(failed.run_id),
    ).for_run_failure()
    failed_runs(context, workspace=Workspace(world.settings))


def waiting(world):
    """Return the notices of a model that wait, oldest first."""
    query = "SELECT payload FROM monitoring.outbox WHERE model = :model ORDER BY id"
    with Workspace(world.settings).engine.connect() as connection:
        return connection.execute(sa.text(query), {"model": world.name}).scalars().all()


def test_a_failed_run_becomes_one_message_about_its_newest_window(failing):
    world = failing()
    (notice,) = waiting(world)
    assert notice["window_key"] == world.windows(2)[-1].key
    (line,) = notice["lines"]
    assert line.startswith("pipeline: SourceError: ")
    assert "predictions" in line


def test_the_message_of_a_failed_run_leads_to_the_run(failing, instance):
    (notice,) = waiting(failing())
    (failed,) = instance.get_runs(filters=dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
    assert notice["link"].endswith(f"/runs/{failed.run_id}")


def test_a_reference_that_fails_is_told_too(failing):
    (notice,) = waiting(failing(job="reference"))
    assert "reference" in notice["lines"][0]


def test_a_run_of_single_assets_is_told_too(failing):
    world = failing(job="__ASSET_JOB", assets=["prediction_log"])
    assert len(waiting(world)) == 1


def test_a_report_that_fails_is_told_to_nobody(failing):
    assert waiting(failing(job="__ASSET_JOB", assets=["evidently_report"])) == []


@pytest.mark.parametrize(
    "tags", [{WILL_RETRY: "true"}, {HISTORY: "mlmon backfill"}, {BACKFILL: "abc"}]
)
def test_a_run_that_is_retried_or_makes_up_for_history_is_told_to_nobody(failing, tags):
    assert waiting(failing(**tags)) == []


@pytest.fixture
def drifted(make_world, instance):
    """Return a model of which a window drifted and somebody is to be told."""
    world = make_world(max_age="3650d")
    (window,) = world.windows(1)
    world.land([window], shift=60.0)
    run(world.definitions(), instance, f"{world.name}_reference", partition_key="v1")
    run(world.definitions(), instance, f"{world.name}_windows", partition_key=window.key)
    return world


@pytest.fixture
def slack(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    slack = FakeSlack().start()
    yield slack
    slack.stop()


def tick(world, instance, **variables):
    """Tick `deliver_alerts`; return what the tick says."""
    with dg.build_sensor_context(
        instance=instance,
        definitions=world.definitions(),
        resources={"workspace": Workspace({**world.settings, **variables})},
    ) as context:
        return deliver_alerts.evaluate_tick(context).skip_message


def to_slack(slack):
    return {
        "SLACK_BOT_TOKEN": TOKEN,
        "MLMON_SLACK_CHANNEL": NAME,
        "MLMON_SLACK_API_URL": slack.url,
    }


def test_without_slack_a_message_is_printed_once(drifted, instance, capfd):
    capfd.readouterr()
    assert tick(drifted, instance).startswith("terminal: 1 delivered")
    printed = capfd.readouterr().err
    assert f"{drifted.name} 2026-01-01: " in printed
    assert "feature_drift: distance" in printed
    assert tick(drifted, instance).startswith("terminal: 0 delivered")
    assert drifted.name not in capfd.readouterr().err


def test_with_a_token_a_message_goes_to_slack_once(drifted, instance, slack):
    said = [tick(drifted, instance, **to_slack(slack)) for _ in range(2)]
    assert [line.partition(",")[0] for line in said] == [
        "slack: 1 delivered",
        "slack: 0 delivered",
    ]
    (message,) = slack.messages
    assert drifted.name in message.text


def test_a_message_that_slack_refuses_waits(drifted, instance, slack):
    slack.faults = ["error_500_before"] * 10
    said = tick(drifted, instance, **to_slack(slack))
    assert said == "slack: 0 delivered, 1 failed, 0 given up, 1 waiting"


def test_windows_that_are_monitored_again_tell_nothing_twice(drifted, instance, slack):
    tick(drifted, instance, **to_slack(slack))
    key = drifted.windows(1)[0].key
    run(drifted.definitions(), instance, f"{drifted.name}_windows", partition_key=key)
    tick(drifted, instance, **to_slack(slack))
    assert [message.edits for message in slack.messages] == [0]
