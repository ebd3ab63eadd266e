"""Waiting for an operation."""

from collections.abc import Callable
from typing import Any

import pytest

from pampax.client.client import Client
from pampax.client.following import follow
from pampax.client.repository import Operation
from pampax.core.errors import Cancelled, DeadlineExceeded, FailedPrecondition, Internal, Unavailable

from .conftest import Gateway, Told


def state(stage: str, handled: int = 0, **changes: Any) -> dict[str, Any]:
    return {
        "id": "op-1",
        "done": False,
        "state": "running",
        "kind": "index",
        "repository": "shop",
        "ref": "",
        "stage": stage,
        "progress": {"done": handled, "total": 10},
        "errors": [],
        "create_time": "2025-01-01T00:00:00Z",
        "update_time": "2025-01-01T00:00:00Z",
        **changes,
    }


SUCCEEDED = state("done", 10, done=True, state="succeeded")


def test_each_change_is_heard_once(gateway: Gateway, client: Client) -> None:
    gateway.will(*map(Told, (state("parsing", 1), state("parsing", 1), state("parsing", 5), SUCCEEDED)))
    heard: list[tuple[str, int]] = []
    follow(client, _operation(state("queued")), lambda now: heard.append((now.stage, now.progress.done)), timeout_s=30)
    assert heard == [("queued", 0), ("parsing", 1), ("parsing", 5), ("done", 10)]


def test_a_gateway_that_goes_away_and_comes_back_is_waited_for(
    gateway: Gateway, client: Client, problem: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pampax.client.following.LONGEST_PAUSE_S", 0.01)
    gateway.will(*[problem(503, "UNAVAILABLE")] * 9, Told(SUCCEEDED))
    assert _follow(client).state == "succeeded"


def test_a_gateway_that_stays_away_ends_the_waiting(
    gateway: Gateway, client: Client, problem: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pampax.client.following.PATIENCE_S", 0.0)
    gateway.will(problem(503, "UNAVAILABLE"))
    with pytest.raises(Unavailable):
        _follow(client)


def test_a_failed_operation_raises_what_it_failed_with(gateway: Gateway, client: Client) -> None:
    error = {"status": 409, "detail": "the folder is gone", "reason": "SOURCE_UNREADABLE", "corr_id": "c"}
    gateway.will(Told(state("listing", done=True, state="failed", error=error)))
    with pytest.raises(FailedPrecondition, match="the folder is gone") as raised:
        _follow(client)
    assert raised.value.metadata == {"corr_id": "c", "operation": "op-1"}


def test_a_cancelled_operation_is_cancelled(gateway: Gateway, client: Client) -> None:
    error = {"status": 499, "detail": "the operation was cancelled", "reason": "CANCELLED", "corr_id": ""}
    gateway.will(Told(state("listing", done=True, state="cancelled", error=error)))
    with pytest.raises(Cancelled):
        _follow(client)


def test_a_failure_without_a_reason_is_internal(gateway: Gateway, client: Client) -> None:
    gateway.will(Told(state("listing", done=True, state="failed")))
    with pytest.raises(Internal, match="op-1 failed"):
        _follow(client)


def test_waiting_ends_at_its_deadline(gateway: Gateway, client: Client) -> None:
    gateway.will(Told(state("parsing")))
    with pytest.raises(DeadlineExceeded, match="still runs"):
        follow(client, _operation(state("parsing")), lambda _now: None, timeout_s=0.1)


def _follow(client: Client) -> Operation:
    return follow(client, _operation(state("queued")), lambda _now: None, timeout_s=30)


def _operation(document: dict[str, Any]) -> Operation:
    return Operation.model_validate(document)
