"""Who may call, and how the caller travels."""

from __future__ import annotations

import grpc
import pytest
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from pampax.core.errors import PermissionDenied, Unauthenticated
from pampax.core.identity import Role
from pampax.runtime.caller import CALLER_KEY, current_caller, require_role, sign_caller
from pampax.runtime.channel import call
from pampax.v1 import search_service_pb2 as pb
from pampax.v1 import search_service_pb2_grpc as rpc

REQUEST = pb.SearchChunksRequest(query="q")


async def who(request, context):
    return pb.SearchChunksResponse(intent=str(current_caller().principal_id))


async def refusal_of(stub, token):
    metadata = [] if token is None else [(CALLER_KEY, token)]
    with pytest.raises(aio.AioRpcError) as caught:
        await stub.SearchChunks(REQUEST, timeout=5, metadata=metadata)
    return caught.value


async def test_a_call_without_a_caller_is_unauthenticated(searching, acting):
    async with searching(who) as stub:
        with pytest.raises(Unauthenticated) as caught:
            await acting(lambda: call(stub.SearchChunks, REQUEST, timeout_s=5), anonymous=True)
    assert caught.value.reason == "CALLER_MISSING"


async def test_a_wrong_signature_is_unauthenticated(searching, caller):
    async with searching(who) as stub:
        error = await refusal_of(stub, sign_caller(caller, "ff" * 32))
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_an_expired_token_is_unauthenticated(searching, caller, secret):
    async with searching(who) as stub:
        error = await refusal_of(stub, sign_caller(caller, secret, ttl_s=-60))
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert "expired" in error.details()


async def test_the_servicer_sees_the_caller(searching, acting, caller):
    async with searching(who) as stub:
        response = await acting(lambda: call(stub.SearchChunks, REQUEST, timeout_s=5))
    assert response.intent == str(caller.principal_id)


async def test_the_caller_travels_through_a_service_to_the_next(searching, acting, caller):
    async with searching(who) as inner:

        async def ask_inner(request, context):
            return await call(inner.SearchChunks, request, timeout_s=5)

        async with searching(ask_inner) as outer:
            response = await acting(lambda: call(outer.SearchChunks, REQUEST, timeout_s=5))
    assert response.intent == str(caller.principal_id)


async def test_a_role_that_is_too_low_is_refused(searching, acting):
    async def admins_only(request, context):
        require_role(Role.ADMIN)
        return pb.SearchChunksResponse()

    async with searching(admins_only) as stub:
        with pytest.raises(PermissionDenied, match="admin"):
            await acting(lambda: call(stub.SearchChunks, REQUEST, timeout_s=5))


async def test_a_service_may_bring_its_own_authenticator(searching, caller):
    async def by_key(metadata):
        if metadata.get("authorization") != "Bearer good":
            raise Unauthenticated("the API key is not valid")
        return caller

    async with searching(who, authenticate=by_key) as stub:
        response = await stub.SearchChunks(REQUEST, timeout=5, metadata=[("authorization", "Bearer good")])
        with pytest.raises(aio.AioRpcError, match="the API key is not valid"):
            await stub.SearchChunks(REQUEST, timeout=5, metadata=[("authorization", "Bearer bad")])
    assert response.intent == str(caller.principal_id)


async def test_a_service_without_authentication_has_no_caller(searching, acting):
    async with searching(who, authenticate=False) as stub:
        with pytest.raises(Unauthenticated, match="needs a caller"):
            await acting(lambda: call(stub.SearchChunks, REQUEST, timeout_s=5), anonymous=True)


async def test_health_needs_no_caller(serving, search_service):
    async with serving(search_service(who)) as channel:
        answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
        with pytest.raises(aio.AioRpcError):
            await rpc.SearchServiceStub(channel).SearchChunks(REQUEST, timeout=5)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
