"""Health as a metric: looked at regularly, whether or not anybody asks, so that alerts do not depend on people."""

from __future__ import annotations

import asyncio
from uuid import UUID

from pampax.core.identity import Caller, Role
from pampax.gateway.health import parts
from pampax.gateway.health.parts import SEVERITY, Status
from pampax.gateway.health.report import HealthChecks
from pampax.runtime.background import Background
from pampax.runtime.caller import enter_caller
from pampax.runtime.context import enter_request
from pampax.runtime.logging import get_logger
from pampax.runtime.telemetry.metrics import gauge

PERIOD_S = 30.0
# Nobody waits for it, and a machine that is busy for a moment is nobody's alert.
PART_S = 2.0

# Of no tenant: it may ask services how they are, and would find no repository.
_NOBODY = Caller(UUID(int=0), UUID(int=0), Role.READER)

_STATUS = gauge("pampax_health_status")
_log = get_logger()


class HealthWatch:
    """Start with `start`, end with `close`."""

    def __init__(self, checks: HealthChecks, caller_secret: str, *, period_s: float = PERIOD_S) -> None:
        self._checks = checks
        self._secret = caller_secret
        self._period_s = period_s
        self._background = Background(self._run)

    def start(self) -> None:
        self._background.start()

    async def close(self) -> None:
        await self._background.close()

    async def _run(self) -> None:
        while True:
            enter_request({})
            enter_caller(_NOBODY, self._secret)
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001 - one look must not be the last
                _log.error("part not examined", op="health", exc_info=error)
            await asyncio.sleep(self._period_s)

    async def _look(self) -> None:
        """The index is each tenant's own and no metric."""
        for part in (await self._checks.report(part_s=PART_S)).components:
            if part.name != parts.INDEX:
                _STATUS.labels(part.name).set(SEVERITY[Status(part.status)])
