"""Operations as server-sent events."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from google.longrunning.operations_pb2 import GetOperationRequest, Operation
from google.protobuf.timestamp_pb2 import Timestamp
from starlette.responses import StreamingResponse

from pampax.core.errors import DeadlineExceeded, Unavailable
from pampax.gateway import bounds
from pampax.gateway.operations import Operations
from pampax.gateway.rest.event_stream import event_id, event_stream
from pampax.v1.indexing_service_pb2 import IndexOperationMetadata

NAME = "operations/00000000-0000-4000-8000-000000000001"


def look(stage: str, handled: int = 0, *, done: bool = False, heard: int = 0) -> Operation:
    operation = Operation(name=NAME, done=done)
    operation.metadata.Pack(IndexOperationMetadata(stage=stage, done=handled, update_time=Timestamp(seconds=heard)))
    return operation


async def looks(*found: Operation) -> AsyncGenerator[Operation]:
    for each in found:
        yield each


async def told(*found: Operation, last: str = "", draining: bool = False) -> list[str]:
    """What comes over the wire, event by event."""
    answer = await event_stream(looks(*found), last, lambda: draining)
    assert isinstance(answer, StreamingResponse)
    assert answer.headers["cache-control"] == "no-store"
    return [bytes(part).decode() async for part in answer.body_iterator]


def states(events: list[str]) -> list[tuple[str, int]]:
    documents = [json.loads(line.removeprefix("data: ")) for event in events for line in event.split("\n")
                 if line.startswith("data: ")]  # fmt: skip
    return [(each["stage"], each["progress"]["done"]) for each in documents]


async def test_each_state_is_told_once_and_the_last_one_ends_it() -> None:
    events = await told(look("parsing", 1), look("parsing", 1, heard=5), look("parsing", 2), look("done", 2, done=True))
    assert events[0] == "retry: 1000\n\n"
    assert states(events) == [("parsing", 1), ("parsing", 2), ("done", 2)]
    assert all(event.startswith("id: ") and event.endswith("\n\n") for event in events[1:])


async def test_a_client_that_comes_back_hears_only_what_is_new() -> None:
    seen = event_id(look("parsing", 1))
    assert states(await told(look("parsing", 1, heard=9), look("done", 1, done=True), last=seen)) == [("done", 1)]


async def test_a_client_that_has_heard_the_end_is_told_not_to_come_back() -> None:
    answer = await event_stream(looks(look("done", done=True)), event_id(look("done", done=True)), lambda: False)
    assert answer.status_code == 204


async def test_silence_is_broken_by_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "WATCH_SILENCE_S", 0.0)
    events = await told(look("parsing"), look("parsing"), look("done", done=True))
    assert events[2] == ": still there\n\n"


async def test_a_process_that_stops_ends_the_stream_and_the_client_comes_back() -> None:
    events = await told(look("parsing"), look("parsing", 1), draining=True)
    assert (events[0], states(events)) == ("retry: 1000\n\n", [("parsing", 0)])


async def test_a_stream_ends_when_looking_does() -> None:
    assert states(await told(look("parsing"), look("parsing", 3))) == [("parsing", 0), ("parsing", 3)]


class Answers(Operations):
    """What each look finds, in order."""

    def __init__(self, *found: Any) -> None:
        super().__init__(None)  # type: ignore[arg-type]  # never called
        self._found = list(found)

    async def _look(self, request: GetOperationRequest) -> Operation:
        found = self._found.pop(0)
        if isinstance(found, Exception):
            raise found
        assert isinstance(found, Operation)
        return found


async def watched(*found: Any) -> list[Operation]:
    return [each async for each in Answers(*found).watch(GetOperationRequest(name=NAME))]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "WATCH_EVERY_S", 0.0)


async def test_a_service_that_is_away_for_a_moment_is_waited_for() -> None:
    end = look("done", done=True)
    assert (await watched(look("parsing"), Unavailable("away"), DeadlineExceeded("late"), end))[-1] == end


async def test_a_service_that_stays_away_ends_the_watching(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "WATCH_PATIENCE_S", -1.0)
    with pytest.raises(Unavailable):
        await watched(look("parsing"), Unavailable("away"))


async def test_watching_ends_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "WATCH_S", -1.0)
    assert len(await watched(look("parsing"))) == 1
