"""Agents: the official client against a whole system, over HTTP and over standard input and output."""

import asyncio
import json
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import httpx2
import jsonschema
import pytest
from mcp import Client, MCPError
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from pampax.codeintel.tokens import counter

from .conftest import PAMPAX, TIMEOUT_S, Cli, commit, git

TOOLS = {
    "search_code", "get_code_chunk", "assemble_context", "traverse_graph", "use_context_pack", "get_project_stats",
    "index_project", "update_project",
}  # fmt: skip
INVALID_PARAMS = -32602
INVALID_REQUEST = -32600
PARSE_ERROR = -32700
METHOD_NOT_FOUND = -32601
ACCEPT = "application/json, text/event-stream"

REFUSALS: list[tuple[str, dict[str, Any], str]] = [
    ("get_code_chunk", {"id": "0" * 24}, "Next: call search_code again"),
    ("get_code_chunk", {"id": "nonsense"}, "must be the id of a search result"),
    ("get_code_chunk", {}, "give id, or repo and path"),
    ("get_code_chunk", {"repo": "shop", "path": "none.py"}, "Next: search_code"),
    ("get_code_chunk", {"repo": "shop", "path": "../etc/passwd"}, "relative to the repository's root"),
    ("get_code_chunk", {"repo": "shop", "path": "README.md", "lines": "9-x"}, "a range such as 10-20"),
    ("get_code_chunk", {"repo": "shop", "path": "README.md", "lines": "900"}, "line 900 does not exist"),
    ("search_code", {"query": " "}, "query must not be empty"),
    ("search_code", {"query": "x", "repos": ["unknown"]}, "Next: get_project_stats lists the repositories"),
    ("search_code", {"query": "x", "languages": ["pyton"]}, "did you mean python?"),
    ("search_code", {"query": "x", "page_token": "junk"}, "page"),
    ("search_code", {"query": "(", "mode": "regex"}, "("),
    ("assemble_context", {"task": "x", "seed_paths": ["/etc/passwd"]}, "relative"),
    ("search_code", {"query": "x", "pack": "nonesuch"}, "Next: use_context_pack without a name lists the packs"),
    ("search_code", {"query": "x", "pack": "../x"}, "must be"),
    ("assemble_context", {"task": "x", "pack": "nonesuch"}, "Next: use_context_pack"),
    ("use_context_pack", {"name": "nonesuch"}, "Next: use_context_pack without a name lists the packs"),
    ("use_context_pack", {"name": "../x"}, "must be"),
    ("traverse_graph", {"start": "nonesuch", "repos": ["shop"]}, 'Next: search_code with mode "symbol" finds names'),
    ("traverse_graph", {"start": "shop/paymen.py", "repos": ["shop"]}, "the nearest is 'shop/payment.py'"),
    ("traverse_graph", {"start": " "}, "start must not be empty"),
    ("traverse_graph", {"start": "x", "end": ""}, "end must not be empty"),
    ("traverse_graph", {"start": "x" * 2_000}, "start must have at most"),
    ("traverse_graph", {"start": "x", "repos": ["unknown"]}, "Next: get_project_stats lists the repositories"),
    ("get_project_stats", {"repo": "unknown"}, "unknown"),
    ("get_project_stats", {"repo": "../x"}, "must be"),
    ("update_project", {"repo": "unknown"}, "Next: get_project_stats lists"),
    ("index_project", {}, "exactly one of git_url and path"),
    ("index_project", {"git_url": "a", "path": "b"}, "exactly one of git_url and path"),
    ("index_project", {"path": "relative/folder"}, "absolute folder"),
    ("index_project", {"git_url": "ext::sh -c id", "name": "evil"}, "is refused"),
    ("index_project", {"path": "/tmp", "name": "shop"}, "Next: choose another name"),
]

# What uses what.
USES = {
    "till.py": "def settle(amount):\n    return amount\n",
    "shop.py": "from till import settle\n\n\ndef close():\n    settle(1)\n    settle(2)\n",
    "day.py": "from shop import close\n\nclass Day:\n    def end(self):\n        close()\n",
    "night.py": "from shop import close\n\n\ndef end():\n    close()\n",
    "tests/test_till.py": "from till import settle\n\n\ndef test_settle():\n    assert settle(1) == 1\n",
}

