"""What the server answers by itself, before any service is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from mcp import Client, MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS

from pampax.mcp.prompts import PROMPTS
from pampax.mcp.resources import RESOURCES, TEMPLATES
from pampax.mcp.server import build_server
from pampax.mcp.services import Services
from pampax.mcp.tools import TOOLS


@asynccontextmanager
async def connected() -> AsyncIterator[Client]:
    """To a server without services: whatever asks one fails, as nobody foresaw."""
    async with Client(build_server(cast("Services", None))) as client:
        yield client


async def test_all_that_the_tables_hold_is_listed() -> None:
    async with connected() as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == [tool.name for tool in TOOLS]
        assert [each.uri for each in (await client.list_resources()).resources] == [each.uri for each in RESOURCES]
        templates = (await client.list_resource_templates()).resource_templates
        assert [each.uri_template for each in templates] == [each.uri for each in TEMPLATES]
        assert [each.name for each in (await client.list_prompts()).prompts] == [each.name for each in PROMPTS]


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("serch_code", {}, "no tool 'serch_code'; did you mean search_code?"),
        ("zzz", {}, "there are search_code"),
        ("search_code", {}, "search_code: query is required"),
        ("search_code", {"query": "x", "limitt": 1}, "limitt is not an argument: it takes query"),
        ("search_code", {"query": "x", "repos": "shop"}, "repos must be a list"),
    ],
)
async def test_what_is_no_call_is_refused(tool: str, arguments: dict[str, Any], told: str) -> None:
    async with connected() as client:
        with pytest.raises(MCPError) as refused:
            await client.call_tool(tool, arguments)
        assert refused.value.code == INVALID_PARAMS
        assert told in refused.value.message


async def test_a_wrong_value_is_not_repeated() -> None:
    async with connected() as client:
        with pytest.raises(MCPError) as refused:
            await client.call_tool("search_code", {"query": {"secret": "hunter2"}})
        assert "hunter2" not in str(refused.value.error)


@pytest.mark.parametrize("uri", ["pampax://nothing", "pampax://codemap/a/b", "file:///etc/passwd"])
async def test_an_unknown_resource_is_refused(uri: str) -> None:
    async with connected() as client:
        with pytest.raises(MCPError) as refused:
            await client.read_resource(uri)
        assert refused.value.code == INVALID_PARAMS


async def test_prompts_are_filled_and_wrong_arguments_refused() -> None:
    async with connected() as client:
        got = await client.get_prompt("analyze_code", {"topic": "how {braces} survive", "repo": "shop"})
        assert "how {braces} survive" in got.messages[0].content.text  # type: ignore[union-attr]
        for name, arguments, told in (
            ("analyze", {}, "did you mean analyze_code?"),
            ("analyze_code", {}, "analyze_code needs topic"),
            ("analyze_code", {"topic": "x", "repos": "y"}, "did you mean repo?"),
        ):
            with pytest.raises(MCPError) as refused:
                await client.get_prompt(name, arguments)
            assert told in refused.value.message


async def test_what_nobody_foresaw_shows_nothing_of_its_inside() -> None:
    async with connected() as client:
        for fails in (client.call_tool("search_code", {"query": "x"}), client.read_resource("pampax://overview")):
            with pytest.raises(MCPError) as failed:
                await fails
            assert failed.value.code == INTERNAL_ERROR
            assert "NoneType" not in failed.value.message
            assert "tell the operator" in failed.value.message
