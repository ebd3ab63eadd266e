"""pampax.v1.SearchService against its contract, through a real server."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf import duration_pb2
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from pampax.runtime.caller import CALLER_KEY, sign_caller
from pampax.runtime.channel import connect
from pampax.runtime.server import start
from pampax.runtime.settings import AuthSettings, Settings
from pampax.search.rpc import SERVICE, SearchServicer
from pampax.v1 import search_service_pb2 as pb
from pampax.v1 import search_service_pb2_grpc as pb_grpc

SECRET = "c0" * 32
NAME = "repositories/contract"


@pytest.fixture(scope="module")
def indexed(new_repository):
    made = new_repository("contract", {"src/pool.py": "class Pool:\n    pass\n", "a b/ü.py": "def odd():\n    pass\n"})
    assert made.index() == "succeeded"
    return made


@pytest.fixture(scope="module")
async def stub(service):
    settings = Settings(mode="embedded", auth=AuthSettings(caller_secret=SECRET))

    def register(server):
        pb_grpc.add_SearchServiceServicer_to_server(SearchServicer(service), server)
        return [SERVICE]

    running = await start("search", "127.0.0.1:0", register, settings)
    channel = connect(f"127.0.0.1:{running.port}")
    made = pb_grpc.SearchServiceStub(channel)
    made.health = health_pb2_grpc.HealthStub(channel)
    yield made
    await channel.close()
    await running.drain()


@pytest.fixture
def identity(indexed):
    return {"metadata": ((CALLER_KEY, sign_caller(indexed.caller, SECRET)),), "timeout": 10}


async def refusal(call):
    """(code, ErrorInfo, field names) of a refused call; there is exactly one ErrorInfo."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    status = rpc_status.from_call(refused.value)
    infos, fields = [], []
    for detail in status.details:
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            infos.append(info)
        if detail.Unpack(bad):
            fields += [violation.field for violation in bad.field_violations]
    assert len(infos) == 1
    assert infos[0].domain == "pampax"
    return refused.value.code(), infos[0].reason, fields


async def test_search_fills_every_field_of_a_result(stub, identity):
    request = pb.SearchChunksRequest(query="Pool", repositories=[NAME], explain=True)
    answer = await stub.SearchChunks(request, **identity)
    result = answer.results[0]
    assert (result.repository, result.path, result.language) == (NAME, "src/pool.py", "python")
    assert (result.start_line, result.end_line, result.kind, result.symbol) == (1, 2, "type", "Pool")
    assert result.content == "class Pool:\n    pass"
    assert len(result.id) == 24
    assert sum(part.score for part in result.evidence) == pytest.approx(result.score)
    assert all(part.source and part.detail for part in result.evidence)
    assert answer.intent == "symbol"
    (snapshot,) = answer.snapshots
    assert (snapshot.repository, snapshot.generation) == (NAME, 1)
    assert snapshot.build
    assert snapshot.publish_time_s > 1e9


async def test_limit_zero_means_ten(stub, identity):
    answer = await stub.SearchChunks(pb.SearchChunksRequest(query="pool odd"), **identity)
    assert 0 < len(answer.results) <= 10


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.SearchChunksRequest(query=" "), "query"),
        (pb.SearchChunksRequest(query="x", limit=-1), "limit"),
        (pb.SearchChunksRequest(query="x", limit=101), "limit"),
        (pb.SearchChunksRequest(query="x", mode=77), "mode"),
        (pb.SearchChunksRequest(query="x", intent="guess"), "intent"),
        (pb.SearchChunksRequest(query="x", repositories=["contract"]), "repositories"),
        (pb.SearchChunksRequest(query="x", languages=["klingon"]), "languages"),
        (pb.SearchChunksRequest(query="x", page_token="???"), "page_token"),
    ],
)
async def test_a_wrong_field_is_invalid_and_named(stub, identity, request_, field):
    code, _, fields = await refusal(stub.SearchChunks(request_, **identity))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert fields == [field]


async def test_an_unknown_repository_is_not_found(stub, identity):
    request = pb.SearchChunksRequest(query="x", repositories=["repositories/nowhere"])
    assert (await refusal(stub.SearchChunks(request, **identity)))[:2] == (
        grpc.StatusCode.NOT_FOUND,
        "REPOSITORY_NOT_FOUND",
    )


async def test_a_stale_answer_is_a_failed_precondition(stub, identity):
    request = pb.SearchChunksRequest(query="x", max_staleness=duration_pb2.Duration(nanos=1))
    assert (await refusal(stub.SearchChunks(request, **identity)))[:2] == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "STALE",
    )


async def test_read_file_gives_lines_and_their_place(stub, identity):
    answer = await stub.ReadFile(pb.ReadFileRequest(repository=NAME, path="a b/ü.py", start_line=2), **identity)
    assert (answer.content, answer.start_line, answer.end_line, answer.lines) == ("    pass", 2, 2, 2)
    assert (answer.language, len(answer.blob_id)) == ("python", 40)
    assert answer.snapshot.repository == NAME


async def test_a_missing_file_is_not_found(stub, identity):
    call = stub.ReadFile(pb.ReadFileRequest(repository=NAME, path="../etc/passwd"), **identity)
    assert (await refusal(call))[:2] == (grpc.StatusCode.NOT_FOUND, "FILE_NOT_FOUND")


async def test_a_call_without_identity_is_refused(stub):
    code, reason, _ = await refusal(stub.SearchChunks(pb.SearchChunksRequest(query="x"), timeout=5))
    assert (code, reason) == (grpc.StatusCode.UNAUTHENTICATED, "CALLER_MISSING")


async def test_a_forged_identity_is_refused(stub, indexed):
    forged = ((CALLER_KEY, sign_caller(indexed.caller, "00" * 32)),)
    call = stub.ReadFile(pb.ReadFileRequest(repository=NAME, path="src/pool.py"), metadata=forged, timeout=5)
    assert (await refusal(call))[0] is grpc.StatusCode.UNAUTHENTICATED


async def test_health_answers_without_identity(stub):
    for name in ("", SERVICE):
        answer = await stub.health.Check(health_pb2.HealthCheckRequest(service=name), timeout=5)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
