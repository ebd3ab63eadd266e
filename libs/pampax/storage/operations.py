"""The queue of long work: who may work on an operation, for how long, and whose late words no longer count.

Every function runs inside the caller's transaction of the operation's tenant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from pampax.core.errors import Aborted
from pampax.storage.queries import load_queries
from pampax.storage.session import SyncConnection

_QUERIES = load_queries(__package__)
_REPOSITORY = _QUERIES["operation_repository"]
_LOCK_REPOSITORY = _QUERIES["lock_repository"]
_CLAIM = _QUERIES["claim_operation"]
_HEARTBEAT = _QUERIES["heartbeat_operation"]
_LOCK_LEASE = _QUERIES["lock_lease"]
_FINISH = _QUERIES["finish_operation"]
_NEXT = _QUERIES["next_operation"]
_NOTE_TROUBLE = _QUERIES["note_trouble"]

LEASE_LOST = "LEASE_LOST"


class FinalState(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on an operation until it expires; `token` rises with every claim and fences older holders."""

    operation_id: UUID
    tenant_id: UUID
    repository_id: int
    repository_name: str
    token: int
    ttl_s: float
    attempts: int  # this one included
    request: Mapping[str, Any]
    corr_id: str  # of the request that made it, like the traceparent
    traceparent: str
    trouble: str = ""  # why a worker ended itself over it before


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` and `total` count files of the stage, `total` is 0 while unknown; `problems` are the whole run's."""

    stage: str
    done: int = 0
    total: int = 0
    rate: float = 0.0  # files of this stage a second; 0 while unknown
    remaining_s: float | None = None
    problems: int = 0


@dataclass(frozen=True, slots=True)
class Next:
    """The operation of a repository that is next; not `urgent` while it lets later ones pass."""

    operation_id: UUID
    urgent: bool


@dataclass(frozen=True, slots=True)
class HeartbeatAnswer:
    """`alive` is False when the lease was taken over or the operation ended: stop working, nothing will count."""

    alive: bool
    cancel_requested: bool


def claim(conn: SyncConnection, operation_id: UUID, ttl_s: float) -> Lease | None:
    """None when the operation is finished, not the one of its repository whose turn it is, or one of those is being
    worked on.

    Holds until commit: other claims for the same repository wait for this transaction.
    """
    found = conn.execute(_REPOSITORY, {"operation_id": operation_id}).fetchone()
    if found is None:
        return None
    conn.execute(_LOCK_REPOSITORY, found)
    row = conn.execute(_CLAIM, {"operation_id": operation_id, "ttl_s": ttl_s}).fetchone()
    return None if row is None else Lease(**row, ttl_s=ttl_s)


def heartbeat(conn: SyncConnection, lease: Lease, progress: Progress) -> HeartbeatAnswer:
    """Prolong the lease by its ttl and report progress. A lease that expired but was not taken over lives on."""
    row = conn.execute(_HEARTBEAT, {**_key(lease), **asdict(progress), "ttl_s": lease.ttl_s}).fetchone()
    if row is None:
        return HeartbeatAnswer(alive=False, cancel_requested=False)
    return HeartbeatAnswer(alive=True, cancel_requested=row["cancel_requested"])


def assert_fenced(conn: SyncConnection, lease: Lease) -> None:
    """Aborted when the token is stale; otherwise nobody can take the lease before this transaction ends.

    A heartbeat on another connection waits for it, too: keep the transaction short.
    """
    if conn.execute(_LOCK_LEASE, _key(lease)).fetchone() is None:
        raise _lost(lease)


def finish(
    conn: SyncConnection,
    lease: Lease,
    state: FinalState,
    *,
    result: Mapping[str, Any] | None = None,
    error: Mapping[str, str] | None = None,
    errors: Sequence[Any] = (),
) -> None:
    """End the operation with a result or an error {code, reason, message}; Aborted when the token is stale."""
    outcome = {
        "state": FinalState(state).value,
        "result": None if result is None else Jsonb(dict(result)),
        "error": None if error is None else Jsonb(dict(error)),
        "errors": Jsonb(list(errors)),
    }
    if conn.execute(_FINISH, {**_key(lease), **outcome}).fetchone() is None:
        raise _lost(lease)


def note_trouble(conn: SyncConnection, lease: Lease, trouble: str) -> None:
    """Before a worker ends itself over the operation: what to say when it is given up."""
    conn.execute(_NOTE_TROUBLE, {**_key(lease), "trouble": trouble})


def next_operation(conn: SyncConnection, repository_id: int) -> Next | None:
    """What to enqueue when an operation of the repository was finished."""
    row = conn.execute(_NEXT, {"repository_id": repository_id}).fetchone()
    return None if row is None else Next(**row)


def _key(lease: Lease) -> dict[str, Any]:
    return {"operation_id": lease.operation_id, "token": lease.token}


def _lost(lease: Lease) -> Aborted:
    return Aborted(
        f"lease {lease.token} of operation {lease.operation_id} is no longer valid: another worker took it up",
        reason=LEASE_LOST,
    )
