"""Processes of a worker that see each other live; real ones, forked here."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pampax.indexing.heartbeat.pulse import ChildPulse, ParentPulse, Pulse

# Workers fork while their parent has threads, from Python 3.12 on with a warning.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")

PATIENCE_S = 60.0
LIFETIME_S = 60.0  # no child outlives a broken test for long

Fork = Callable[[Pulse, int], int]


def until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < give_up, "not in time"
        time.sleep(0.01)


@pytest.fixture
def fork() -> Iterator[Fork]:
    """Forks a child that beats in its place of the pulse; the number of its process."""
    children = []

    def make(pulse: Pulse, place: int) -> int:
        pid = os.fork()
        if pid == 0:
            ChildPulse(pulse, place, period_s=0.02).start()
            time.sleep(LIFETIME_S)
            os._exit(0)
        children.append(pid)
        return pid

    yield make
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[Pulse, Path]]:
    """A pulse for two children, and the file of the parent, which looks often and has little patience."""
    pulse, file = Pulse(2), tmp_path / "run" / "worker.beat"
    parent = ParentPulse(pulse, file, period_s=0.05, patience=20)
    parent.start()
    yield pulse, file
    parent.close()
    assert not file.exists()


def dead(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_the_file_shows_a_pulse_from_when_the_first_child_is_ready(watched: tuple[Pulse, Path], fork: Fork) -> None:
    pulse, file = watched
    until(lambda: pulse.silent_s(0) < 1)
    assert not file.exists()
    fork(pulse, 1)
    until(file.exists)
    first = file.stat().st_mtime_ns
    until(lambda: file.stat().st_mtime_ns > first)


def test_a_frozen_child_is_killed_and_the_other_one_is_not(watched: tuple[Pulse, Path], fork: Fork) -> None:
    pulse, _ = watched
    frozen, well = fork(pulse, 1), fork(pulse, 2)
    until(lambda: len(pulse.beats()) == 2)
    os.kill(frozen, signal.SIGSTOP)
    until(lambda: dead(frozen))
    assert not dead(well)
    assert pulse.silent_s(2) < 1 < PATIENCE_S


def test_nobody_elses_process_is_killed(watched: tuple[Pulse, Path]) -> None:
    """A place may hold the number of a child that ended long ago and that belongs to another process now."""
    pulse, _ = watched
    grandchild_file_r, grandchild_file_w = os.pipe()
    child = os.fork()
    if child == 0:
        grandchild = os.fork()
        if grandchild == 0:
            pulse.beat(1)
            time.sleep(LIFETIME_S)
            os._exit(0)
        os.write(grandchild_file_w, str(grandchild).encode())
        time.sleep(LIFETIME_S)
        os._exit(0)
    stranger = int(os.read(grandchild_file_r, 20))
    try:
        until(lambda: bool(pulse.beats()))
        time.sleep(2.0)  # twice the patience: what must not happen needs time not to
        assert not dead(stranger)
    finally:
        os.kill(stranger, signal.SIGKILL)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(grandchild_file_r)
        os.close(grandchild_file_w)


def test_a_process_that_never_beat_is_silent_for_ever() -> None:
    assert Pulse(1).silent_s(1) == float("inf")


def test_a_place_that_is_not_there_is_left_alone() -> None:
    pulse = Pulse(1)
    pulse.beat(5)
    assert pulse.beats() == {}


def test_a_file_that_cannot_be_written_ends_nothing(tmp_path: Path, fork: Fork) -> None:
    (tmp_path / "run").write_text("a file where a folder should be")
    pulse = Pulse(1)
    parent = ParentPulse(pulse, tmp_path / "run" / "worker.beat", period_s=0.02)
    parent.start()
    fork(pulse, 1)
    until(lambda: bool(pulse.beats()))
    beaten = pulse.silent_s(0)
    until(lambda: pulse.silent_s(0) <= beaten or pulse.silent_s(0) < 0.02)
    parent.close()
