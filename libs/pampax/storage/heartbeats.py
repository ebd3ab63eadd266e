"""The workers' heartbeats: written by each worker process every few seconds, read by health. No tenant's data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from pampax.storage.queries import load_queries
from pampax.storage.session import Connection, SyncConnection

# A process that was not heard of for so long is gone or frozen: three beats, and what a busy machine needs.
SILENT_S = 15.0
# From then on its neighbours look whether it is still there, so that one that was replaced is never called silent.
QUIET_S = 7.5
# Of a worker on a machine that never came back. One that was replaced on its own machine goes at once.
FORGOTTEN_S = 600.0

_QUERIES = load_queries(__package__)
_BEAT = _QUERIES["beat"]
_LEAVE = _QUERIES["leave"]
_QUIET = _QUERIES["quiet_neighbours"]
_REMOVE = _QUERIES["remove_heartbeats"]
_WORKERS = _QUERIES["select_workers"]
_QUEUE = _QUERIES["queue_state"]
_PRIORITIES = _QUERIES["queue_priorities"]


@dataclass(frozen=True, slots=True)
class WorkerProcess:
    """One process that runs operations. `concurrency` is how many of them its parent wants.

    `process_started` is in seconds since 1970: with it, `pid` names one process for ever, and not its namesake in a
    container that was started again.
    """

    worker_id: UUID
    host: str
    pid: int
    process_started: float
    parent_pid: int
    version: str
    concurrency: int


@dataclass(frozen=True, slots=True)
class WorkerLoad:
    """What changes from beat to beat; sizes in bytes, 0 where they are not known."""

    operation_id: UUID | None
    parent_silent_s: float
    resident_bytes: int
    memory_used_bytes: int
    memory_limit_bytes: int
    disk_free_bytes: int
    disk_total_bytes: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """As read by the database's clock."""

    host: str
    pid: int
    parent_pid: int
    version: str
    concurrency: int
    busy: bool
    silent_s: float
    parent_silent_s: float
    resident_bytes: int
    memory_used_bytes: int
    memory_limit_bytes: int
    disk_free_bytes: int
    disk_total_bytes: int

    @property
    def alive(self) -> bool:
        return self.silent_s < SILENT_S

    @property
    def led(self) -> bool:
        """Whether anybody can hand operations to it."""
        return self.parent_silent_s < SILENT_S


def beat(conn: SyncConnection, process: WorkerProcess, load: WorkerLoad) -> None:
    """Enters the process, or tells that it lives and what it does."""
    conn.execute(_BEAT, {**asdict(process), **asdict(load)})


def leave(conn: SyncConnection, worker_id: UUID) -> None:
    """Of a process that ends in order: nobody shall miss it."""
    conn.execute(_LEAVE, {"worker_id": worker_id})


def remove_gone(conn: SyncConnection, host: str, runs: Callable[[int, float | None], bool]) -> int:
    """Rows of this machine's processes that are no more, and of machines not heard of for FORGOTTEN_S; their number.

    `runs` is asked with pid and process_started, which an older version's row has not.
    """
    quiet = conn.execute(_QUIET, {"host": host, "silent_s": QUIET_S}).fetchall()
    gone = [row["worker_id"] for row in quiet if not runs(row["pid"], row["process_started"])]
    return conn.execute(_REMOVE, {"gone": gone, "forgotten_s": FORGOTTEN_S}).rowcount


async def read_heartbeats(conn: Connection) -> list[Heartbeat]:
    """All of them, by host and process; a silent one says since when."""
    rows = await (await conn.execute(_WORKERS)).fetchall()
    return [Heartbeat(**row) for row in rows]


async def queue_numbers(conn: Connection) -> dict[str, Any]:
    """Over all tenants: waiting, oldest_waiting_s, running, silent; the two ends of a wait for a worker."""
    row = await (await conn.execute(_QUEUE)).fetchone()
    return dict(row) if row else {"waiting": 0, "oldest_waiting_s": 0.0, "running": 0, "silent": 0}


async def priority_waits(conn: Connection) -> dict[str, float]:
    """For each priority, how many seconds the oldest operation has waited that nobody works on; 0 when none does."""
    rows = await (await conn.execute(_PRIORITIES)).fetchall()
    return {row["priority"]: row["oldest_waiting_s"] for row in rows}
