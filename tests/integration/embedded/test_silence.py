"""A worker that lives and shows no pulse is started anew, as a service that answers nothing is."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pampax.embedded import keeper
from pampax.embedded.keeper import Keeper
from pampax.embedded.layout import DataDir
from pampax.embedded.spec import ProcessSpec, Ready
from pampax.embedded.state import ServicePhase
from pampax.runtime import probe
from pampax.runtime.probe import beats

from .conftest import STANDIN

PATIENCE_S = 60.0


async def until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < give_up, "not in time"
        await asyncio.sleep(0.02)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds in place of minutes."""
    monkeypatch.setattr(probe, "FRESH_S", 1.0)
    monkeypatch.setattr(keeper, "LOOK_AGAIN_S", 0.1)
    monkeypatch.setattr(keeper, "SILENT_S", 1.0)
    monkeypatch.setattr(keeper, "SILENT_TOO_LONG_S", 2.0)


# A supervisor forgets a frozen child before it kills it; the system's own list of children reaps it later.
@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
@pytest.mark.usefixtures("hurried")
async def test_a_frozen_worker_is_not_ready_and_then_started_anew(folder: Path) -> None:
    data_dir = DataDir(folder / "data")
    data_dir.prepare()
    spec = ProcessSpec(
        name="worker",
        command=(sys.executable, STANDIN, "worker"),
        ready=Ready.BEAT,
        probe=str(data_dir.beat_file),
        env={"PAMPAX_INDEXING__HEARTBEAT_FILE": str(data_dir.beat_file)},
    )
    phases: list[ServicePhase] = []
    kept = Keeper(spec, data_dir, lambda: phases.append(kept.state.state))
    keeping = asyncio.create_task(kept.keep(()))
    try:
        await until(lambda: kept.state.state is ServicePhase.READY)
        frozen = kept.state.pid
        assert frozen is not None
        os.kill(frozen, signal.SIGSTOP)
        await until(lambda: kept.state.state is not ServicePhase.READY)
        await until(lambda: kept.state.state is ServicePhase.READY)
        assert kept.state.pid != frozen
        assert kept.state.restarts == 1
    finally:
        keeping.cancel()
        await kept.stop()
    assert phases[0] is ServicePhase.STARTING


def test_the_pulse_of_an_earlier_process_and_one_from_the_future_do_not_count(tmp_path: Path) -> None:
    file = tmp_path / "beat"
    assert not beats(str(file))
    file.touch()
    now = time.time()
    assert beats(str(file), now - 1)
    assert not beats(str(file), now + 1)
    os.utime(file, (now + 3600, now + 3600))
    assert not beats(str(file))
