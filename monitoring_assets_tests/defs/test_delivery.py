"""The sensors around alerts, and delivery right after a decision, with real runs and a Slack."""

from dataclasses import replace

import dagster as dg
import pytest
import sqlalchemy as sa

from monitoring_assets.composition import Workspace
from monitoring_assets.defs.backfill import QUIET
from monitoring_assets.defs.delivery import deliver_alerts, failed_runs
from monitoring_assets.defs.runs import BACKFILL, HISTORY, WILL_RETRY, range_tags
from monitoring_assets.domain.message import Act
from monitoring_assets_tests.notifiers.conftest import pagerduty, receiver, slack  # noqa: F401
from monitoring_assets_tests.providers.pagerduty import ROUTING_KEY
from monitoring_assets_tests.providers.slack import NAME, TOKEN


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

    def fail(*, job="windows", assets=None, **tags):
        world = make_world(rows=60, max_age="3650d")
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
    """Return what is said in the messages that wait, oldest first."""
    workspace = Workspace(world.settings)
    query = "SELECT * FROM monitoring.outbox WHERE state = 'pending' ORDER BY id"
    with workspace.engine.connect() as connection:
        rows = connection.execute(sa.text(query)).all()
    return [
        workspace.messages.message(
            row.group_id,
            Act(row.act),
            row.seq,
            destination=row.destination,
            may_have_arrived=False,
        )
        for row in rows
    ]


def test_a_failed_run_becomes_one_message_that_says_why(failing):
    (message,) = waiting(failing())
    said = f"{message.title} {message.summary} {message.facts}"
    assert "SourceError" in said
    assert "predictions" in said


def test_a_reference_that_fails_is_told_too(failing):
    (message,) = waiting(failing(job="reference"))
    assert "reference" in f"{message.title} {message.summary} {message.facts}"


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
def empty_window(make_world, instance):
    """Return what monitors a window that stayed empty, of which somebody is told at once."""

    def monitor(**variables):
        world = make_world(max_age="3650d")
        world = replace(world, environ={**world.environ, **variables})
        run(world.definitions(), instance, f"{world.name}_reference", partition_key="v1")
        assert again(world, instance).success
        return world

    return monitor


def again(world, instance):
    key = world.windows(1)[0].key
    return run(world.definitions(), instance, f"{world.name}_windows", partition_key=key)


def tick(world, instance):
    """Tick `deliver_alerts`; return what the tick says."""
    with dg.build_sensor_context(
        instance=instance,
        definitions=world.definitions(),
        resources={"workspace": Workspace(world.settings)},
    ) as context:
        return deliver_alerts.evaluate_tick(context).skip_message


def to_slack(server):
    return {
        "SLACK_BOT_TOKEN": TOKEN,
        "MLMON_SLACK_CHANNEL": NAME,
        "MLMON_SLACK_API_URL": server.url,
    }


def test_without_slack_a_message_is_printed_once(empty_window, instance, capfd):
    world = empty_window()
    printed = capfd.readouterr().err
    assert f"[page] {world.name}" in printed
    assert tick(world, instance).startswith("0 delivered, 0 failed")
    assert "[page]" not in capfd.readouterr().err


def test_with_a_token_a_message_goes_to_slack_right_after_the_decision(
    empty_window,
    instance,
    slack,  # noqa: F811
):
    world = empty_window(**to_slack(slack))
    (message,) = slack.messages
    assert world.name in message.text
    assert tick(world, instance).startswith("0 delivered, 0 failed")


def test_a_message_that_slack_did_not_answer_waits_and_the_run_succeeds(
    empty_window,
    instance,
    slack,  # noqa: F811
):
    slack.faults.queue = ["error_500_before"]
    world = empty_window(**to_slack(slack))
    assert tick(world, instance).startswith("0 delivered, 0 failed, 0 given up, 1 waiting")
    Workspace(world.settings).engine.dispose()
    with Workspace(world.settings).engine.begin() as connection:
        connection.execute(sa.text("UPDATE monitoring.outbox SET next_at = now()"))
    assert tick(world, instance).startswith("1 delivered, 0 failed")


def test_a_page_opens_a_thread_and_a_page(
    empty_window,
    slack,  # noqa: F811
    pagerduty,  # noqa: F811
):
    pager = {"PAGERDUTY_ROUTING_KEY": ROUTING_KEY, "MLMON_PAGERDUTY_URL": pagerduty.url}
    empty_window(**to_slack(slack), **pager)
    assert (len(slack.roots), len(pagerduty.incidents)) == (1, 1)


def test_windows_that_are_monitored_again_tell_nothing_twice(
    empty_window,
    instance,
    slack,  # noqa: F811
):
    world = empty_window(**to_slack(slack))
    again(world, instance)
    tick(world, instance)
    assert len(slack.messages) == 1


def test_a_tick_says_how_alerting_is_doing(empty_window, instance):
    world = empty_window()
    assert "oldest waiting 0 s, 0 given up; last decisions: " in tick(world, instance)
    assert f"{world.name} " in tick(world, instance)


def test_a_tick_beats_the_heart(empty_window, instance, receiver):  # noqa: F811
    world = empty_window(MLMON_HEARTBEAT_URL=receiver.url)
    tick(world, instance)
    assert len(receiver.requests) == 1


def test_the_drill_of_the_week_is_on_its_way_after_a_tick(
    empty_window,
    instance,
    slack,  # noqa: F811
):
    world = empty_window(MLMON_DRILL="slack", **to_slack(slack))
    for _ in range(3):
        tick(world, instance)
    drills = [m for m in slack.messages if "Drill" in m.text]
    assert [m.thread_ts is None for m in drills] == [True, False]


CANARIES = {
    "SLACK_BOT_TOKEN": TOKEN,
    "PAGERDUTY_ROUTING_KEY": ROUTING_KEY,
    "MLMON_HEARTBEAT_URL": "http://127.0.0.1:1/canary-heartbeat",
    "HOOK": "http://127.0.0.1:1/canary-hook",
    "SMTP_PASSWORD": "canary-smtp-password",
}


def test_no_secret_reaches_events_the_database_or_the_output(
    empty_window,
    instance,
    slack,  # noqa: F811
    capfd,
):
    slack.token = "another"  # every attempt fails, and says why
    variables = {**to_slack(slack), **CANARIES, "MLMON_PAGERDUTY_URL": "http://127.0.0.1:1"}
    world = empty_window(**variables)
    said = tick(world, instance)
    events = [str(r) for r in instance.all_logs(instance.get_runs()[0].run_id)]
    workspace = Workspace(world.settings)
    with workspace.engine.connect() as connection:
        tables = sa.inspect(connection).get_table_names(schema="monitoring")
        rows = [
            str(row)
            for table in tables
            for row in connection.execute(
                sa.select(sa.text("*")).select_from(sa.table(table, schema="monitoring"))
            )
        ]
    captured = capfd.readouterr()
    everything = "\n".join([said, *events, *rows, captured.out, captured.err])
    assert "invalid_auth" in everything
    assert not any(secret in everything for secret in CANARIES.values())
