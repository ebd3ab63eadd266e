"""Keeps one process alive: starts or adopts it, sees that it works, starts it again when it ends or falls silent."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pampax.embedded.backoff import Backoff
from pampax.embedded.layout import DataDir
from pampax.embedded.postgres import clear_stale_pid_file
from pampax.embedded.probe import Answer, look
from pampax.embedded.process import Identity, RunningProcess, end, is_alive, remains, send, session, start_process
from pampax.embedded.spec import ProcessSpec, Ready
from pampax.embedded.state import ServicePhase, ServiceState
from pampax.runtime.probe import beats

POLL_STARTING_S = 0.05
POLL_S = 0.2
LOOK_AGAIN_S = 5.0  # between looks at a process that is ready
SILENT_S = 15.0  # a busy process may miss a look; after so long it no longer counts as ready
SILENT_TOO_LONG_S = 90.0  # a service that lives and answers nothing for so long is started anew
# Not the servers that keep data: what they need after a crash may take long, and they say nothing meanwhile.
RESTARTED_WHEN_SILENT = (Ready.GRPC, Ready.HTTP, Ready.BEAT)

logger = logging.getLogger(__name__)


class Keeper:
    """One spec and the process that fulfils it. `changed` is called whenever `state` says something new."""

    def __init__(self, spec: ProcessSpec, data_dir: DataDir, changed: Callable[[], None]) -> None:
        self.spec = spec
        self.state = ServiceState(spec.name, spec.address, metrics=spec.metrics)
        self.was_ready = asyncio.Event()  # of a process that runs once: it has done its work
        self._data_dir = data_dir
        self._changed = changed
        self._process: RunningProcess | None = None
        self._last: Identity | None = None  # of the latest process, whose session may hold what it left behind
        self._clean = True  # nothing can be left of an earlier process
        self._backoff = Backoff()

    def take_over(self, recorded: ServiceState | None, completed: bool) -> None:
        """Adopt what a dead supervisor recorded; what it had started and not recorded is ended by the next start."""
        self._clean = False
        if completed:
            self.was_ready.set()
        if recorded is None:
            return
        self.state = replace(self.state, restarts=recorded.restarts)
        self._last = recorded.identity
        if self._last is not None and is_alive(self._last):
            self._process = RunningProcess(self._last)
            self._now(ServicePhase.STARTING)

    async def keep(self, dependencies: Iterable[Keeper]) -> None:
        """Runs until cancelled, or until a process that runs once has done so."""
        if self.spec.runs_once and self.was_ready.is_set():
            return
        if self._process is None:
            for dependency in dependencies:
                await dependency.was_ready.wait()
        while True:
            started = time.monotonic()
            code = await self._live()
            if self.spec.runs_once and code == 0:
                self.was_ready.set()
                self._now(ServicePhase.STOPPED)
                return
            await self._pause(code, time.monotonic() - started)

    async def stop(self) -> None:
        """End the process, politely for `stop_timeout_s`, and then whatever is left of it."""
        number = await self._stop_signal()
        if self._process is not None and send(self._process.identity, number):
            self._now(ServicePhase.STOPPING)
            await until_gone(self._process, self.spec.stop_timeout_s)
        await self._end_remains()
        self._now(ServicePhase.STOPPED)

    def abandon(self) -> None:
        """Kill what this process started and look no further: another system may own what bears our mark."""
        if self._last is not None:
            end(session(self._last))

    async def _stop_signal(self) -> int:
        if self.spec.abort_signal is None or await asyncio.to_thread(look, self.spec) is Answer.READY:
            return self.spec.stop_signal
        return self.spec.abort_signal

    async def _live(self) -> int | None:
        """One life of the process, from its start or adoption to its end; its exit code where it is known."""
        if self._process is None or not self._process.alive():
            self._process = await self._start()
        if self._process is None:
            return None
        await self._watch(self._process)
        return self._process.exit_code

    async def _start(self) -> RunningProcess | None:
        if not self._clean:
            await self._end_remains()
        self._clean = False
        try:
            process = start_process(self.spec, self._data_dir)
        except OSError as error:
            logger.error("%s cannot be started: %s", self.spec.name, error)
            return None
        logger.info("%s started as %d", self.spec.name, process.identity.pid)
        self._process, self._last = process, process.identity
        self._now(ServicePhase.STARTING)
        return process

    async def _watch(self, process: RunningProcess) -> None:
        """Returns when the process has ended or was silent for too long."""
        started = heard = look_at = time.monotonic()
        while process.alive():
            now = time.monotonic()
            if now >= look_at and not self.spec.runs_once:
                answer = await self._look(process)
                heard = heard if answer is Answer.SILENT else now
                self._judge(answer, silent_s=now - heard)
                look_at = now + _until_next_look(answer, now - started)
                if now - heard > SILENT_TOO_LONG_S and self.spec.ready in RESTARTED_WHEN_SILENT:
                    logger.error("%s lives and answers nothing; starting it anew", self.spec.name)
                    return
            await asyncio.sleep(POLL_S if self.state.state is ServicePhase.READY else POLL_STARTING_S)

    async def _look(self, process: RunningProcess) -> Answer:
        if self.spec.ready is Ready.BEAT:
            known = self.state.state is ServicePhase.READY  # a clock that was put back must not make it look dead
            since = 0.0 if known else process.identity.create_time
            return Answer.READY if beats(self.spec.probe, since) else Answer.SILENT
        return await asyncio.to_thread(look, self.spec)

    def _judge(self, answer: Answer, silent_s: float) -> None:
        if answer is Answer.READY:
            self._now(ServicePhase.READY)
            self.was_ready.set()
        elif answer is Answer.NOT_READY or silent_s > SILENT_S:
            self._now(ServicePhase.STARTING)

    async def _pause(self, code: int | None, lived_s: float) -> None:
        pause = self._backoff.pause_s(lived_s)
        logger.warning("%s ended with %s after %.1f s; again in %.1f s", self.spec.name, code, lived_s, pause)
        self._process = None
        self._now(ServicePhase.RESTARTING, restarts=self.state.restarts + 1, exit_code=code)
        await asyncio.sleep(pause)

    async def _end_remains(self) -> None:
        await asyncio.to_thread(_end_remains, self._data_dir, self.spec, self._last)

    def _now(self, phase: ServicePhase, **end: int | None) -> None:
        """`end` is what the last end of the process changes."""
        identity = self._process.identity if self._process and phase is not ServicePhase.STOPPED else None
        pid, create_time = (identity.pid, identity.create_time) if identity else (None, None)
        changes: dict[str, Any] = {"state": phase, "pid": pid, "create_time": create_time, **end}
        fresh = replace(self.state, **changes)
        if fresh != self.state:
            self.state = fresh
            self._changed()


async def until_gone(process: RunningProcess, timeout_s: float = math.inf) -> None:
    """Wait for its end; by looking, because the end of what is not our own child is told to nobody."""
    deadline = time.monotonic() + timeout_s
    while process.alive() and time.monotonic() < deadline:  # noqa: ASYNC110  # there is no event to wait for
        await asyncio.sleep(POLL_STARTING_S if timeout_s < math.inf else POLL_S)


def _until_next_look(answer: Answer, lived_s: float) -> float:
    if answer is Answer.READY:
        return LOOK_AGAIN_S
    return 0.0 if lived_s < SILENT_S else POLL_S


def _end_remains(data_dir: DataDir, spec: ProcessSpec, leader: Identity | None) -> None:
    """Kill what is left of a process: with its leader dead nothing of it can be of use, and it may hold the port."""
    end(remains(data_dir, spec.name, homes=[spec.home] if spec.home else [], leader=leader))
    if spec.ready is Ready.POSTGRES and spec.home:
        clear_stale_pid_file(Path(spec.home))
