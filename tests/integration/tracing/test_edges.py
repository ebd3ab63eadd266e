"""A search, a bundle and an indexing run as traces: who asked whom, and nothing that should stay inside."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from pampax.embedded.ports import free_port

from .collector import Collector, Trace
from .conftest import SOURCE, System

SEARCH_RPC = "pampax.v1.SearchService/SearchChunks"
BUNDLE_RPC = "pampax.v1.AssemblyService/AssembleBundle"
INDEX_RPC = "pampax.v1.IndexingService/IndexRepository"
QUERY = "where is zanzibarcharge of a card retried"


async def searched(client: httpx.AsyncClient, query: str = "") -> dict[str, Any]:
    """The answer to a question that nobody has asked, or to this one."""
    asked = query or f"{QUERY} {secrets.token_hex(4)}"
    found = await client.post("/v1/search", json={"query": asked, "repos": ["shop"]})
    assert found.status_code == 200, found.text
    answer: dict[str, Any] = found.json()
    return answer


def has(*names: str) -> Callable[[Trace], bool]:
    return lambda trace: trace.names >= set(names)


def whole(*services: str, orphans: int = 0) -> Callable[[Trace], bool]:
    """All of these services and stores have sent their spans, and no parent is missing but the client's."""

    def holds(trace: Trace) -> bool:
        told = {part for edge in trace.edges for part in edge}
        return told >= set(services) and len(trace.orphans) == orphans

    return holds


async def test_a_search_is_one_trace_from_the_gateway_to_the_stores(
    client: httpx.AsyncClient, collector: Collector, index_trace: str
) -> None:
    answer = await searched(client)
    stages = ("search.words", "search.vectors", "search.rank", "search.results")
    await collector.until(answer["trace_id"], has("POST /v1/search", SEARCH_RPC, "redis.set", *stages))
    trace = await collector.until(answer["trace_id"], whole("gateway", "search"))
    assert trace.edges == {
        ("gateway", "search"), ("gateway", "postgresql"), ("gateway", "redis"), ("search", "postgresql"),
    }  # fmt: skip
    assert (trace.root.name, trace.root.service, trace.orphans) == ("POST /v1/search", "pampax-gateway", [])
    assert trace.root.attributes["pampax.corr_id"] == answer["corr_id"]
    asking, answering = trace.one(SEARCH_RPC, "client"), trace.one(SEARCH_RPC, "server")
    assert (asking.parent_id, answering.parent_id) == (trace.root.span_id, asking.span_id)
    assert {span.name for span in trace.below(answering)} >= set(stages)
    statements = {event for span in trace if span.store == "postgresql" for event in span.events}
    assert statements >= {"readable_repositories", "published_snapshots", "postings"}


async def test_a_warm_answer_asks_no_service(client: httpx.AsyncClient, collector: Collector, index_trace: str) -> None:
    await searched(client, "warm")
    answer = await searched(client, "warm")
    assert answer["cache"] == "hit"
    trace = await collector.until(answer["trace_id"], has("POST /v1/search", "redis.get"))
    assert trace.edges == {("gateway", "postgresql"), ("gateway", "redis")}


async def test_a_bundle_is_one_trace_through_assembly_to_search(
    client: httpx.AsyncClient, collector: Collector, index_trace: str
) -> None:
    made = await client.post("/v1/bundles", json={"task": QUERY, "repos": ["shop"]})
    assert made.status_code == 200, made.text
    trace = await collector.until(made.json()["trace_id"], whole("gateway", "assembly", "search"))
    assert trace.edges >= {("gateway", "assembly"), ("assembly", "search"), ("assembly", "postgresql")}
    assert trace.names >= {"POST /v1/bundles", BUNDLE_RPC, SEARCH_RPC, "assembly.candidates", "assembly.compose"}


async def test_an_indexing_run_is_one_trace_across_the_queue(
    client: httpx.AsyncClient, collector: Collector, index_trace: str
) -> None:
    stages = {"index.walk", "index.derive", "index.embed", "index.write", "index.publish", "index.maintain"}
    await collector.until(index_trace, has("index.run", "queue.send", INDEX_RPC, *stages))
    trace = await collector.until(index_trace, whole("gateway", "indexing", "indexing-worker", orphans=1))
    assert trace.edges >= {
        ("gateway", "indexing"), ("indexing", "postgresql"), ("indexing", "indexing-worker"),
        ("indexing-worker", "postgresql"),
    }  # fmt: skip
    (entry,) = trace.orphans  # the client's own span is not ours to send
    assert (entry.service, entry.name) == ("pampax-gateway", "POST /v1/repositories/{name}:index")
    run = trace.one("index.run")
    assert (run.kind, run.parent_id) == ("consumer", trace.one(INDEX_RPC, "server").span_id)
    assert run.attributes["pampax.corr_id"] == "index-shop"
    assert {span.name for span in trace.below(run)} >= stages


