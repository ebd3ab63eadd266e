"""Any process of the system may be killed at any time, and the system comes back by itself."""

import json
import os
import shutil
import signal
import subprocess
from collections import Counter

import psutil
import psycopg
import pytest

from pampax.embedded.process import MARK, is_alive, mark
from pampax.embedded.spec import read_plan
from pampax.embedded.state import SystemPhase, SystemState, is_led

from .conftest import Trial

SERVICES = ("postgres", "valkey", "search", "worker", "gateway")


def kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def pids(state: SystemState) -> dict[str, int | None]:
    return {service.name: service.pid for service in state.services}


@pytest.mark.parametrize("name", SERVICES)
def test_killed_process_is_replaced_and_the_others_stay(trial: Trial, name: str) -> None:
    before = pids(trial.start().state)
    kill(before[name])
    after = trial.until(lambda state: state.state is SystemPhase.READY and pids(state)[name] != before[name])
    assert {changed for changed, pid in pids(after).items() if pid != before[changed]} == {name}
    assert trial.service(name).restarts == 1


def test_standby_takes_over_and_adopts_every_process_of_a_killed_leader(trial: Trial) -> None:
    trial.start()
    before = trial.until_ready()
    kill(before.lead_pid)
    after = trial.until(lambda state: state.lead_pid == before.standby_pid and state.standby_pid is not None)
    after = trial.until_ready()
    assert pids(after) == pids(before)
    assert after.standby_pid not in (before.lead_pid, before.standby_pid)
    assert after.completed == ("migrate",)


def test_killed_standby_is_replaced(trial: Trial) -> None:
    trial.start()
    before = trial.until_ready()
    kill(before.standby_pid)
    after = trial.until(lambda state: state.standby_pid not in (None, before.standby_pid))
    assert after.lead_pid == before.lead_pid
    assert pids(after) == pids(before)


def test_all_but_the_standby_may_be_killed_at_once(trial: Trial) -> None:
    trial.start()
    before = trial.until_ready()
    plan = read_plan(trial.data_dir.plan_file)
    dsn = next(spec.probe for spec in plan.specs if spec.name == "postgres")
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    for pid in [before.lead_pid, *pids(before).values()]:
        kill(pid)
    after = trial.until(lambda state: state.lead_pid == before.standby_pid and state.state is SystemPhase.READY)
    assert not set(pids(after).values()) & set(pids(before).values())
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_leaders_killed_one_after_the_other_leave_the_services_alone(trial: Trial) -> None:
    before = pids(trial.start().state)
    for _ in range(3):
        state = trial.until_ready()
        kill(state.lead_pid)
        trial.until(lambda now, lead=state.lead_pid: now.lead_pid != lead)  # type: ignore[misc]  # a bound default
    assert pids(trial.until_ready()) == before


def test_child_that_the_killed_leader_had_not_recorded_is_not_doubled(trial: Trial) -> None:
    trial.start()
    before = trial.until_ready()
    assert before.standby_pid is not None
    os.kill(before.standby_pid, signal.SIGSTOP)
    kill(before.lead_pid)
    raw = json.loads(trial.data_dir.state_file.read_text())
    for service in raw["services"]:
        service |= {"pid": None, "create_time": None}
    trial.data_dir.state_file.write_text(json.dumps(raw))
    os.kill(before.standby_pid, signal.SIGCONT)
    trial.until(lambda state: state.lead_pid == before.standby_pid and state.state is SystemPhase.READY)
    marks = Counter(process.environ().get(MARK) for process in trial.processes() if process.name() != "postgres")
    assert marks[mark(trial.data_dir, "gateway")] == 1
    assert marks[mark(trial.data_dir, "search")] == 1


def test_children_of_a_killed_worker_go_with_it(trial: Trial) -> None:
    trial.start()
    worker = psutil.Process(trial.service("worker").pid)
    children = worker.children()
    assert children
    worker.kill()
    gone, alive = psutil.wait_procs(children, timeout=30)
    assert (len(gone), alive) == (len(children), [])


def test_services_do_not_hold_the_lock_of_their_supervisors(trial: Trial) -> None:
    trial.start()
    state = trial.until_ready()
    kill(state.standby_pid)
    kill(state.lead_pid)
    trial.until(lambda now: now.state is SystemPhase.DEGRADED)
    assert not is_led(trial.data_dir)


def test_system_without_supervisors_is_started_anew_and_nothing_runs_twice(trial: Trial) -> None:
    trial.start()
    before = trial.until_ready()
    kill(before.standby_pid)
    kill(before.lead_pid)
    trial.until(lambda now: not is_led(trial.data_dir))
    again = trial.start()
    assert again.started
    assert again.endpoint == before.endpoint
    assert [item.name for item in before.services if item.identity is not None and is_alive(item.identity)] == []


def test_system_without_supervisors_is_stopped(trial: Trial) -> None:
    trial.start()
    state = trial.until_ready()
    kill(state.standby_pid)
    kill(state.lead_pid)
    assert trial.stop()
    assert trial.processes() == []
    assert trial.state().state is SystemPhase.STOPPED


def test_foreign_process_with_a_recorded_number_is_spared(trial: Trial) -> None:
    trial.start()
    state = trial.until_ready()
    kill(state.standby_pid)
    kill(state.lead_pid)
    with subprocess.Popen(["sleep", "300"]) as foreign:
        raw = json.loads(trial.data_dir.state_file.read_text())
        raw["services"][0]["pid"] = raw["lead_pid"] = foreign.pid
        trial.data_dir.state_file.write_text(json.dumps(raw))
        trial.stop()
        survived = foreign.poll() is None
        foreign.kill()
    assert survived
    assert trial.processes() == []


def test_taking_the_data_directory_away_ends_the_system(trial: Trial) -> None:
    trial.start()
    trial.until_ready()
    processes = trial.processes()
    shutil.rmtree(trial.data_dir.root, ignore_errors=True)
    _, alive = psutil.wait_procs(processes, timeout=60)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
