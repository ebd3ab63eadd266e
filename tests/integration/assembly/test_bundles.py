"""Bundles over the wire: real index, real search, real database."""

import asyncio

import pytest

from pampax.assembly.bundle import StoppingReason
from pampax.assembly.searching import Search
from pampax.codeintel.lines import text_lines
from pampax.codeintel.tokens import counter
from pampax.core.errors import (
    Aborted,
    FailedPrecondition,
    InvalidRequest,
    NotFound,
    PampaxError,
    Unauthenticated,
    Unavailable,
)
from pampax.core.identity import Caller, Role
from pampax.embedding.static import load_default
from pampax.runtime.server import start
from pampax.runtime.settings import AuthSettings, Settings
from pampax.search.gather import Sources
from pampax.search.request import SearchRequest
from pampax.search.rpc import SERVICE, SearchServicer
from pampax.search.service import SearchService
from pampax.v1 import assembly_service_pb2 as pb
from pampax.v1.search_service_pb2_grpc import add_SearchServiceServicer_to_server

SHOP = "repositories/shop"
SETTINGS = Settings(mode="embedded", auth=AuthSettings(caller_secret="5e" * 32))


async def test_a_bundle_holds_what_the_task_needs_and_why(client, shop):
    bundle = await client.bundle(shop.caller)
    reasons = {item.path: item.reason for item in bundle.items}
    assert "for the task (mentions `orders`, `refunded`" in reasons["shop/payments.py"]
    assert "`book_entry`, which" in reasons["shop/ledger.py"]
    assert "tests/test_payments.py" in reasons
    assert all(item.reason and item.evidence and item.tokens > 0 for item in bundle.items)
    assert "def refund" in bundle.markdown


async def test_the_pieces_show_the_lines_that_they_name(client, shop):
    bundle = await client.bundle(shop.caller)
    for item in bundle.items:
        if item.rendering == pb.RENDERING_FULL:
            lines = (shop.folder / item.path).read_text().split("\n")[item.start_line - 1 : item.end_line]
            assert item.content == "\n".join(lines)


@pytest.mark.parametrize("tokenizer", ["o200k_base", "cl100k_base", "bytes4"])
@pytest.mark.parametrize("budget", [256, 400, 1_000, 8_000, 200_000])
async def test_the_markdown_stays_inside_the_budget(client, shop, tokenizer, budget):
    bundle = await client.bundle(shop.caller, token_budget=budget, tokenizer=tokenizer)
    assert counter(tokenizer).count(bundle.markdown) == bundle.budget.used <= budget
    assert (bundle.budget.limit, bundle.budget.tokenizer) == (budget, tokenizer)
    assert bundle.items


async def test_the_same_request_gives_the_same_bytes_on_any_replica(client, shop, assembling, search_server, as_reader):
    other = await assembling(f"127.0.0.1:{search_server.port}")
    first = await client.bundle(shop.caller, token_budget=900)
    again = await client.bundle(shop.caller, task=" how are orders refunded\n", token_budget=900)
    elsewhere = await other.bundle(as_reader(shop.caller), token_budget=900)
    assert len(first.signature) == 64
    assert first.signature in first.markdown
    for one in (again, elsewhere):
        assert one.SerializeToString(deterministic=True) == first.SerializeToString(deterministic=True)


async def test_another_request_has_another_signature(client, shop):
    first = await client.bundle(shop.caller)
    others = [
        await client.bundle(shop.caller, token_budget=900),
        await client.bundle(shop.caller, tokenizer="bytes4"),
        await client.bundle(shop.caller, repositories=[SHOP]),
        await client.bundle(shop.caller, seed_paths=["shop/models.py"]),
        await client.bundle(shop.caller, task="how are orders charged"),
    ]
    assert len({each.signature for each in [first, *others]}) == 6


async def test_a_publish_gives_another_signature_and_the_new_text(client, new_repository):
    repository = new_repository("fresh")
    before = await client.bundle(repository.caller)
    repository.write({"shop/refund_limits.py": '"""Bounds of refunded orders."""\n\nMOST_REFUNDED_ORDERS = 77\n'})
    repository.index()
    after = await client.bundle(repository.caller)
    assert after.signature != before.signature
    assert after.snapshots[0].generation == before.snapshots[0].generation + 1
    assert "MOST_REFUNDED_ORDERS" in after.markdown
    assert "MOST_REFUNDED_ORDERS" not in before.markdown


