"""pampax.v1.AssemblyService against its contract."""

from __future__ import annotations

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from pampax.assembly import request as bounds
from pampax.assembly.bundle import Rendering
from pampax.assembly.rpc import SERVICE
from pampax.assembly.wire import _RENDERINGS
from pampax.codeintel.tokens import KNOWN_COUNTERS
from pampax.v1 import assembly_service_pb2 as pb
from pampax.v1 import assembly_service_pb2_grpc as pb_grpc


@pytest.fixture
def stub(channel):
    return pb_grpc.AssemblyServiceStub(channel)


async def refusal(call):
    """(code, its only ErrorInfo, field names, whether it says when to come back) of a refused call."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    status = rpc_status.from_call(refused.value)
    infos, fields, retry = [], set(), False
    for detail in status.details:
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            infos.append(info)
        elif detail.Unpack(bad):
            fields |= {violation.field for violation in bad.field_violations}
        else:
            retry = retry or detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR)
    (info,) = infos
    assert info.domain == "pampax"
    return refused.value.code(), info.reason, fields, retry


async def test_the_name_of_the_service_is_that_of_the_contract(channel):
    assert pb.DESCRIPTOR.services_by_name["AssemblyService"].full_name == SERVICE
    reflection = reflection_pb2_grpc.ServerReflectionStub(channel)
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    async for answer in reflection.ServerReflectionInfo(iter([asked])):
        assert SERVICE in [each.name for each in answer.list_services_response.service]


@pytest.mark.parametrize("service", ["", SERVICE])
async def test_health_is_told_alone_and_for_the_service(channel, service):
    health = health_pb2_grpc.HealthStub(channel)
    answer = await health.Check(health_pb2.HealthCheckRequest(service=service), timeout=5)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_a_call_without_a_caller_is_refused(stub):
    code, reason, _, _ = await refusal(stub.AssembleBundle(pb.AssembleBundleRequest(task="fix"), timeout=5))
    assert (code, reason) == (grpc.StatusCode.UNAUTHENTICATED, "CALLER_MISSING")


async def test_every_wrong_field_is_named(stub, identity):
    request = pb.AssembleBundleRequest(task="", token_budget=9, seed_paths=[f"{n}.py" for n in range(21)])
    code, reason, fields, _ = await refusal(stub.AssembleBundle(request, **identity))
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")
    assert fields == {"task", "token_budget", "seed_paths"}


async def test_an_unknown_tokenizer_is_a_wrong_field(stub, identity):
    request = pb.AssembleBundleRequest(task="fix", tokenizer="gpt2")
    code, _, fields, _ = await refusal(stub.AssembleBundle(request, **identity))
    assert (code, fields) == (grpc.StatusCode.INVALID_ARGUMENT, {"tokenizer"})


async def test_without_its_database_it_is_unavailable_for_a_while(stub, identity):
    code, _, _, retry = await refusal(stub.AssembleBundle(pb.AssembleBundleRequest(task="fix"), **identity))
    assert (code, retry) == (grpc.StatusCode.UNAVAILABLE, True)


def test_every_rendering_of_the_contract_is_known():
    assert set(_RENDERINGS) == set(Rendering)
    assert {*_RENDERINGS.values(), pb.RENDERING_UNSPECIFIED} == set(pb.Rendering.values())


def test_the_bounds_are_those_that_the_contract_names():
    assert (bounds.MIN_BUDGET, bounds.MAX_BUDGET, bounds.DEFAULT_BUDGET) == (256, 200_000, 8_000)
    assert (bounds.MAX_TASK_BYTES, bounds.MAX_SEED_PATHS, bounds.MAX_REPOSITORIES) == (8_192, 20, 50)
    assert KNOWN_COUNTERS == ("o200k_base", "cl100k_base", "bytes4")
