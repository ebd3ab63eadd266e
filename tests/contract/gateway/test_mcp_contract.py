"""Tools over the gateway's use cases and over a client of its REST API: the same answers from one system."""

from contextlib import asynccontextmanager

import httpx2
import pytest
from mcp import Client as McpClient
from mcp import MCPError
from mcp.client.streamable_http import streamable_http_client

from pampax.cli.mcp.rest_services import RestServices
from pampax.client.client import Client
from pampax.mcp.server import build_server

FILES = {"src/retry.py": "def retry_with_backoff(call):\n    return call()\n", "notes.md": "# Retries\n\nAre paced.\n"}


@asynccontextmanager
async def by_gateway(gateway, key):
    headers = {"authorization": f"Bearer {key}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False) as http,
        McpClient(streamable_http_client(f"{gateway.http}/mcp", http_client=http)) as agent,
    ):
        yield agent


@asynccontextmanager
async def by_client(gateway, key):
    with Client(gateway.http, key) as client:
        async with McpClient(build_server(RestServices(client))) as agent:
            yield agent


@pytest.fixture(scope="module")
def local(tenant):
    """Whose key may name folders here."""
    return tenant(local=True)


@pytest.fixture(params=[by_gateway, by_client])
def connected(request, gateway, admin, local):
    return lambda: request.param(gateway, local.key)


async def text(agent, tool, **arguments):
    done = await agent.call_tool(tool, arguments)
    assert not done.is_error, done.content
    return done.content[0].text


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    for path, content in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    return folder


async def test_a_project_is_indexed_searched_read_mapped_and_updated(connected, project, request):
    name = f"p-{request.node.callspec.id.replace('_', '-')}"
    async with connected() as agent:
        begun = await text(agent, "index_project", path=str(project), name=name, wait=False)
        assert f"{name}: " in begun
        assert f"{name} is indexed: 2 files" in await text(agent, "index_project", path=str(project), name=name)
        found = await agent.call_tool("search_code", {"query": "retry with backoff", "repos": [name], "mode": "hybrid"})
        best = found.structured_content["results"][0]
        assert best["path"] == "src/retry.py"
        for place in ({"id": best["id"]}, {"repo": name, "path": "src/retry.py", "lines": "1-2"}):
            assert "def retry_with_backoff" in await text(agent, "get_code_chunk", **place)
        assert "src/retry.py" in await text(agent, "assemble_context", task="retry with backoff", token_budget=500)
        used = await text(agent, "traverse_graph", start="retry_with_backoff", repos=[name], direction="in")
        assert used.splitlines()[-1] == "src/retry.py:1 retry_with_backoff"
        matched = await text(agent, "search_code", query="return call", mode="literal", repos=[name])
        assert "2: return call()" in matched
        (project / "more.go").write_text("package more\n\nfunc More() {}\n")
        assert f"{name} is indexed: 3 files" in await text(agent, "update_project", repo=name)
        stats = await text(agent, "get_project_stats", repo=name)
        assert "go 1" in stats
        assert "against its source: " in stats
        assert f"{name}@" in await text(agent, "get_project_stats")
        overview = (await agent.read_resource("pampax://overview")).contents[0].text
        assert f"- {name}@" in overview
        for uri in ("pampax://codemap", f"pampax://codemap/{name}"):
            assert "  retry.py: retry_with_backoff" in (await agent.read_resource(uri)).contents[0].text


async def test_packs_of_the_caller_are_listed_shown_and_worked_under(connected, gateway, local, project, request):
    mine = request.node.callspec.id.replace("_", "-")
    async with gateway.client(local.key) as rest, connected() as agent:
        await text(agent, "index_project", path=str(project), name=f"packed-{mine}")
        for number in range(3):
            scope = {"scope": {"repos": [f"packed-{mine}"], "languages": ["python"]}, "defaults": {"limit": 7}}
            assert (await rest.put(f"/v1/contexts/{mine}-{number}", json=scope)).is_success
        listed = await text(agent, "use_context_pack")
        for number in range(3):
            assert f"{mine}-{number} (private): packed-{mine}; python" in listed
        assert "call does not give them: limit 7" in await text(agent, "use_context_pack", name=f"{mine}-1")
        found = await agent.call_tool("search_code", {"query": "retries", "pack": f"{mine}-1"})
        assert {each["path"] for each in found.structured_content["results"]} == {"src/retry.py"}
        assert found.structured_content["pack"] == f"{mine}-1"
        bundle = await agent.call_tool("assemble_context", {"task": "retries", "pack": f"{mine}-1"})
        assert {each["path"] for each in bundle.structured_content["items"]} == {"src/retry.py"}


async def test_failures_are_told_alike(connected, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    async with connected() as agent:
        for tool, arguments, told in (
            ("get_code_chunk", {"id": "0" * 24}, "no chunk has the id"),
            ("get_project_stats", {"repo": "unknown"}, "unknown"),
            ("search_code", {"query": " "}, "query must not be empty"),
            ("search_code", {"query": "x", "repos": ["unknown"]}, "Next: get_project_stats"),
            ("assemble_context", {"task": " "}, "task must not be empty"),
            ("search_code", {"query": "x", "pack": "unknown"}, "there is no context pack 'unknown'"),
            ("assemble_context", {"task": "x", "pack": "unknown"}, "Next: use_context_pack"),
            ("use_context_pack", {"name": "unknown"}, "there is no context pack 'unknown'"),
            ("use_context_pack", {"name": "a b"}, "name must be 1 to 63"),
            ("traverse_graph", {"start": " "}, "start must not be empty"),
            ("traverse_graph", {"start": "x", "repos": ["unknown"]}, "Next: get_project_stats"),
            ("index_project", {"path": str(tmp_path / "nowhere"), "name": "gone"}, "no such folder"),
            ("index_project", {"path": str(empty), "name": "gone"}, "(the new repository gone is deleted again)"),
            ("index_project", {"path": "relative", "name": "gone"}, "must be an absolute folder"),
        ):
            done = await agent.call_tool(tool, arguments)
            assert done.is_error, (tool, arguments)
            assert told in done.content[0].text, (tool, arguments, done.content[0].text)
        with pytest.raises(MCPError, match="not readable with this key"):
            await agent.read_resource("pampax://codemap/unknown")


async def test_a_repository_of_uploads_is_left_to_people(gateway, admin, indexed):
    key = admin.headers["authorization"].removeprefix("Bearer ")
    for connect in (by_gateway, by_client):
        async with connect(gateway, key) as agent:
            done = await agent.call_tool("update_project", {"repo": indexed})
            assert done.is_error
            assert "`pampax index FOLDER`" in done.content[0].text


async def test_without_a_repository_it_is_told_how_to_get_one(gateway, admin, tenant):
    key = tenant().key
    for connect in (by_gateway, by_client):
        async with connect(gateway, key) as agent:
            assert "index_project" in await text(agent, "get_project_stats")
            for uri in ("pampax://overview", "pampax://codemap"):
                assert "Nothing is indexed yet" in (await agent.read_resource(uri)).contents[0].text
