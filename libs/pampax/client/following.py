"""Waiting for long work."""

from __future__ import annotations

import time
from collections.abc import Callable

from pampax.client.client import Client
from pampax.client.repository import Operation
from pampax.core.errors import DeadlineExceeded, Internal, PampaxError, ResourceExhausted, Unavailable

# Between two looks: so small a share of the time passed that what is waited for is not late by more than that.
PAUSE_SHARE = 0.1
SHORTEST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 0.5
# A gateway that is restarted or moved is back within that time; the work goes on meanwhile.
PATIENCE_S = 60.0


def follow(
    client: Client, operation: Operation, on_change: Callable[[Operation], None], *, timeout_s: float
) -> Operation:
    """The operation when it has succeeded, wholly or in part; `on_change` hears each state that differs from the last.

    Raises its error when it failed or was cancelled, DeadlineExceeded when it still runs after `timeout_s`, and
    Unavailable when the gateway stays away.
    """
    began = time.monotonic()
    seen: tuple[object, ...] | None = None
    while True:
        now = (operation.state, operation.stage, operation.progress)
        if now != seen:
            seen = now
            on_change(operation)
        if operation.done:
            return _succeeded(operation)
        passed = time.monotonic() - began
        pause_s = min(max(passed * PAUSE_SHARE, SHORTEST_PAUSE_S), LONGEST_PAUSE_S)
        if passed + pause_s > timeout_s:
            message = f"operation {operation.id} still runs after {timeout_s:.0f} s; it goes on without us"
            raise DeadlineExceeded(message, metadata={"operation": operation.id})
        time.sleep(pause_s)
        operation = _looked_up(client, operation.id)


def _looked_up(client: Client, operation: str) -> Operation:
    """The operation as it stands, however long the gateway takes to come back, within PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return client.operation(operation)
        except (Unavailable, ResourceExhausted) as error:
            pause_s = max(LONGEST_PAUSE_S, error.retry_after_s or 0.0)
            if time.monotonic() + pause_s > deadline:
                raise
            time.sleep(pause_s)


def _succeeded(operation: Operation) -> Operation:
    if operation.state in ("succeeded", "partial"):
        return operation
    error: PampaxError = (
        operation.error.error()
        if operation.error is not None
        else Internal(f"operation {operation.id} {operation.state} without a reason; look at the worker's log")
    )
    error.metadata.setdefault("operation", operation.id)
    raise error