async def test_a_publish_of_nothing_new_keeps_the_signature(client, new_repository):
    repository = new_repository("still")
    before = await client.bundle(repository.caller)
    repository.index()
    assert await client.bundle(repository.caller) == before


async def test_named_paths_are_in_the_bundle_with_their_reason(client, shop):
    bundle = await client.bundle(shop.caller, token_budget=256, seed_paths=["./shop/shelves.py"])
    (item,) = [item for item in bundle.items if item.path == "shop/shelves.py"]
    assert item.reason.startswith("named in the request")


async def test_a_named_path_that_is_not_there_is_refused_with_the_nearest(client, shop):
    with pytest.raises(NotFound, match=r"no indexed file 'shop/payment\.py'; the nearest are shop/payments\.py"):
        await client.bundle(shop.caller, seed_paths=["shop/models.py", "shop/payment.py"])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"token_budget": 1_000_000_000}, "token_budget must be between 256 and 200000, got 1000000000"),
        ({"token_budget": -5}, "token_budget must be between 256 and 200000, got -5"),
        ({"tokenizer": "gpt2"}, "unknown tokenizer 'gpt2'"),
        ({"task": "  "}, "task must not be empty"),
        ({"task": "x" * 9_000}, "task must have at most 8192 bytes"),
        ({"repositories": ["shop"]}, "must look like repositories/NAME"),
        ({"seed_paths": ["a"] * 3 + [f"{n}" for n in range(21)]}, "at most 20"),
    ],
)
async def test_bad_input_is_refused_in_plain_words(client, shop, fields, message):
    with pytest.raises(InvalidRequest, match=message):
        await client.bundle(shop.caller, **fields)


async def test_an_unknown_repository_is_named(client, shop):
    with pytest.raises(NotFound, match="'nowhere'"):
        await client.bundle(shop.caller, repositories=["repositories/nowhere"])


async def test_an_unknown_ref_is_named(client, shop):
    with pytest.raises(NotFound, match="'v9'"):
        await client.bundle(shop.caller, repositories=[SHOP], ref="v9")


async def test_a_repository_that_is_not_indexed_is_said_so(client, shop, sync_database):
    with sync_database.tenant(shop.caller.tenant_id) as conn:
        conn.execute("INSERT INTO repository (name, source_kind, source) VALUES ('empty', 'path', '/nowhere')")
    with pytest.raises(FailedPrecondition, match="run `pampax index`"):
        await client.bundle(shop.caller, repositories=["repositories/empty"])


async def test_tenants_do_not_see_each_other(client, shop, new_repository):
    other = new_repository("shop", {"secret.py": "def refund_secret_orders():\n    return 'orders refunded'\n"})
    ours, theirs = await client.bundle(shop.caller), await client.bundle(other.caller)
    assert "refund_secret_orders" in theirs.markdown
    assert "refund_secret_orders" not in ours.markdown
    assert "PaymentGateway" not in theirs.markdown
    assert ours.signature != theirs.signature
    with pytest.raises(NotFound, match=r"secret\.py"):
        await client.bundle(shop.caller, seed_paths=["secret.py"])


async def test_a_principal_without_a_grant_gets_an_empty_bundle(client, tenant):
    owner = tenant(role=None)
    bundle = await client.bundle(Caller(owner.tenant_id, owner.principal_id, Role.READER))
    assert bundle.stopping_reason == StoppingReason.NO_RESULTS
    assert not bundle.items
    assert "Nothing in the index fits this task" in bundle.markdown
    assert bundle.budget.used == counter("o200k_base").count(bundle.markdown)


