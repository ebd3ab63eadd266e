"""What is measured of a run: how it ended, and its stages."""

import pytest

from pampax.core.errors import Unavailable
from pampax.indexing.measures import TASK, Stages, measured_run
from pampax.runtime.telemetry.metrics import REGISTRY


def value(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0.0


def runs(status):
    return value("pampax_task_runs_total", task=TASK, status=status)


@pytest.mark.parametrize("outcome", ["succeeded", "failed", "cancelled", "left", "lost"])
def test_a_run_is_counted_by_how_it_ended_and_a_refresh_only_when_it_succeeded(outcome):
    before, refreshed = runs(outcome), value("index_refresh_ms_count")
    with measured_run() as run:
        assert value("pampax_tasks_in_flight", task=TASK) == 1
        run.ended(outcome)
    assert runs(outcome) == before + 1
    assert value("index_refresh_ms_count") == refreshed + (outcome == "succeeded")
    assert value("pampax_tasks_in_flight", task=TASK) == 0


def test_a_run_that_nobody_told_the_end_of_has_crashed():
    before = runs("crashed")
    with pytest.raises(ValueError, match="broken"), measured_run():
        raise ValueError("broken")
    assert runs("crashed") == before + 1


def test_why_a_run_failed_is_counted_by_its_kind():
    before = value("errors_total", kind="Unavailable")
    with measured_run() as run:
        run.ended("failed", Unavailable("away"))
    assert value("errors_total", kind="Unavailable") == before + 1


def test_each_stage_is_timed_once_and_files_are_counted_as_they_are_done():
    def timed():
        return {stage: value("pampax_index_stage_seconds_count", stage=stage) for stage in ("listing", "parsing")}

    before, files = timed(), value("pampax_index_files_total", stage="parsing")
    stages = Stages()
    for stage, done in (("listing", 0), ("parsing", 0), ("parsing", 2), ("parsing", 2), ("parsing", 5)):
        stages.at(stage, done)
    assert timed()["listing"] == before["listing"] + 1
    stages.end()
    stages.end()
    assert timed() == {stage: count + 1 for stage, count in before.items()}
    assert value("pampax_index_files_total", stage="parsing") == files + 5
