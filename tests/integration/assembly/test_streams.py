"""Bundles in parts: the same pieces in order of value, an early end, errors on the way."""

import asyncio

import pytest

from pampax.assembly.searching import Search
from pampax.core.errors import FailedPrecondition, NotFound
from pampax.runtime.bundle_parts import whole_of
from pampax.v1 import assembly_service_pb2 as pb

TASK = "how are orders refunded"


async def test_the_parts_are_the_bundle(client, shop):
    request = pb.AssembleBundleRequest(task=TASK, token_budget=900)
    header, *pieces, summary = await client.parts(shop.caller, request)
    whole = await client.ask(shop.caller, request)
    assert header.header.snapshots == whole.snapshots
    assert (header.header.budget.limit, header.header.budget.used) == (900, 0)
    assert whole_of([part.piece for part in pieces], summary.summary) == whole


async def test_pieces_come_in_order_of_value_with_the_tokens_so_far(client, shop):
    _, *pieces, _ = await client.parts(shop.caller, pb.AssembleBundleRequest(task=TASK))
    told = [part.piece for part in pieces]
    values = [piece.item.value for piece in told]
    assert values == sorted(values, reverse=True)
    assert [piece.item.rank for piece in told] == list(range(1, len(told) + 1))
    assert [piece.tokens_used for piece in told] == [
        sum(each.item.tokens for each in told[: at + 1]) for at in range(len(told))
    ]


async def test_the_text_comes_only_where_it_is_wanted(client, shop):
    request = pb.AssembleBundleRequest(task=TASK)
    *_, summary = await client.parts(shop.caller, request, markdown=False)
    assert not summary.summary.markdown
    assert summary.summary.signature


async def test_a_client_may_stop_after_the_best_piece(client, shop):
    header, first = await client.parts(shop.caller, pb.AssembleBundleRequest(task=TASK), most=2)
    assert header.HasField("header")
    assert first.piece.item.rank == 1


class Waiting(Search):
    """One that does not come to an end by itself."""

    begun = asyncio.Event()
    cancelled = asyncio.Event()

    async def hits(self, request):
        self.begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return await super().hits(request)


async def test_leaving_a_stream_ends_the_work_behind_it(assembling, search_server, shop):
    waiting = await assembling(f"127.0.0.1:{search_server.port}", Waiting)
    (header,) = await waiting.parts(shop.caller, pb.AssembleBundleRequest(task=TASK), most=1)
    assert header.header.snapshots
    async with asyncio.timeout(10):
        await Waiting.cancelled.wait()


async def test_what_is_wrong_is_told_before_any_piece(client, shop):
    with pytest.raises(NotFound, match="no indexed file"):
        await client.parts(shop.caller, pb.AssembleBundleRequest(task=TASK, seed_paths=["nowhere.py"]))


async def test_what_goes_wrong_on_the_way_ends_the_stream_as_an_error(client, shop):
    request = pb.AssembleBundleRequest(task=TASK, token_budget=256, must_include=["shop/payments.py", "shop/ledger.py"])
    (header,) = await client.parts(shop.caller, request, most=1)
    assert header.HasField("header")
    with pytest.raises(FailedPrecondition, match="must_include needs"):
        await client.parts(shop.caller, request)


async def test_a_publish_meanwhile_sends_the_header_again(assembling, search_server, new_repository):
    repository = new_repository("moving")
    searches = []

    class Interrupted(Search):
        async def hits(self, request):
            searches.append(request)
            if len(searches) == 1:
                repository.write({"shop/late.py": "def refund_late_orders():\n    return 'orders refunded late'\n"})
                await asyncio.to_thread(repository.index)
            return await super().hits(request)

    replica = await assembling(f"127.0.0.1:{search_server.port}", Interrupted)
    first, second, *_, summary = await replica.parts(repository.caller, pb.AssembleBundleRequest(task=TASK))
    generations = [part.header.snapshots[0].generation for part in (first, second)]
    assert generations == [1, 2]
    assert summary.summary.snapshots == second.header.snapshots


async def test_many_streams_at_once_leave_room_for_each_other(client, shop):
    request = pb.AssembleBundleRequest(task=TASK)
    found = await asyncio.gather(*(client.parts(shop.caller, request, most=1 + n % 3) for n in range(20)))
    assert [len(parts) for parts in found] == [1 + n % 3 for n in range(20)]
    assert len(await client.parts(shop.caller, request)) > 3
