"""The reaper: hands every operation that nobody works on to the workers, again and again until somebody does.

It runs on every replica of the service. So a message that the broker has lost, a worker that was killed and a queue
that was flushed all come to the same: seconds later the operation is sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from pampax.core.errors import PampaxError
from pampax.indexing import postgres
from pampax.indexing.broker import FULL_QUEUE, Broker
from pampax.indexing.local_run import LocalRun
from pampax.indexing.measures import priorities_wait, queue_stands, queue_unknown, refresh_stands
from pampax.runtime.background import Background
from pampax.runtime.logging import get_logger
from pampax.storage.database import Database
from pampax.storage.heartbeats import priority_waits, queue_numbers, read_heartbeats

PERIOD_S = 5.0
PATIENCE = timedelta(seconds=10)  # for a message on its way to a worker
MOST_AT_ONCE = 100
TAKE_TIMEOUT_S = 5.0

_log = get_logger()


class Reaper:
    """Start with `start`, end with `close`. `enqueue` is what a request that has just made an operation calls.

    Without a broker it works through processes of its own, which get `environment`.
    """

    def __init__(self, database: Database, broker: Broker, environment: Mapping[str, str]) -> None:
        self._database = database
        self._broker = broker
        self._due = asyncio.Event()
        self._local = LocalRun(self._due.set, environment)
        self._background = Background(self._run)

    def start(self) -> None:
        self._background.start()

    async def close(self) -> None:
        await self._background.close()
        await self._local.close()

    async def enqueue(self, operation_id: UUID, tenant_id: UUID, *, urgent: bool) -> bool:
        """Whether the broker took it; otherwise the reaper does its round at once."""
        sent = await self._broker.send(operation_id, tenant_id, urgent=urgent)
        if not sent:
            self._due.set()
        return sent

    async def _run(self) -> None:
        while True:
            self._due.clear()
            try:
                await self._round()
                await self._measure()
            except PampaxError as error:
                queue_unknown()
                _log.warning("round failed", op="reaper", err_code=error.reason, detail=error.message)
            except Exception as error:  # noqa: BLE001 - one round must not be the last: nobody else finds lost work
                queue_unknown()
                _log.error("round failed", op="reaper", exc_info=error)
            try:
                async with asyncio.timeout(PERIOD_S):
                    await self._due.wait()
            except TimeoutError:
                continue

    async def _round(self) -> None:
        backlog = await self._broker.backlog()
        if backlog is None:
            if self._local.idle:
                await self._run_one()
        elif backlog < FULL_QUEUE:
            for operation_id, tenant_id, urgent in await self._take(MOST_AT_ONCE):
                if not await self._broker.send(operation_id, tenant_id, urgent=urgent):
                    # It answers and takes no messages, being full or a replica. The others are due again when the
                    # patience with them is over.
                    if self._local.idle:
                        await self._local.start(operation_id, tenant_id)
                    return

    async def _measure(self) -> None:
        async with self._database.untenanted(timeout_s=TAKE_TIMEOUT_S, read_only=True) as conn:
            queue, workers = await queue_numbers(conn), await read_heartbeats(conn)
            waits = await priority_waits(conn)
            refresh = await postgres.refresh_state(conn)
        queue_stands(queue["oldest_waiting_s"], sum(each.alive for each in workers))
        refresh_stands(refresh["failing"], refresh["overdue_s"])
        priorities_wait(waits)

    async def _run_one(self) -> None:
        for operation_id, tenant_id, _ in await self._take(1):
            await self._local.start(operation_id, tenant_id)

    async def _take(self, most: int) -> list[tuple[UUID, UUID, bool]]:
        async with self._database.untenanted(timeout_s=TAKE_TIMEOUT_S) as conn:
            return await postgres.take_due_operations(conn, most, PATIENCE)
