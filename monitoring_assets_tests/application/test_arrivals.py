from datetime import timedelta

import pytest

from monitoring_assets.application.arrivals import Cause, Look, Sighting, look
from monitoring_assets.application.ports import RunInfo
from monitoring_assets.domain.errors import SourceError
from monitoring_assets_tests.application.scenario import FIRST_DAY, Scenario, known, rows_of

NOTHING = Sighting(rows={})
DAY = timedelta(days=1)
EVENING = timedelta(hours=20)
KEY = str(FIRST_DAY)


class Watch:
    """Looks at a scenario again and again, and monitors what is due."""

    def __init__(self, made: Scenario):
        self.made = made
        self.sighting = NOTHING

    def look(self, after: timedelta = timedelta(hours=1), *, days: int = 0) -> Look:
        """Look some time after the end of the first day, or of `days` later."""
        now = self.made.window(FIRST_DAY + days * DAY).end + after
        found = look(self.made.monitor, self.sighting, now)
        self.sighting = found.sighting
        return found

    def due(self, after: timedelta = timedelta(hours=1), *, days: int = 0) -> list[tuple]:
        return [(d.window.key, d.cause) for d in self.look(after, days=days).due]

    def monitor_first_day(self) -> None:
        """Write the first day, look until it is due, and monitor it."""
        self.made.write()
        self.look()
        assert self.due() == [(KEY, Cause.ROWS)]
        self.made.judge()


@pytest.fixture
def watch(scenario):
    return Watch(scenario())


@pytest.fixture
def watch_labels(scenario):
    return Watch(scenario(labels="files"))


# -- rows ----------------------------------------------------------------------------------------


def test_a_new_window_is_due_at_the_second_look(watch):
    watch.made.write()
    first, second = watch.look(), watch.look()
    assert (first.due, first.settling) == ((), (KEY,))
    assert [(d.window.key, d.cause) for d in second.due] == [(KEY, Cause.ROWS)]
    assert second.settling == ()


def test_a_window_that_is_being_written_settles_first(watch):
    watch.made.write(rows_of(FIRST_DAY).slice(0, 60))
    watch.look()
    watch.made.write(rows_of(FIRST_DAY).slice(60), part="part-1")
    assert watch.look().settling == (KEY,)
    assert watch.due() == [(KEY, Cause.ROWS)]


def test_a_window_that_goes_on_is_not_due(watch):
    watch.made.write()
    for _ in range(3):
        assert watch.look(after=-timedelta(hours=1)).due == ()


def test_a_window_that_was_monitored_is_not_due_again(watch):
    watch.monitor_first_day()
    assert [watch.due() for _ in range(3)] == [[], [], []]


def test_late_rows_make_a_window_due_again(watch):
    watch.monitor_first_day()
    watch.made.write(rows_of(FIRST_DAY, 5), part="late")
    assert watch.look(days=3).settling == (KEY,)
    assert (KEY, Cause.ROWS) in watch.due(days=3)


def test_late_rows_in_the_file_of_another_day_make_their_own_window_due(watch):
    watch.monitor_first_day()
    watch.made.write(rows_of(FIRST_DAY, 5), FIRST_DAY + DAY)
    watch.look(days=1)
    assert (KEY, Cause.ROWS) in watch.due(days=1)


def test_changed_rows_have_another_fingerprint(watch):
    watch.made.write()
    watch.look()
    (first,) = watch.look().due
    watch.made.write(rows_of(FIRST_DAY, 50))
    watch.look()
    (second,) = watch.look().due
    assert first.fingerprint != second.fingerprint


def test_a_window_that_failed_stays_due_with_the_same_fingerprint(watch, monkeypatch):
    watch.made.write()
    watch.look()
    (first,) = watch.look().due
    with monkeypatch.context() as patch:
        patch.setattr(watch.made.monitor.ports.measurements, "replace", _fail)
        with pytest.raises(RuntimeError, match="no database"):
            watch.made.judge()
    (second,) = watch.look().due
    assert second == first


def _fail(*_: object) -> None:
    raise RuntimeError("no database")


def test_rows_that_vanish_change_nothing(watch):
    watch.made.write()
    file = watch.made.write(rows_of(FIRST_DAY, 5), part="part-1")
    watch.look()
    watch.look()
    watch.made.judge()
    file.unlink()
    (watch.made.folder / "log" / f"date={KEY}" / "part-0.parquet").unlink()
    assert [watch.due(EVENING) for _ in range(3)] == [[], [], []]


def test_windows_before_the_look_back_are_left_alone(scenario):
    watch = Watch(scenario(changes={"cadence": {"start": FIRST_DAY, "look_back": "20d"}}))
    watch.made.write()
    keys = [key for key, _ in watch.due(EVENING, days=30)]
    assert (keys[0], len(keys)) == (str(FIRST_DAY + 11 * DAY), 20)


# -- windows without rows ------------------------------------------------------------------------


def test_an_empty_window_is_overdue_from_its_deadline_on(watch):
    assert watch.due(timedelta(hours=6) - timedelta(seconds=1)) == []
    assert watch.due(timedelta(hours=6)) == [(KEY, Cause.OVERDUE)]


def test_an_empty_window_that_was_monitored_is_told_once(watch):
    assert watch.due(EVENING) == [(KEY, Cause.OVERDUE)]
    watch.made.judge()
    assert watch.due(EVENING) == []


def test_an_empty_window_is_asked_for_in_the_same_words(watch):
    assert [d.fingerprint for d in watch.look(EVENING).due] == ["none"]
    assert [d.fingerprint for d in watch.look(EVENING).due] == ["none"]


