"""The leading supervisor: keeps every process of one data directory and a standby that takes its place."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from itertools import groupby

from pampax.embedded.backoff import Backoff
from pampax.embedded.keeper import Keeper, until_gone
from pampax.embedded.layout import DataDir
from pampax.embedded.process import Identity, RunningProcess, end, remains
from pampax.embedded.services import SUPERVISOR
from pampax.embedded.spec import Plan, read_plan
from pampax.embedded.standby import start_standby
from pampax.embedded.state import ServicePhase, SystemPhase, SystemState, recorded_state, write_state

GUARD_S = 1.0
ONCE_READY = (SystemPhase.READY, SystemPhase.DEGRADED)

logger = logging.getLogger(__name__)


def lead(data_dir: DataDir, lock: int, standby: subprocess.Popen[bytes], *, takes_over: bool) -> None:
    """Lead until told to stop. `lock` is the descriptor of the locked file, `standby` who waits for it already."""
    leader = Lead(data_dir, read_plan(data_dir.plan_file), lock, standby)
    previous = recorded_state(data_dir.state_file)
    if takes_over and previous is not None:
        leader.take_over(previous)
    asyncio.run(leader.run())


class Lead:
    """Everything that runs, and what state.json says of it."""

    def __init__(self, data_dir: DataDir, plan: Plan, lock: int, standby: subprocess.Popen[bytes]) -> None:
        self._data_dir = data_dir
        self._plan = plan
        self._lock = lock
        self._keepers = {spec.name: Keeper(spec, data_dir, self._publish) for spec in plan.specs}
        self._standby: RunningProcess | None = RunningProcess.child_of_ours(standby)
        self._me = Identity.of(os.getpid())
        self._stop = asyncio.Event()
        self._phase = SystemPhase.STARTING
        self._evicted = False
        self._unsaved = False

    def take_over(self, previous: SystemState) -> None:
        logger.info("taking over from supervisor %s", previous.lead_pid)
        end(other for other in remains(self._data_dir, SUPERVISOR) if other != self._standby_identity)
        if previous.state is SystemPhase.STOPPING:
            self._stop.set()
        self._phase = SystemPhase.DEGRADED if previous.state in ONCE_READY else previous.state
        recorded = {service.name: service for service in previous.services}
        for name, keeper in self._keepers.items():
            keeper.take_over(recorded.get(name), name in previous.completed)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        self._publish()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._keep_standby()), group.create_task(self._guard())]
            tasks += [group.create_task(keeper.keep(self._dependencies(keeper))) for keeper in self._keepers.values()]
            await self._stop.wait()
            for task in tasks:
                task.cancel()
        await self._shut_down()

    @property
    def _standby_identity(self) -> Identity | None:
        return self._standby.identity if self._standby else None

    def _dependencies(self, keeper: Keeper) -> list[Keeper]:
        return [self._keepers[name] for name in keeper.spec.depends_on]

    async def _keep_standby(self) -> None:
        backoff = Backoff()
        while True:
            started = time.monotonic()
            if self._standby is not None:
                await until_gone(self._standby)
            self._standby = None
            await asyncio.sleep(backoff.pause_s(time.monotonic() - started))
            try:
                self._standby = RunningProcess.child_of_ours(start_standby(self._data_dir))
            except OSError as error:
                logger.error("no standby: %s", error)
            self._publish()

    async def _guard(self) -> None:
        """Stop when the data directory was taken away, and write again a state that could not be written."""
        while True:
            if not _still_locked(self._data_dir, self._lock):
                logger.error("%s is gone or has another leader; stopping", self._data_dir.root)
                self._evicted = True
                self._stop.set()
            if self._unsaved:
                self._publish()
            await asyncio.sleep(GUARD_S)

    async def _shut_down(self) -> None:
        self._phase = SystemPhase.STOPPING
        self._publish()
        if self._evicted:
            end([self._standby_identity] if self._standby_identity else [])
            for keeper in self._keepers.values():
                keeper.abandon()
            return
        end(remains(self._data_dir, SUPERVISOR))
        await stop_in_order(self._keepers.values())
        self._phase = SystemPhase.STOPPED
        self._standby = None
        self._publish()
        logger.info("stopped")

    def _publish(self) -> None:
        if self._evicted:
            return
        try:
            write_state(self._data_dir.state_file, self._state())
            self._unsaved = False
        except OSError as error:
            if not self._unsaved:
                logger.error("the state cannot be written: %s", error)
            self._unsaved = True

    def _state(self) -> SystemState:
        self._phase = self._judged()
        keepers = self._keepers.values()
        me = self._me if self._phase is not SystemPhase.STOPPED else None
        standby = self._standby_identity
        return SystemState(
            state=self._phase,
            endpoint=self._plan.endpoint,
            token=self._plan.token,
            data_dir=str(self._data_dir.root),
            lead_pid=me.pid if me else None,
            lead_create_time=me.create_time if me else None,
            standby_pid=standby.pid if standby else None,
            standby_create_time=standby.create_time if standby else None,
            ports=dict(self._plan.ports),
            services=tuple(keeper.state for keeper in keepers if not _done(keeper)),
            completed=tuple(keeper.spec.name for keeper in keepers if _done(keeper)),
        )

    def _judged(self) -> SystemPhase:
        if self._phase in (SystemPhase.STOPPING, SystemPhase.STOPPED):
            return self._phase
        if all(_done(keeper) or keeper.state.state is ServicePhase.READY for keeper in self._keepers.values()):
            return SystemPhase.READY
        return SystemPhase.DEGRADED if self._phase in ONCE_READY else SystemPhase.STARTING


async def stop_in_order(keepers: Iterable[Keeper]) -> None:
    """Stage by stage, all of a stage at once: what takes work first, what keeps the data last."""
    stages = groupby(sorted(keepers, key=_stage), key=_stage)
    for stage in [list(members) for _, members in stages]:
        await asyncio.gather(*(keeper.stop() for keeper in stage))


def _done(keeper: Keeper) -> bool:
    return keeper.spec.runs_once and keeper.was_ready.is_set()


def _stage(keeper: Keeper) -> int:
    return keeper.spec.stop_stage


def _still_locked(data_dir: DataDir, lock: int) -> bool:
    with suppress(OSError):
        return os.path.samestat(data_dir.lock_file.stat(), os.fstat(lock))
    return False
