"""Running an operation in a process of the service's own, for as long as there is no broker."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping
from uuid import UUID

from pampax.runtime.logging import get_logger
from pampax.runtime.server import CLOSE_S

# To give the lease back; then it is killed and the lease runs out. Below what the server allows a part for closing.
END_WITHIN_S = 0.75 * CLOSE_S

_log = get_logger()


class LocalRun:
    """At most one process at a time. `on_end` is called whenever one has ended."""

    def __init__(self, on_end: Callable[[], None], environment: Mapping[str, str]) -> None:
        self._on_end = on_end
        self._environment = environment
        self._process: Process | None = None
        self._waiting: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        return self._process is None

    async def start(self, operation_id: UUID, tenant_id: UUID) -> None:
        """Only when idle. The settings are in the environment that the process gets."""
        _log.info("running without a broker", op="reaper", operation=str(operation_id))
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "pampax.indexing", "run", str(operation_id), str(tenant_id),
            stdin=asyncio.subprocess.DEVNULL, env=self._environment,
        )  # fmt: skip
        self._waiting = asyncio.create_task(self._wait(self._process))

    async def close(self) -> None:
        """Ends the process, by force when it does not go by itself."""
        process, waiting = self._process, self._waiting
        if process is None or waiting is None:
            return
        if process.returncode is None:
            process.terminate()
        done, _ = await asyncio.wait({waiting}, timeout=END_WITHIN_S)
        if not done and process.returncode is None:
            process.kill()
            await waiting

    async def _wait(self, process: Process) -> None:
        code = await process.wait()
        if code:
            _log.warning("the run ended with an error", op="reaper", exit_code=code)
        self._process = None
        self._on_end()