async def test_several_repositories_name_themselves_in_the_headings(client, shop, new_repository):
    beside = new_repository("wiki", {"refunds.md": "# Refunded orders\n\nOrders are refunded within a day.\n"})
    tenant = new_repository("depot", beside=beside)
    bundle = await client.bundle(tenant.caller)
    assert {item.repository for item in bundle.items} == {"repositories/wiki", "repositories/depot"}
    assert "in `wiki`" in bundle.markdown
    assert [each.repository for each in bundle.snapshots] == ["repositories/depot", "repositories/wiki"]


async def test_code_with_fences_inside_stays_inside_its_own(client, shop):
    bundle = await client.bundle(shop.caller, task="the readme of the shop", seed_paths=["README.md"])
    (readme,) = [item for item in bundle.items if item.path == "README.md" and item.rendering == pb.RENDERING_FULL]
    assert "```python" in readme.content
    assert f"````markdown\n{readme.content}\n````" in bundle.markdown


async def test_without_search_it_says_what_is_missing(assembling, shop, free_tcp_port):
    lonely = await assembling(f"127.0.0.1:{free_tcp_port}")
    with pytest.raises(Unavailable, match=r"^the search service does not answer, and a bundle needs it"):
        await lonely.bundle(shop.caller)


async def test_without_search_a_bundle_of_named_files_is_degraded_and_unsigned(assembling, shop, free_tcp_port):
    lonely = await assembling(f"127.0.0.1:{free_tcp_port}")
    bundle = await lonely.bundle(shop.caller, seed_paths=["shop/payments.py"])
    assert (list(bundle.degraded), bundle.signature) == (["search"], "")
    assert "shop/payments.py" in {item.path for item in bundle.items}
    assert "search did not answer" in bundle.markdown


async def test_surroundings_that_are_late_are_left_out_whole(client, shop, monkeypatch):
    monkeypatch.setattr("pampax.assembly.service.AROUND_TIMEOUT_S", 0.0)
    bundle = await client.bundle(shop.caller)
    assert (list(bundle.degraded), bundle.signature) == (["surroundings"], "")
    assert "def refund" in bundle.markdown


async def test_without_its_surroundings_a_bundle_is_degraded_and_unsigned(client, shop, monkeypatch):
    monkeypatch.setattr("pampax.assembly.service.READ_TIMEOUT_S", 0.0)
    bundle = await client.bundle(shop.caller)
    assert (list(bundle.degraded), bundle.signature) == (["surroundings"], "")
    assert "def refund" in bundle.markdown
    assert "surroundings did not answer" in bundle.markdown
    assert bundle.budget.used == counter("o200k_base").count(bundle.markdown)


async def test_what_must_be_shown_is_not_left_out_when_it_cannot_be_read(client, shop, monkeypatch):
    monkeypatch.setattr("pampax.assembly.service.AROUND_TIMEOUT_S", 0.0)
    with pytest.raises(Unavailable, match="what must be included could not be read in time"):
        await client.bundle(shop.caller, must_include=["shop/shelves.py"])


async def test_matches_have_the_ids_of_search_where_nothing_else_is_known(client, shop, monkeypatch):
    whole = await client.bundle(shop.caller)
    monkeypatch.setattr("pampax.assembly.service.AROUND_TIMEOUT_S", 0.0)
    bare = await client.bundle(shop.caller)
    known = {each.id.partition(".")[0] for each in [*whole.items, *whole.omitted]}
    assert bare.items
    assert {each.id.partition(".")[0] for each in bare.items} <= known


async def test_a_caller_is_needed(client):
    with pytest.raises(Unauthenticated):
        await client.bundle(None)


async def test_a_publish_between_resolving_and_searching_starts_the_bundle_again(
    assembling, search_server, new_repository
):
    repository = new_repository("busy")
    searches = []

    class Interrupted(Search):
        async def hits(self, request):
            searches.append(request)
            if len(searches) == 1:
                repository.write({"shop/late.py": "def refund_late_orders():\n    return 'orders refunded late'\n"})
                await asyncio.to_thread(repository.index)
            return await super().hits(request)

    replica = await assembling(f"127.0.0.1:{search_server.port}", Interrupted)
    bundle = await replica.bundle(repository.caller)
    assert len(searches) == 2
    assert "refund_late_orders" in bundle.markdown
    assert bundle.snapshots[0].generation == 2


