"""The two files that supervisors leave each other say again what was written, and lies in them are seen."""

import os
import re
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from pampax.embedded.account import Account
from pampax.embedded.layout import DataDir
from pampax.embedded.process import Identity, is_alive
from pampax.embedded.spec import Plan, ProcessSpec, Ready, read_plan, write_plan
from pampax.embedded.state import (
    ServicePhase,
    ServiceState,
    SystemPhase,
    SystemState,
    recorded_state,
    verified_state,
    write_state,
)

ME = ServiceState("me", "127.0.0.1:1", os.getpid(), psutil.Process().create_time(), ServicePhase.READY, 2, -9)
STATE = SystemState(
    state=SystemPhase.READY,
    endpoint="http://127.0.0.1:1",
    token="pampax_x",
    data_dir="/data",
    lead_pid=1,
    lead_create_time=1.5,
    ports={"gateway": 1},
    services=(ME, ServiceState("other")),
    completed=("migrate",),
)


@pytest.fixture
def data_dir(tmp_path: Path) -> DataDir:
    data_dir = DataDir(tmp_path / "data")
    data_dir.prepare()
    return data_dir


def test_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    server = ProcessSpec(
        name="postgres",
        command=("postgres", "-D", "x"),
        ready=Ready.POSTGRES,
        env={"A": "b"},
        account=Account("nobody", 1, 2),
        home="/data",
        depends_on=("valkey",),
    )
    plan = Plan("http://x", "key", {"gateway": 1}, (server, ProcessSpec(name="m", command=("m",), ready=Ready.EXIT)))
    write_plan(tmp_path / "plan", plan)
    assert read_plan(tmp_path / "plan") == plan


def test_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_state(tmp_path / "state", STATE)
    assert recorded_state(tmp_path / "state") == STATE


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": "ready"}', '{"state": "merry", "services": []}'])
def test_broken_state_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "state").write_text(text)
    assert recorded_state(tmp_path / "state") is None


def test_state_without_a_leader_is_degraded_while_something_lives(data_dir: DataDir) -> None:
    write_state(data_dir.state_file, STATE)
    state = verified_state(data_dir)
    assert state is not None
    assert state.state is SystemPhase.DEGRADED


def test_recorded_process_that_is_another_one_now_is_dead(data_dir: DataDir) -> None:
    stranger = replace(ME, create_time=12345.0)
    write_state(data_dir.state_file, replace(STATE, services=(stranger,)))
    state = verified_state(data_dir)
    assert state is not None
    assert (state.state, state.services[0].state) == (SystemPhase.STOPPED, ServicePhase.DEAD)


def test_files_from_before_services_showed_metrics_are_still_read(tmp_path: Path) -> None:
    write_state(tmp_path / "state", STATE)
    write_plan(
        tmp_path / "plan", Plan("http://x", "key", {}, (ProcessSpec(name="m", command=("m",), ready=Ready.EXIT),))
    )
    for name in ("state", "plan"):
        file = tmp_path / name
        without = [line for line in file.read_text().splitlines() if '"metrics"' not in line]
        file.write_text(re.sub(r",(\s*[}\]])", r"\1", "\n".join(without)))
    assert recorded_state(tmp_path / "state") == STATE
    assert read_plan(tmp_path / "plan").specs[0].metrics == ""


@pytest.mark.parametrize(("apart_s", "same"), [(0.0, True), (1.0, True), (-1.0, True), (0.4, False), (2.0, False)])
def test_a_corrected_clock_moves_a_start_by_a_second_and_another_process_by_anything(
    apart_s: float, same: bool
) -> None:
    me = psutil.Process().create_time()
    assert is_alive(Identity(os.getpid(), me + apart_s)) is same
