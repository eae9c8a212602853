from dataclasses import replace

import pytest
import sqlalchemy as sa

from monitoring_assets.domain.errors import SourceError, StoreUnavailableError
from monitoring_assets.stores.conformance import DAY, LATER, NEXT_DAY, RUN
from monitoring_assets.stores.pipeline import Step, record_failure, recorded

STEP = Step(model="churn", asset="drift_report", windows=[DAY, NEXT_DAY], is_backfill=True)


@pytest.fixture
def steps(engine):
    def read(view="pipeline_step"):
        with engine.connect() as connection:
            return connection.execute(sa.text(f"SELECT * FROM dash.{view}")).all()  # noqa: S608

    return read


def fail(engine, step=STEP, text="gone\nand more"):
    with pytest.raises(SourceError), recorded(engine, step, RUN):
        raise SourceError(text)


def test_a_step_is_there_while_it_works(engine, steps):
    with recorded(engine, STEP, RUN):
        (row,) = steps()
        assert (row.status, row.ended_at) == ("started", None)


def test_a_step_that_ends_says_how_long_it_took_and_over_what(engine, steps):
    with recorded(engine, STEP, RUN):
        pass
    (row,) = steps()
    assert (row.status, row.error, row.windows, row.is_backfill) == ("succeeded", "", 2, True)
    assert (row.first_window, row.last_window) == (DAY.key, NEXT_DAY.key)
    assert row.duration_seconds >= 0


def test_a_step_that_fails_says_why_in_one_line(engine, steps):
    fail(engine)
    (row,) = steps()
    assert (row.status, row.error) == ("failed", "SourceError: gone")


def test_a_step_that_is_tried_again_is_one_row(engine, steps):
    fail(engine)
    with recorded(engine, STEP, RUN):
        pass
    (row,) = steps()
    assert (row.status, row.error) == ("succeeded", "")


def test_what_failed_is_not_hidden_by_a_database_that_went_away(engine, monkeypatch):
    def refuse(*_):
        raise StoreUnavailableError("gone, too")

    step = recorded(engine, STEP, RUN)
    step.__enter__()
    monkeypatch.setattr("monitoring_assets.stores.pipeline._write", refuse)
    error = SourceError("gone")
    assert not step.__exit__(SourceError, error, None)  # the same error goes on


def test_a_killed_step_fails_with_its_run(engine, steps):
    ended = replace(STEP, asset="labels")
    with recorded(engine, ended, RUN):
        pass
    killed = recorded(engine, STEP, RUN)
    killed.__enter__()
    record_failure(engine, "churn", RUN.run_id, "the process was killed")
    assert {(row.asset, row.status, row.error) for row in steps()} == {
        ("labels", "succeeded", ""),
        ("drift_report", "failed", "the process was killed"),
    }


def test_a_run_is_the_sum_of_its_steps(engine, steps):
    with recorded(engine, replace(STEP, asset="labels"), RUN):
        pass
    fail(engine)
    with recorded(engine, STEP, LATER):
        pass
    found = {row.run_id: (row.status, row.steps, row.windows) for row in steps("pipeline_run")}
    assert found == {RUN.run_id: ("failed", 2, 2), LATER.run_id: ("succeeded", 1, 2)}


def test_a_backfill_is_an_event(engine, steps):
    with recorded(engine, STEP, RUN):
        pass
    (event,) = steps("event")
    assert (event.kind, event.text) == ("backfill", f"2 windows, {DAY.key} … {NEXT_DAY.key}")