async def test_a_run_that_no_message_brought_is_in_the_trace_of_its_request(
    system: System, collector: Collector, shop: Path
) -> None:
    """Without a broker the operation's row alone knows the trace, as after a lost message."""
    names = ("gateway__http_address", "gateway__grpc_address", "indexing__address")
    others = {name: f"127.0.0.1:{free_port()}" for name in names}
    system.start("pampax.indexing", name="indexing-alone", redis__url="", **others)
    system.start("pampax.gateway", name="gateway-alone", redis__url="", **others)
    await system.until_ready(others["gateway__http_address"], ("database", "indexing"))
    async with system.client(others["gateway__http_address"]) as client:
        trace_id = await system.indexed(client, "alone", shop)
    trace = await collector.until(trace_id, has("index.run", "index.publish", INDEX_RPC))
    assert trace.one("index.run").parent_id == trace.one(INDEX_RPC, "server").span_id
    assert "queue.send" not in trace.names


async def test_a_refused_request_says_why_in_its_span(client: httpx.AsyncClient, collector: Collector) -> None:
    trace_id = secrets.token_hex(16)
    parent = f"00-{trace_id}-{secrets.token_hex(8)}-01"
    refused = await client.get("/v1/repositories/nowhere", headers={"traceparent": parent})
    assert refused.status_code == 404
    rpc = "pampax.v1.IndexingService/GetRepository"
    trace = await collector.until(trace_id, whole("gateway", "indexing", orphans=1))
    answering = trace.one(rpc, "server")
    assert answering.attributes["rpc.response.status_code"] == "NOT_FOUND"
    assert answering.attributes["error.type"] == "REPOSITORY_NOT_FOUND"
    assert not answering.failed  # the service did what it should


async def test_an_upload_in_a_stream_is_in_the_trace(
    system: System, client: httpx.AsyncClient, collector: Collector
) -> None:
    assert (await client.post("/v1/repositories", json={"name": "sent", "source": {"upload": True}})).status_code < 300
    trace_id = secrets.token_hex(16)
    parent = f"00-{trace_id}-{secrets.token_hex(8)}-01"
    entry = {"path": "a.py", "blob_id": "ce013625030ba8dba906f756967f9e9ca394464a", "size": 6, "mode": 33188}
    body = {"manifest": [entry]}
    opened = await client.post("/v1/repositories/sent:upload", json=body, headers={"traceparent": parent})
    assert opened.status_code < 300, opened.text
    rpc = "pampax.v1.IndexingService/CreateUpload"
    trace = await collector.until(trace_id, whole("gateway", "indexing", orphans=1))
    assert trace.one(rpc, "server").parent_id == trace.one(rpc, "client").span_id
    assert trace.one(rpc, "server").attributes["rpc.response.status_code"] == "OK"


async def test_probes_leave_no_trace(client: httpx.AsyncClient, collector: Collector) -> None:
    trace_id = secrets.token_hex(16)
    for path in ("/livez", "/readyz", "/openapi.json"):
        await client.get(path, headers={"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"})
    trace = await collector.until(trace_id, has("GET /openapi.json"))
    assert trace.names == {"GET /openapi.json"}


async def test_no_span_holds_a_query_a_path_source_or_a_secret(
    system: System, client: httpx.AsyncClient, collector: Collector, index_trace: str
) -> None:
    answer = await searched(client)
    read = await client.get("/v1/repositories/shop/files/payment.py", params={"lines": "1-4"})
    assert read.status_code == 200, read.text
    await collector.until(answer["trace_id"], has("POST /v1/search"))
    told = "\n".join(
        f"{span.name} {' '.join(f'{key}={value}' for key, value in span.attributes.items())} {span.events}"
        for span in collector.spans
    )
    for inside in (*system.secrets, "zanzibar", "payment.py", SOURCE[:20], "retried", "SELECT", "Bearer"):
        assert inside not in told
