"""Asking for a check, and checking every now and then of one's own accord."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from pampax.core.errors import DeadlineExceeded, InvalidRequest, PampaxError
from pampax.indexing import names
from pampax.indexing.beside import answer_of
from pampax.indexing.checking import postgres
from pampax.indexing.measures import checks_stand
from pampax.indexing.repositories import time_left_s, writable
from pampax.runtime.background import Background
from pampax.runtime.caller import current_caller
from pampax.runtime.logging import get_logger
from pampax.storage.database import Database
from pampax.v1 import indexing_service_pb2 as pb

DOCUMENTS = 100  # of a check that says nothing else
MOST_DOCUMENTS = 10_000
MOST_S = 60.0
SCHEDULED_S = 20.0
# What is left of a caller's deadline, or of a scheduled check's time, to start the process and to end it.
MARGIN_S = 15.0
LOOK_EVERY_S = 60.0
LOOK_TIMEOUT_S = 5.0

_log = get_logger()


class Checks:
    """One check at a time: it has the lowest priority, and still a share of the machine.

    Start with `start`, end with `close`. Every replica looks each minute whether a check is due; one of them
    gets it from the database.
    """

    def __init__(self, database: Database, environment: Mapping[str, str], every_s: float) -> None:
        self._database = database
        self._environment = environment
        self._every_s = every_s
        self._turn = asyncio.Semaphore(1)
        self._background = Background(self._run)

    def start(self) -> None:
        checks_stand(0, 0, math.nan, math.nan)
        self._background.start()

    async def close(self) -> None:
        await self._background.close()

    async def check(self, name: str, ref: str, documents: int) -> pb.IndexCheck:
        """Needs the right to write, because it takes the system's time."""
        caller = current_caller()
        names.check_ref(ref)
        if not 0 <= documents <= MOST_DOCUMENTS:
            message = f"documents is 1 to {MOST_DOCUMENTS:,}, or 0 for {DOCUMENTS}"
            raise InvalidRequest(message, fields={"documents": message})
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s(), read_only=True) as conn:
            row = await writable(conn, caller, name)
        try:
            async with asyncio.timeout(max(time_left_s() - 1.0, 0.1)), self._turn:
                seconds = min(MOST_S, max(time_left_s() - MARGIN_S, 1.0))
                return await self._checked(row.repository_id, caller.tenant_id, ref, documents or DOCUMENTS, seconds)
        except TimeoutError as error:
            message = "the check was not ready in time, or another was under way: check fewer documents, or later"
            raise DeadlineExceeded(message) from error

    async def _checked(
        self, repository_id: int, tenant_id: UUID, ref: str, documents: int, seconds: float
    ) -> pb.IndexCheck:
        arguments = [str(repository_id), str(tenant_id), ref, str(documents), f"{seconds:.1f}"]
        answer = await answer_of("pampax.indexing.checking", arguments, self._environment, "check")
        return pb.IndexCheck.FromString(answer)

    async def _run(self) -> None:
        """The first look comes after a while: a system that has just started has other things to do."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                if self._every_s > 0:
                    await self.look()
                await self.measure()
            except PampaxError as error:
                _log.warning("check not made", op="check", err_code=error.reason, detail=error.message)
            except TimeoutError:
                _log.warning("check not made", op="check", err_code="TIMEOUT", detail="it did not end in time")
            except Exception as error:  # noqa: BLE001 - one look must not be the last
                _log.error("check not made", op="check", exc_info=error)

    async def look(self) -> bool:
        """Makes the check that is due, if one is."""
        async with self._database.untenanted(timeout_s=LOOK_TIMEOUT_S) as conn:
            due = await postgres.take_due(conn, timedelta(seconds=self._every_s))
        if due is None:
            return False
        async with asyncio.timeout(SCHEDULED_S + MARGIN_S + MOST_S), self._turn:
            await self._checked(*due, "", DOCUMENTS, SCHEDULED_S)
        return True

    async def measure(self) -> None:
        async with self._database.untenanted(timeout_s=LOOK_TIMEOUT_S, read_only=True) as conn:
            state = await postgres.state(conn)
        unknown = math.nan
        recall, age_s = (unknown if state[name] is None else state[name] for name in ("recall", "age_s"))
        checks_stand(state["documents"], state["differing"], recall, age_s)
