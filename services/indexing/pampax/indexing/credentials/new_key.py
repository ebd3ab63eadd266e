"""After the key has changed: what older keys have sealed is sealed anew, so that those can be taken away."""

from __future__ import annotations

import asyncio
from uuid import UUID

from pampax.core.errors import PampaxError
from pampax.indexing.credentials import postgres
from pampax.indexing.credentials.sealing import Owner, Sealer
from pampax.runtime.background import Background
from pampax.runtime.logging import get_logger
from pampax.storage.database import Database

AT_ONCE = 100
TIMEOUT_S = 10.0
# A database that is away at the start comes back.
AGAIN_AFTER_S = 30.0

_log = get_logger()


class NewKey:
    """Works once after `start`, on every replica; end it with `close`."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
        self._background = Background(self._run)

    def start(self) -> None:
        if self._sealer.key_id:
            self._background.start()

    async def close(self) -> None:
        await self._background.close()

    async def _run(self) -> None:
        while True:
            try:
                done, left = await self.seal_all()
            except PampaxError as error:
                _log.info("credentials not looked at", op="credentials", err_code=error.reason)
                await asyncio.sleep(AGAIN_AFTER_S)
                continue
            if left:
                _log.warning("credentials of a key that is not known", op="credentials", count=left)
            if done:
                _log.info("credentials sealed anew", op="credentials", count=done)
            return

    async def seal_all(self) -> tuple[int, int]:
        """How many are sealed anew, and how many none of our keys opens."""
        done = left = after = 0
        while found := await self._found(after):
            for repository_id, tenant_id in found:
                try:
                    done += await self._seal(repository_id, tenant_id)
                except PampaxError as error:
                    if error.reason != "CREDENTIAL_UNREADABLE":
                        raise
                    left += 1
                after = repository_id
        return done, left

    async def _found(self, after: int) -> list[tuple[int, UUID]]:
        async with self._database.untenanted(timeout_s=TIMEOUT_S) as conn:
            return await postgres.of_other_keys(conn, self._sealer.key_id, after, AT_ONCE)

    async def _seal(self, repository_id: int, tenant_id: UUID) -> bool:
        async with self._database.tenant(tenant_id, timeout_s=TIMEOUT_S) as conn:
            stored = await postgres.find(conn, repository_id, hold=True)
            if stored is None:
                return False  # it has gone meanwhile
            anew = self._sealer.seal_anew(Owner(tenant_id, repository_id), stored)
            await postgres.replace_seal(conn, repository_id, anew)
        return True
