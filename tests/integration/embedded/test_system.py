"""Starting, finding and stopping a system, and what it says when it cannot."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pampax.core.errors import ConfigError, LocalIOError, Unavailable
from pampax.embedded.environment import Installation
from pampax.embedded.layout import DataDir
from pampax.embedded.ports import LOOPBACK, free_port
from pampax.embedded.spec import ProcessSpec, read_plan
from pampax.embedded.state import ServicePhase, SystemPhase
from pampax.embedded.system import read_state, stop

from .conftest import STANDIN, Trial, standins


def with_gateway(*command: str) -> Callable[[Installation], list[ProcessSpec]]:
    """The stand-ins with another command for the gateway."""

    def services(installation: Installation) -> list[ProcessSpec]:
        return [replace(spec, command=command) if spec.name == "gateway" else spec for spec in standins(installation)]

    return services


def test_started_system_tells_where_it_is_and_what_runs(trial: Trial) -> None:
    running = trial.start()
    state = trial.until_ready()
    assert running.started
    assert running.token.startswith("pampax_")
    assert len(running.token) == len("pampax_") + 43
    assert running.endpoint == f"http://{trial.service('gateway').address}"
    assert {service.name: service.state for service in state.services} == dict.fromkeys(
        ("postgres", "valkey", "search", "worker", "gateway"), ServicePhase.READY
    )
    assert trial.data_dir.state_file.stat().st_mode & 0o777 == 0o600


def test_second_start_finds_the_running_system(trial: Trial) -> None:
    first = trial.start()
    second = trial.start()
    assert (second.started, second.endpoint, second.token) == (False, first.endpoint, first.token)
    assert second.state.lead_pid == first.state.lead_pid


def test_two_systems_run_side_by_side(trial: Trial, folder: Path) -> None:
    other = Trial(DataDir(folder / "other"))
    try:
        one, two = trial.start(), other.start()
        assert one.endpoint != two.endpoint
        assert one.token != two.token
        other.stop()
        assert trial.state().state is SystemPhase.READY
    finally:
        other.stop()


def test_stop_leaves_nothing_running_and_the_next_start_keeps_key_and_address(trial: Trial) -> None:
    first = trial.start()
    assert trial.stop()
    assert trial.processes() == []
    assert trial.state().state is SystemPhase.STOPPED
    assert not trial.stop()
    second = trial.start()
    assert (second.started, second.endpoint, second.token) == (True, first.endpoint, first.token)


def test_system_that_never_was_is_stopped_without_a_word(folder: Path) -> None:
    data_dir = DataDir(folder / "nothing")
    assert read_state(data_dir) is None
    assert not stop(data_dir)
    assert not data_dir.root.exists()


def test_fixed_port_is_used(trial: Trial) -> None:
    port = free_port()
    assert trial.start(port=port).endpoint == f"http://{LOOPBACK}:{port}"


def test_fixed_port_that_another_program_holds_is_refused(trial: Trial) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"--port {port} is in use by another program"):
            trial.start(port=port)
    assert trial.processes() == []


def test_running_system_is_not_moved_to_another_port(trial: Trial) -> None:
    trial.start()
    with pytest.raises(ConfigError, match="already runs at"):
        trial.start(port=free_port())
    assert trial.state().state is SystemPhase.READY


def test_port_of_the_last_run_that_is_taken_meanwhile_is_replaced(trial: Trial) -> None:
    port = trial.start().state.ports["gateway"]
    trial.stop()
    with socket.create_server((LOOPBACK, port)):
        assert trial.start().state.ports["gateway"] != port


def test_service_that_ends_at_once_is_named_with_its_last_words(trial: Trial) -> None:
    with pytest.raises(ConfigError, match=r"(?s)gateway does not start \(exit code 2\).*colour of the sky"):
        trial.start(with_gateway(sys.executable, STANDIN, "fail", "2"))
    assert trial.processes() == []
    assert trial.state().state is SystemPhase.STOPPED


def test_service_that_never_answers_is_named(trial: Trial) -> None:
    trial.start()
    trial.stop()
    with pytest.raises(Unavailable, match=r"not ready in time: .*gateway"):
        trial.start(with_gateway(sys.executable, STANDIN, "worker"), timeout_s=10)
    assert trial.processes() == []


def test_service_whose_program_is_missing_is_named(trial: Trial) -> None:
    with pytest.raises(Unavailable, match=r"(?s)gateway does not start.*No such file"):
        trial.start(with_gateway("/nowhere/standin"))


def test_system_can_be_stopped_while_it_starts(trial: Trial) -> None:
    command = f"""
import sys
from pathlib import Path
from pampax.embedded.layout import DataDir
from pampax.embedded.spec import ProcessSpec, Ready
from pampax.embedded.system import start

command = (sys.executable, {STANDIN!r}, "worker")
spec = ProcessSpec(name="search", command=command, ready=Ready.GRPC, probe="127.0.0.1:1")
start(DataDir(Path(sys.argv[1])), services=lambda _: [spec])
"""
    with subprocess.Popen(
        [sys.executable, "-c", command, str(trial.data_dir.root)], stderr=subprocess.PIPE, text=True
    ) as starter:
        while read_state(trial.data_dir) is None:
            assert starter.poll() is None
        trial.until(lambda state: any(service.pid for service in state.services))
        assert trial.stop()
        _, said = starter.communicate(timeout=60)
    assert "stopped while it was starting" in said
    assert trial.processes() == []


def test_secrets_reach_only_the_processes_that_need_them(trial: Trial) -> None:
    trial.start()
    plan = read_plan(trial.data_dir.plan_file)
    names = {"PAMPAX_DATABASE__OWNER_URL", "PAMPAX_BOOTSTRAP__API_KEY", "PAMPAX_DATABASE__SERVICE_PASSWORD"}
    assert {spec.name for spec in plan.specs if names & set(spec.env)} == {"migrate"}
    assert trial.data_dir.plan_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("below", ["", "deeper/down"])
def test_data_directory_that_is_a_file_is_refused(folder: Path, below: str) -> None:
    (folder / "file").write_text("")
    with pytest.raises(ConfigError, match="is a file and not a folder"):
        Trial(DataDir(folder / "file" / below)).start()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_data_directory_that_cannot_be_written_is_refused(folder: Path) -> None:
    folder.chmod(0o500)
    with pytest.raises(LocalIOError, match="cannot be read or written"):
        Trial(DataDir(folder / "data")).start()