tokens = counter("o200k_base").count


def write(folder: Path, files: dict[str, str]) -> None:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)


class Agent:
    """A connected client, and what it heard of progress."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.progress: list[tuple[float, str]] = []

    async def call(self, tool: str, **arguments: Any) -> Any:
        return await self.client.call_tool(tool, arguments, progress_callback=self._hear)

    async def text(self, tool: str, **arguments: Any) -> str:
        done = await self.call(tool, **arguments)
        assert not done.is_error, done.content
        return done.content[0].text

    async def resource(self, uri: str) -> str:
        return (await self.client.read_resource(uri)).contents[0].text

    async def _hear(self, progress: float, _total: float | None, message: str | None) -> None:
        self.progress.append((progress, message or ""))


class Agents:
    """Connects clients, each in the task that uses it."""

    def __init__(self, cli: Cli) -> None:
        self.cli = cli
        up = cli("up", "--detach", "--json").json
        self.endpoint, self.key = up["endpoint"], up["token"]

    @asynccontextmanager
    async def __call__(self, transport: str, mode: str = "auto") -> AsyncIterator[Agent]:
        headers = {"authorization": f"Bearer {self.key}"}
        async with httpx2.AsyncClient(headers=headers, timeout=TIMEOUT_S, trust_env=False) as http:
            by_stdio = StdioServerParameters(command=PAMPAX, args=["mcp"], env=self.cli.env)
            server = (
                by_stdio if transport == "stdio" else streamable_http_client(f"{self.endpoint}/mcp", http_client=http)
            )
            async with Client(server, mode=mode) as client:
                yield Agent(client)

    async def post(self, content: bytes | str, **headers: str) -> httpx.Response:
        given = {"authorization": f"Bearer {self.key}", "content-type": "application/json", "accept": ACCEPT}
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as http:
            return await http.post(f"{self.endpoint}/mcp", content=content, headers={**given, **headers})


@pytest.fixture(scope="session")
def agents(pampax: Cli, shop: Path) -> Agents:
    return Agents(pampax)


transports = pytest.mark.parametrize("transport", ["http", "stdio"])


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_both_transports_offer_the_same(agents: Agents, mode: str) -> None:
    offered = []
    for transport in ("http", "stdio"):
        async with agents(transport, mode) as agent:
            client = agent.client
            tools = (await client.list_tools()).tools
            assert {tool.name for tool in tools} == TOOLS
            resources = (await client.list_resources()).resources
            assert {each.uri for each in resources} == {"pampax://overview", "pampax://codemap"}
            templates = (await client.list_resource_templates()).resource_templates
            assert [each.uri_template for each in templates] == ["pampax://codemap/{repo}"]
            prompts = (await client.list_prompts()).prompts
            assert {each.name for each in prompts} == {"analyze_code", "find_similar_functions"}
            offered.append([each.model_dump() for each in (*tools, *resources, *templates, *prompts)])
    assert offered[0] == offered[1]


async def test_tools_are_described_by_valid_schemas_without_mention_of_the_obvious(agents: Agents) -> None:
    async with agents("http") as agent:
        for tool in (await agent.client.list_tools()).tools:
            for schema in (tool.input_schema, tool.output_schema):
                jsonschema.Draft202012Validator.check_schema(schema)
                assert schema["type"] == "object"
                assert "title" not in json.dumps(schema)
            assert tool.description
            assert tool.annotations.read_only_hint is (tool.name not in ("index_project", "update_project"))
            assert tool.annotations.destructive_hint is False


@transports
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_result_of_a_search_is_read_by_its_id(agents: Agents, transport: str, mode: str) -> None:
    async with agents(transport, mode) as agent:
        found = await agent.call("search_code", query="where are payments retried?", repos=["shop"])
        best = found.structured_content["results"][0]
        assert (best["repo"], best["path"], best["language"]) == ("shop", "shop/payment.py", "python")
        first_lines = found.content[0].text.splitlines()[:2]
        assert first_lines[0].endswith(" in shop")
        assert first_lines[1].startswith(f"shop/payment.py:{best['start_line']}-{best['end_line']} ")
        assert first_lines[1].endswith(f"id={best['id']}")
        for place in ({"id": best["id"]}, {"id": best["id"], "repo": "shop"}):
            read = await agent.call("get_code_chunk", **place)
            assert read.structured_content["path"] == "shop/payment.py"
            assert read.structured_content["start_line"] == best["start_line"]
            assert read.structured_content["content"] in read.content[0].text


@transports
async def test_lines_of_a_file_are_read_by_their_place(agents: Agents, transport: str) -> None:
    async with agents(transport) as agent:
        place = {"repo": "shop", "path": "stock/stock.go"}
        read = (await agent.call("get_code_chunk", **place, lines="5")).structured_content
        assert read["content"].startswith("func Reserve(")
        wider = (await agent.call("get_code_chunk", **place, lines="5-6", around=2)).structured_content
        assert (wider["start_line"], wider["end_line"]) == (3, 8)
        whole = (await agent.call("get_code_chunk", **place)).structured_content
        assert (whole["start_line"], whole["next_lines"]) == (1, "")


@transports
async def test_ten_results_are_told_in_1500_tokens(agents: Agents, pampax: Cli, folder: Path, transport: str) -> None:
    repo = f"long-{transport}"
    deep = folder / "a_rather_long_name_of_a_folder" / "another_rather_long_name_of_a_folder"
    deep.mkdir(parents=True)
    for number in range(15):
        arguments = ", ".join(f"argument_number_{each}: dict[str, list[int]]" for each in range(12))
        body = "\n".join(f"    collected_{line} = settle_the_account(argument_number_{line})" for line in range(12))
        name = f"settle_the_account_of_a_customer_{number}"
        (deep / f"{name}.py").write_text(f"def {name}({arguments}):\n{body}\n")
    assert pampax("index", folder, "--name", repo).code == 0
    async with agents(transport) as agent:
        found = await agent.call("search_code", query="settle the account of a customer", repos=[repo])
        assert len(found.structured_content["results"]) == 10
        assert found.content[0].text.count("id=") == 10
        assert tokens(found.content[0].text) <= 1_500
        short = await agent.text("search_code", query="settle the account", repos=[repo], limit=30, max_tokens=300)
        assert tokens(short) <= 300
        assert "did not fit" in short


@transports
async def test_a_text_longer_than_asked_for_names_the_lines_that_are_left(
    agents: Agents, pampax: Cli, folder: Path, transport: str
) -> None:
    (folder / "long.py").write_text("".join(f"value_{number} = {number}\n" for number in range(1_000)))
    name = f"cut-{transport}"
    assert pampax("index", folder, "--name", name).code == 0
    async with agents(transport) as agent:
        parts, lines = [], "1-1000"
        while lines:
            read = await agent.call("get_code_chunk", repo=name, path="long.py", lines=lines, max_tokens=2_000)
            assert tokens(read.content[0].text) <= 2_000
            parts.append(read.structured_content["content"])
            lines = read.structured_content["next_lines"]
        assert "\n".join(parts) + "\n" == (folder / "long.py").read_text()
        assert len(parts) > 2


@transports
async def test_context_for_a_task_stays_within_its_budget(agents: Agents, transport: str) -> None:
    async with agents(transport) as agent:
        made = await agent.call("assemble_context", task="retry payments", repos=["shop"], token_budget=600)
        context = made.structured_content
        assert context["markdown"] == made.content[0].text
        assert tokens(context["markdown"]) <= 600
        assert "shop/payment.py" in [item["path"] for item in context["items"]]
        assert len(context["signature"]) == 64
        assert 0 < context["confidence"] <= 1
        for item in context["items"]:
            assert f"id {item['id']}" in context["markdown"]
            read = await agent.call("get_code_chunk", id=item["id"])
            assert read.structured_content["path"] == item["path"]
            assert read.structured_content["start_line"] == item["start_line"]


@transports
async def test_what_uses_what_is_told_edge_by_edge(agents: Agents, pampax: Cli, folder: Path, transport: str) -> None:
    repo = f"uses-{transport}"
    write(folder, USES)
    assert pampax("index", folder, "--name", repo).code == 0
    async with agents(transport) as agent:
        used = await agent.call("traverse_graph", start="settle", repos=[repo], direction="in", depth=2)
        assert used.content[0].text.splitlines() == [
            f"4 edges, 5 nodes in {repo}",
            "till.py:1 settle",
            "  called by shop.py:4 close, line 5 and 1 more",
            "  tested by tests/test_till.py:4 test_settle, line 5",
            "shop.py:4 close (1 step away)",
            "  called by day.py:4 Day.end, line 5",
            "  called by night.py:4 end, line 5",
        ]
        found = used.structured_content
        edge = found["edges"][0]
        assert found["nodes"][edge["source"]]["symbol"] == "close"
        assert found["nodes"][edge["target"]]["symbol"] == "settle"
        assert (edge["relation"], edge["line"], edge["count"], edge["certainty"]) == ("calls", 5, 2, "precise")
        way = await agent.text("traverse_graph", start="Day.end", end="till.py:1", repos=[repo])
        assert way.splitlines() == [
            f"a way of 2 steps in {repo}", "day.py:4 Day.end", "  calls shop.py:4 close, line 5",
            "  calls till.py:1 settle, line 5 and 1 more",
        ]  # fmt: skip
        imports = await agent.text(
            "traverse_graph", start="till.py", repos=[repo], direction="in", relations=["imports"]
        )
        assert "  imported by shop.py, line 1" in imports
        assert "it uses nothing" in await agent.text("traverse_graph", start="settle", repos=[repo])
        assert "try it from end to start" in await agent.text(
            "traverse_graph", start="settle", end="Day.end", repos=[repo]
        )


@transports
async def test_edges_stay_within_the_tokens_asked_for(
    agents: Agents, pampax: Cli, folder: Path, transport: str
) -> None:
    repo = f"many-{transport}"
    callers = "".join(f"\n\ndef a_caller_with_the_number_{number}():\n    return used()\n" for number in range(200))
    write(folder, {"many.py": f"def used():\n    return 1\n{callers}"})
    assert pampax("index", folder, "--name", repo).code == 0
    async with agents(transport) as agent:
        asked = {"start": "used", "repos": [repo], "direction": "in", "max_nodes": 300}
        for most in (200, 1_500):
            done = await agent.call("traverse_graph", **asked, max_tokens=most)
            text, found = done.content[0].text, done.structured_content
            assert tokens(text) <= most
            assert f"{found['left_out']} more edges did not fit" in text
            assert len(found["edges"]) + found["left_out"] == 200
            assert len(found["nodes"]) == len(found["edges"]) + 1
            assert text.count("called by") == len(found["edges"]) > 4
        usual = await agent.call("traverse_graph", start="used", repos=[repo], direction="in")
        assert tokens(usual.content[0].text) <= 1_500
        assert "more than 50 nodes" in usual.content[0].text


@transports
async def test_a_pack_is_found_and_narrows_what_is_asked_under_it(
    agents: Agents, pampax: Cli, shop: Path, transport: str
) -> None:
    name = f"agents-{transport}"
    saved = pampax(
        "context", "save", name, "-r", "shop", "-l", "go", "--limit", "1", "--budget", "300", "-d", "Stock alone"
    )
    assert saved.code == 0, saved.err
    async with agents(transport) as agent:
        assert f"{name} (private): shop; go - Stock alone" in await agent.text("use_context_pack")
        shown = await agent.call("use_context_pack", name=name)
        assert shown.content[0].text.splitlines() == [
            f"{name} (private): Stock alone",
            f'Nothing is kept between calls: give pack "{name}" to each call of search_code and assemble_context.',
            "repos: shop",
            "languages: go",
            "where a call does not give them: limit 1, token_budget 300",
        ]
        (pack,) = shown.structured_content["packs"]
        assert (pack["repos"], pack["languages"], pack["limit"], pack["mine"]) == (["shop"], ["go"], 1, True)
        found = await agent.call("search_code", query="payment stock", pack=name)
        assert found.content[0].text.startswith(f"1 result in shop under pack {name}\n")
        assert found.structured_content["pack"] == name
        wider = (await agent.call("search_code", query="payment stock", pack=name, limit=5)).structured_content
        assert {each["language"] for each in wider["results"]} == {"go"}
        made = (await agent.call("assemble_context", task="reserve stock", pack=name)).structured_content
        assert (made["pack"], made["token_budget"]) == (name, 300)
        for tool, asked in (
            ("search_code", {"query": "x"}),
            ("assemble_context", {"task": "x"}),
            ("use_context_pack", {}),
        ):
            named = {"name" if tool == "use_context_pack" else "pack": f"{name}s"}
            done = await agent.call(tool, **asked, **named)
            assert done.is_error
            assert f"did you mean '{name}'?" in done.content[0].text
        outside = await agent.call("search_code", query="x", pack=name, languages=["python"])
        assert "Next: use_context_pack shows what the pack narrows to" in outside.content[0].text
    assert pampax("context", "delete", name, "--yes").code == 0


@transports
async def test_a_folder_is_indexed_with_progress_and_brought_up_to_date(
    agents: Agents, folder: Path, transport: str
) -> None:
    name = f"light-{transport}"
    source = folder / name
    source.mkdir()
    (source / "first.py").write_text("def first_light():\n    return 1\n")
    async with agents(transport) as agent:
        made = await agent.call("index_project", path=str(source))
        assert (made.structured_content["repo"], made.structured_content["state"]) == (name, "succeeded")
        assert made.structured_content["files"] == 1
        told = [progress for progress, _ in agent.progress]
        assert told
        assert told == sorted(set(told))
        assert agent.progress[-1][1].startswith(f"{name}: ")
        (source / "second.py").write_text("def second_light():\n    return 2\n")
        updated = await agent.call("update_project", repo=name)
        assert (updated.structured_content["files"], updated.structured_content["changed"]) == (2, True)
        assert "second.py" in await agent.text("search_code", query="second_light", repos=[name])
        assert "unchanged" in await agent.text("update_project", repo=name)


@transports
async def test_a_git_url_is_indexed_without_waiting_for_the_end(agents: Agents, folder: Path, transport: str) -> None:
    (folder / "main.py").write_text("def by_url():\n    pass\n")
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder)
    name = f"by-url-{transport}"
    async with agents(transport) as agent:
        begun = await agent.call("index_project", git_url=folder.as_uri(), name=name, wait=False)
        assert begun.structured_content["state"] in ("queued", "running", "succeeded")
        assert "get_project_stats" in begun.content[0].text
        stats = await _published(agent, name)
        assert (stats["ref"], stats["files"], stats["freshness"]) == ("main", 1, "current")
        assert stats["languages"] == [{"language": "python", "files": 1}]


@transports
async def test_an_overview_and_a_map_tell_what_there_is(agents: Agents, transport: str) -> None:
    async with agents(transport) as agent:
        assert "- shop@main" in await agent.resource("pampax://overview")
        assert "shop@main" in await agent.text("get_project_stats")
        of_one = await agent.resource("pampax://codemap/shop")
        assert "shop/\n" in of_one
        assert "  payment.py: PaymentClient, retry_with_backoff" in of_one
        assert "  stock.go: Reserve" in of_one
        of_all = await agent.resource("pampax://codemap")
        assert "# shop@main" in of_all
        assert max(tokens(of_one), tokens(of_all)) <= 4_000


@transports
async def test_prompts_are_filled_with_what_was_given(agents: Agents, transport: str) -> None:
    async with agents(transport) as agent:
        for name, argument in (("analyze_code", "topic"), ("find_similar_functions", "function")):
            got = await agent.client.get_prompt(name, {argument: "retries {with} braces", "repo": "shop"})
            text = got.messages[0].content.text
            assert "retries {with} braces" in text
            assert 'repos: ["shop"]' in text
            for wrong in ({}, {argument: " "}, {argument: "x", "more": "y"}):
                with pytest.raises(MCPError) as refused:
                    await agent.client.get_prompt(name, wrong)
                assert refused.value.code == INVALID_PARAMS


@transports
async def test_what_a_tool_cannot_do_is_told_with_what_to_do_next(agents: Agents, transport: str) -> None:
    async with agents(transport) as agent:
        for tool, arguments, told in REFUSALS:
            done = await agent.call(tool, **arguments)
            assert done.is_error, (tool, arguments)
            assert told in done.content[0].text, (tool, arguments)
            assert "Traceback" not in done.content[0].text


@transports
async def test_a_repository_whose_first_run_fails_is_not_left_behind(
    agents: Agents, folder: Path, transport: str
) -> None:
    async with agents(transport) as agent:
        name = f"gone-{transport}"
        done = await agent.call("index_project", path=str(folder / "nowhere"), name=name)
        assert done.is_error
        assert name not in await agent.text("get_project_stats")


@transports
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_what_is_no_call_of_a_tool_is_an_error_of_the_protocol(agents: Agents, transport: str, mode: str) -> None:
    async with agents(transport, mode) as agent:
        for tool, arguments, told in (
            ("serch_code", {"query": "x"}, "did you mean search_code?"),
            ("search_code", {}, "query is required"),
            ("search_code", {"query": "x", "limitt": 1}, "limitt is not an argument"),
            ("search_code", {"query": "x", "limit": 1_000}, "limit must be less than or equal to 100"),
            ("search_code", {"query": "x", "mode": "fuzzy"}, "mode must be"),
            ("traverse_graph", {}, "start is required"),
            ("traverse_graph", {"start": "x", "direction": "up"}, "direction must be 'out', 'in' or 'both'"),
            ("traverse_graph", {"start": "x", "relations": ["uses"]}, "relations.0 must be"),
            ("traverse_graph", {"start": "x", "depth": 9}, "depth must be less than or equal to 8"),
            ("traverse_graph", {"start": "x", "max_tokens": 10}, "max_tokens must be"),
            ("use_context_pack", {"pack": "x"}, "pack is not an argument: it takes name"),
        ):
            with pytest.raises(MCPError) as refused:
                await agent.call(tool, **arguments)
            assert refused.value.code == INVALID_PARAMS
            assert told in refused.value.message
        for uri in ("pampax://unknown", "pampax://codemap/unknown", "pampax://codemap/a/b", "file:///etc/passwd"):
            with pytest.raises(MCPError) as refused:
                await agent.resource(uri)
            assert refused.value.code == INVALID_PARAMS
        assert "results" in (await agent.call("search_code", query="tea")).structured_content


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer pampax_wrong", "Basic abc", "Bearer " + "x" * 300])
async def test_without_a_valid_key_nothing_is_told_but_that(agents: Agents, authorization: str) -> None:
    answer = await agents.post(request("tools/list"), authorization=authorization)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json()["reason"] in ("API_KEY_MISSING", "API_KEY_INVALID")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", PARSE_ERROR),
        ("not json", PARSE_ERROR),
        (b"\xff\xfe", PARSE_ERROR),
        ("[]", INVALID_PARAMS),
        ("{}", INVALID_PARAMS),
        ('{"jsonrpc": "1.0", "id": 1, "method": "ping"}', INVALID_PARAMS),
        ("[" * 5_000, PARSE_ERROR),
    ],
)
async def test_what_is_no_message_is_an_error_of_the_protocol(agents: Agents, content: bytes | str, code: int) -> None:
    answer = await agents.post(content)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code


async def test_an_unknown_method_is_not_found(agents: Agents) -> None:
    answer = await agents.post(request("tools/burn"))
    assert messages_of(answer)[0]["error"]["code"] == METHOD_NOT_FOUND


async def test_bounds_of_the_edge_hold_here_as_well(agents: Agents) -> None:
    large = await agents.post(b" " * (1024 * 1024 + 1))
    assert (large.status_code, large.json()["reason"]) == (413, "BODY_TOO_LARGE")
    async with httpx.AsyncClient(trust_env=False) as http:
        for method in ("GET", "DELETE", "PUT"):
            answer = await http.request(
                method, f"{agents.endpoint}/mcp", headers={"authorization": f"Bearer {agents.key}", "accept": ACCEPT}
            )
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_a_call_needs_nothing_of_the_calls_before(agents: Agents) -> None:
    asked = {"name": "search_code", "arguments": {"query": "tea"}}
    answer = await agents.post(request("tools/call", asked), **{"mcp-session-id": "of-another-replica"})
    assert "mcp-session-id" not in answer.headers
    assert messages_of(answer)[-1]["result"]["isError"] is False


async def test_a_client_that_never_reads_keeps_nobody_else_waiting(agents: Agents) -> None:
    host, _, port = agents.endpoint.removeprefix("http://").rpartition(":")
    body = request("tools/call", {"name": "assemble_context", "arguments": {"task": "retry", "token_budget": 100_000}})
    head = (
        f"POST /mcp HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {agents.key}\r\naccept: {ACCEPT}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    silent = [socket.create_connection((host, int(port))) for _ in range(50)]
    try:
        for each in silent:
            each.sendall((head + body).encode())
        async with agents("http") as agent, asyncio.timeout(TIMEOUT_S):
            for _ in range(5):
                assert "payment.py" in await agent.text("search_code", query="PaymentClient", repos=["shop"])
    finally:
        for each in silent:
            each.close()
    async with agents("http") as agent:
        assert "payment.py" in await agent.text("search_code", query="retry_with_backoff", repos=["shop"])


def test_nothing_but_messages_goes_to_standard_output_until_the_input_ends(agents: Agents) -> None:
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    lines = [
        request("initialize", hello),
        "",
        "not json",
        '{"jsonrpc": "2.0", "method": "notifications/initialized"}',
        request("tools/call", {"name": "get_project_stats", "arguments": {}}, number=2),
        request("tools/call", {"name": "nope"}, number=3),
        '{"jsonrpc": "2.0", "id": 4}',
    ]
    process = subprocess.Popen(
        [PAMPAX, "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=agents.cli.env, cwd=agents.cli.work_dir,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("".join(f"{line}\n" for line in lines))
    process.stdin.flush()
    answers: dict[int | None, Any] = {}
    while {None, 1, 2, 3, 4} - answers.keys():
        message = json.loads(process.stdout.readline())
        answers[message.get("id")] = message
    rest, told = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, rest) == (0, "")
    assert "Traceback" not in told
    assert answers[1]["result"]["serverInfo"]["name"] == "pampax"
    assert "shop" in answers[2]["result"]["content"][0]["text"]
    assert answers[3]["error"]["code"] == INVALID_PARAMS
    assert (answers[None]["error"]["code"], answers[4]["error"]["code"]) == (PARSE_ERROR, INVALID_REQUEST)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--endpoint", "http://127.0.0.1:9", "--token", "x"], 4, "nothing answers at http://127.0.0.1:9"),
        (["--token", "pampax_wrong"], 2, "the API key is not valid"),
        (["--data-dir", "/nonexistent/pampax"], 4, "no system runs here"),
        (["--endpoint", "nonsense"], 2, "is no http address"),
    ],
)
def test_a_system_that_cannot_be_asked_is_told_on_standard_error(
    pampax: Cli, arguments: list[str], code: int, told: str
) -> None:
    done = pampax("mcp", *arguments)
    assert (done.code, done.out) == (code, "")
    assert told in done.err
    assert done.err.count("\n") == 1


async def _published(agent: Agent, name: str) -> dict[str, Any]:
    """The statistics of a repository once it has some."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            found = (await agent.call("get_project_stats", repo=name)).structured_content["projects"][0]
            if found["ref"]:
                return found
            await asyncio.sleep(0.2)


def request(method: str, params: dict[str, Any] | None = None, *, number: int = 1) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}})


def messages_of(answer: httpx.Response) -> list[dict[str, Any]]:
    """As JSON or as events."""
    if answer.headers["content-type"].startswith("application/json"):
        return [answer.json()]
    return [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line.startswith("data: ")]