def test_rows_that_come_after_the_deadline_make_the_window_due(watch):
    watch.look(EVENING)
    watch.made.judge()
    watch.made.write()
    assert watch.look(EVENING).settling == (KEY,)
    assert watch.due(EVENING) == [(KEY, Cause.ROWS)]


def test_rows_that_settle_are_not_overdue(watch):
    watch.made.write()
    assert watch.due(EVENING) == []


# -- labels --------------------------------------------------------------------------------------

ID = f"{FIRST_DAY}-0"


def write_label(watch: Watch, value: int, day: int = 1, part: str = "part-0", **ids: int) -> None:
    watch.made.write_labels(known(FIRST_DAY + day * DAY, {ID: value, **ids}), part)


def test_new_labels_make_a_monitored_window_due(watch_labels):
    watch_labels.monitor_first_day()
    write_label(watch_labels, 1)
    assert watch_labels.due() == [(KEY, Cause.LABELS)]


def test_labels_are_looked_at_once(watch_labels):
    watch_labels.monitor_first_day()
    write_label(watch_labels, 1)
    watch_labels.look()
    watch_labels.made.judge()
    assert [watch_labels.due() for _ in range(2)] == [[], []]


def test_a_corrected_label_makes_a_window_due(watch_labels):
    write_label(watch_labels, 1)
    watch_labels.monitor_first_day()
    write_label(watch_labels, 0, day=2, part="part-1")
    assert watch_labels.due() == [(KEY, Cause.LABELS)]


def test_the_same_label_again_is_no_correction(watch_labels):
    write_label(watch_labels, 1)
    watch_labels.monitor_first_day()
    write_label(watch_labels, 1, day=2, part="part-1")
    assert watch_labels.due() == []


def test_labels_of_other_predictions_leave_a_window_alone(watch_labels):
    write_label(watch_labels, 1)
    watch_labels.monitor_first_day()
    watch_labels.made.write_labels(known(FIRST_DAY, {"stranger": 1}), "part-1")
    assert watch_labels.due() == []


def test_labels_that_came_with_the_rows_are_not_due(watch_labels):
    write_label(watch_labels, 1)
    watch_labels.monitor_first_day()
    assert watch_labels.due() == []


def test_labels_of_a_window_that_was_not_monitored_wait(watch_labels):
    watch_labels.made.write()
    write_label(watch_labels, 1)
    assert watch_labels.due() == []
    assert watch_labels.due() == [(KEY, Cause.ROWS)]


def test_a_window_with_new_rows_and_new_labels_is_due_once(watch_labels):
    watch_labels.monitor_first_day()
    watch_labels.made.write(rows_of(FIRST_DAY, 5), part="late")
    write_label(watch_labels, 1)
    assert watch_labels.due() == []
    assert watch_labels.due() == [(KEY, Cause.ROWS)]


@pytest.mark.parametrize("labels", ["files", "column"])
def test_labels_that_stay_away_are_due_once_when_they_should_be_there(scenario, labels):
    watch = Watch(scenario(labels=labels))
    rows = rows_of(FIRST_DAY)
    watch.made.write(rows.set_column(7, "churned", [[None] * rows.num_rows]))
    watch.look()
    watch.look()
    watch.made.judge()
    due = {"after": timedelta(0), "days": 14}
    first_day = [(KEY, Cause.LABELS)]
    assert _of_first_day(watch.due(after=-timedelta(seconds=1), days=14)) == []
    assert _of_first_day(watch.due(**due)) == first_day
    checks = watch.made.judge(after=timedelta(days=14)).checks
    assert checks["label_coverage"].status == "bad"
    assert _of_first_day(watch.due(**due)) == []


def _of_first_day(due: list[tuple]) -> list[tuple]:
    return [item for item in due if item[0] == KEY]


def test_labels_that_came_in_time_are_not_due_later(watch_labels):
    watch_labels.monitor_first_day()
    labels = {f"{FIRST_DAY}-{i}": i % 2 for i in range(120)}
    watch_labels.made.write_labels(known(FIRST_DAY + DAY, labels))
    watch_labels.look()
    watch_labels.made.judge()
    assert _of_first_day(watch_labels.due(days=20)) == []


def test_labels_of_rows_that_are_not_stored_any_more_are_left_alone(watch_labels):
    watch_labels.monitor_first_day()
    watch_labels.made.monitor.forget(watch_labels.made.window())
    write_label(watch_labels, 1)
    assert watch_labels.due() == []


def test_all_labels_are_read_once_a_look(watch_labels, monkeypatch):
    for day in range(3):
        watch_labels.made.write(day=FIRST_DAY + day * DAY, rows=rows_of(FIRST_DAY + day * DAY))
        watch_labels.made.judge(FIRST_DAY + day * DAY)
    write_label(watch_labels, 1)
    source, reads = watch_labels.made.monitor.ports.labels, []
    read = source.read
    monkeypatch.setattr(source, "read", lambda *a: reads.append(1) or read(*a))
    watch_labels.look(days=2)
    assert len(reads) == 1


def test_a_log_that_cannot_be_reached_is_an_error(watch):
    (watch.made.folder / "log").rmdir()
    with pytest.raises(SourceError, match="there is no"):
        watch.look()


def test_steps_need_what_the_step_before_stored(watch):
    run = RunInfo(run_id="r", computed_at=watch.made.window().end)
    with pytest.raises(SourceError, match="churn/prediction_log of 2026-03-02 is not there yet"):
        watch.made.monitor.take_profile(watch.made.window())
    with pytest.raises(SourceError, match="churn/profile of 2026-03-02 is not there yet"):
        watch.made.monitor.measure_quality(watch.made.window(), run)