async def test_endless_publishing_ends_in_aborted(assembling, search_server, new_repository):
    repository = new_repository("restless")
    count = iter(range(100))

    class Interrupted(Search):
        async def hits(self, request):
            repository.write({"shop/now.py": f"NOW = {next(count)}\n"})
            await asyncio.to_thread(repository.index)
            return await super().hits(request)

    replica = await assembling(f"127.0.0.1:{search_server.port}", Interrupted)
    with pytest.raises(Aborted, match="published again") as caught:
        await replica.bundle(repository.caller)
    assert isinstance(caught.value, PampaxError)
    assert next(count) == 3


async def test_search_is_asked_for_exact_neighbours(assembling, database, shop):
    asked = []

    class Listening(SearchServicer):
        async def SearchChunks(self, request, context):  # noqa: N802 - the name is the protocol's
            asked.append(request)
            return await super().SearchChunks(request, context)

    def register(server):
        servicer = Listening(SearchService(Sources(database, load_default())))
        add_SearchServiceServicer_to_server(servicer, server)
        return [SERVICE]

    search = await start("search", "127.0.0.1:0", register, SETTINGS)
    try:
        replica = await assembling(f"127.0.0.1:{search.port}")
        await replica.bundle(shop.caller)
    finally:
        await search.drain()
    assert [request.exact_vectors for request in asked] == [True]


async def test_search_and_bundles_show_the_lines_that_the_index_counts(client, database, new_repository):
    text = "\ufeffdef settle_invoice(invoice):\r\n    return invoice.total\r\n"
    repository = new_repository("windows", {"shop/invoices.py": text})
    service = SearchService(Sources(database, load_default()))
    lines = "\n".join(text_lines(text.encode()))
    found = await service.search(repository.caller, SearchRequest(query="settle_invoice"))
    whole = await service.read_file(repository.caller, "windows", "shop/invoices.py", None, 0, 0)
    bundle = await client.bundle(repository.caller, "settle an invoice")
    assert (found.results[0].content, whole.content, bundle.items[0].content) == (lines, lines, lines)


async def test_nothing_but_seeds_is_shown_from_outside_the_filters(client, shop):
    whole = await client.bundle(shop.caller)
    assert {"shop/ledger.py", "tests/test_payments.py"} <= {item.path for item in whole.items}
    narrowed = await client.bundle(
        shop.caller, path_globs=["shop/payments.py", "shop/mod*"], seed_paths=["shop/shelves.py"]
    )
    assert {item.path for item in narrowed.items} == {"shop/payments.py", "shop/models.py", "shop/shelves.py"}
    assert {left_out.path for left_out in narrowed.omitted} <= {"shop/payments.py", "shop/models.py", "shop/shelves.py"}
    assert "Narrowed to paths like `shop/mod*` or `shop/payments.py`." in narrowed.markdown
    assert narrowed.signature not in ("", whole.signature)


async def test_a_bundle_in_one_language_has_no_other(client, shop):
    prose = await client.bundle(shop.caller, languages=["Markdown"])
    assert {item.path for item in prose.items} == {"README.md"}
    assert {item.language for item in (await client.bundle(shop.caller, languages=["python"])).items} == {"python"}


async def test_kinds_narrow_what_is_looked_for(client, shop):
    types = await client.bundle(shop.caller, task="order of a customer", kinds=["type"])
    hits = [item for item in types.items if any(part.rank for part in item.evidence)]
    assert [item.path for item in hits]
    assert "README.md" not in {item.path for item in types.items}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"languages": ["klingon"]}, "languages 'klingon' is not known"),
        ({"kinds": ["poem"]}, "kinds 'poem' is not known"),
        ({"path_globs": ["src/", "!"]}, r"path_globs\[0\] '!' names no paths"),
        ({"path_globs": [f"{number}/" for number in range(17)]}, "path_globs at most 16 can be given, got 17"),
    ],
)
async def test_filters_without_meaning_are_refused(client, shop, fields, message):
    with pytest.raises(InvalidRequest, match=message):
        await client.bundle(shop.caller, **fields)
