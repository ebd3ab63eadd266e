"""The service that keeps context packs, asked without the gateway: what it lets through the table may hold."""

import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from pampax.core.errors import InvalidRequest, NotFound
from pampax.v1 import context_service_pb2 as pb
from pampax.v1.context_service_pb2_grpc import ContextServiceStub


def pack_of(**fields: object) -> pb.ContextPack:
    return pb.ContextPack(name="contexts/web", **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"description": "x" * 1_001},
        {"scope": pb.ContextScope(languages=[str(number) for number in range(33)])},
        {"scope": pb.ContextScope(path_globs=[str(number) for number in range(17)])},
        {"scope": pb.ContextScope(path_globs=["x" * 32_001])},
        {"defaults": pb.ContextDefaults(limit=101)},
        {"defaults": pb.ContextDefaults(token_budget=-1)},
    ],
)
async def test_a_pack_above_its_bounds_is_refused_and_not_kept(client, fields):
    stub = ContextServiceStub(client.channel)
    with pytest.raises(InvalidRequest, match="make it smaller"):
        await client.ask(stub.SaveContextPack, pb.SaveContextPackRequest(pack=pack_of(**fields)))
    with pytest.raises(NotFound, match="there is no context pack 'web': see `pampax context list`"):
        await client.ask(stub.GetContextPack, pb.GetContextPackRequest(name="contexts/web"))


async def test_what_is_said_twice_is_kept_once(client):
    await client.create("shop", upload=True)
    scope = pb.ContextScope(
        repositories=["repositories/shop"] * 2, languages=["Go", "go"], path_globs=["a/", "a/"], kinds=["type", "type"]
    )
    stub = ContextServiceStub(client.channel)
    saved = await client.ask(stub.SaveContextPack, pb.SaveContextPackRequest(pack=pack_of(scope=scope)))
    assert saved.scope == pb.ContextScope(
        repositories=["repositories/shop"], languages=["go"], path_globs=["a/"], kinds=["type"]
    )


async def test_its_health_is_told_by_its_name(client):
    stub = health_pb2_grpc.HealthStub(client.channel)
    answer = await stub.Check(health_pb2.HealthCheckRequest(service="pampax.v1.ContextService"))
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
