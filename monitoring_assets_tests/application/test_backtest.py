from datetime import timedelta

from monitoring_assets.application.backtest import incidents, replay
from monitoring_assets.domain.measurement import Status
from monitoring_assets_tests.application.scenario import FIRST_DAY, rows_of, without

DAYS = [FIRST_DAY + timedelta(days=i) for i in range(4)]


def replayed(made):
    for day in DAYS:
        rows = rows_of(day)
        made.write(without(rows, "age") if day == DAYS[1] else rows, day)
    return list(replay(made.new_monitor(), [made.window(day) for day in DAYS]))


def test_every_window_is_judged_in_order(scenario):
    made = scenario()
    found = replayed(made)
    assert [r.window for r in found] == [made.window(day) for day in DAYS]
    assert {len(r.evaluations) for r in found} == {5}


def test_a_fault_is_an_incident_of_its_window(scenario):
    made = scenario()
    found = incidents(made.monitor, replayed(made))
    spans = {
        (e.kind, e.subject.column, e.opened.key, e.resolved.key)
        for e in (i.episode for i in found)
    }
    assert spans == {("schema", "age", str(DAYS[1]), str(DAYS[2]))}


def test_labels_are_treated_as_due(scenario):
    made = scenario(labels="files")
    found = replayed(made)
    coverage = [c for r in found for c in r.checks if c.check == "label_coverage"]
    assert {c.status for c in coverage} == {Status.BAD}


def test_windows_are_forgotten_behind(scenario):
    made = scenario()
    made.write()
    monitor = made.new_monitor()
    list(replay(monitor, [made.window()]))
    path = f"churn/prediction_log/{made.window().key}.parquet"
    assert monitor.ports.artifacts.read_table(path) is None
