"""The protocol's server over the tables of tools, resources and prompts. It keeps nothing between two requests."""

from __future__ import annotations

import difflib
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

import mcp_types as types
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS
from pydantic import ValidationError

from mcp.server import CacheHint, Server, ServerRequestContext
from mcp.shared.exceptions import MCPError
from pampax.core.errors import PampaxError
from pampax.core.version import own_version
from pampax.mcp.failures import told
from pampax.mcp.prompts import PROMPTS
from pampax.mcp.resources import RESOURCES, TEMPLATES
from pampax.mcp.resources.resource import MARKDOWN, Resource
from pampax.mcp.services import Services
from pampax.mcp.tool import Outcome, Tool, schema_of
from pampax.mcp.tools import TOOLS
from pampax.runtime.context import corr_id
from pampax.runtime.logging import get_logger

INSTRUCTIONS: Final = (
    "PAMPAX finds code in indexed repositories. Start a task with assemble_context; ask single questions with "
    "search_code, read results with get_code_chunk, and follow what uses what with traverse_graph. get_project_stats "
    "tells what is indexed."
)
# Lists are the same for everybody and change with a version only.
_LISTS = CacheHint(ttl_ms=3_600_000, scope="public")
_MOST_REPORTED = 16

_log = get_logger()


def build_server(services: Services) -> Server[Any]:
    handlers = _Handlers(services)
    server = Server(
        "pampax",
        version=own_version(),
        title="PAMPAX",
        instructions=INSTRUCTIONS,
        cache_hints={
            "tools/list": _LISTS,
            "prompts/list": _LISTS,
            "resources/list": _LISTS,
            "resources/templates/list": _LISTS,
        },
        get_tool_input_schema=handlers.input_schema,
        **handlers.by_name(),
    )
    server.middleware.clear()  # its spans: whoever serves has his own
    return server


class _Handlers:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._tools = {tool.name: tool for tool in TOOLS}
        self._listed = {tool.name: _tool(tool) for tool in TOOLS}
        self._prompts = {prompt.name: prompt for prompt in PROMPTS}

    def by_name(self) -> dict[str, Any]:
        return {
            "on_list_tools": self.list_tools,
            "on_call_tool": self.call_tool,
            "on_list_resources": self.list_resources,
            "on_list_resource_templates": self.list_templates,
            "on_read_resource": self.read_resource,
            "on_list_prompts": self.list_prompts,
            "on_get_prompt": self.get_prompt,
        }

    def input_schema(self, name: str) -> Mapping[str, Any] | None:
        """Asked for before every call; without it the library would list all tools each time."""
        listed = self._listed.get(name)
        return listed.input_schema if listed else None

    async def list_tools(self, _ctx: object, _params: object) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[*self._listed.values()])

    async def call_tool(
        self, ctx: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        """What the tool's own work comes to is its result, failures included; what is no call of it is the
        protocol's error."""
        tool = self._tools.get(params.name)
        if tool is None:
            raise _unknown("tool", params.name, self._tools)
        try:
            asked = tool.arguments.model_validate(params.arguments or {})
        except ValidationError as error:
            raise _invalid(tool, error) from None
        try:
            outcome = await tool.run(self._services, asked, _Teller(ctx))
        except PampaxError as error:
            return types.CallToolResult(content=[_text(told(error))], is_error=True)
        except Exception as error:
            raise _unexpected(error, tool.name) from error
        return _result(outcome)

    async def list_resources(self, _ctx: object, _params: object) -> types.ListResourcesResult:
        listed = [
            types.Resource(
                uri=each.uri, name=each.name, title=each.title, description=each.description, mime_type=MARKDOWN
            )
            for each in RESOURCES
        ]
        return types.ListResourcesResult(resources=listed)

    async def list_templates(self, _ctx: object, _params: object) -> types.ListResourceTemplatesResult:
        listed = [
            types.ResourceTemplate(
                uri_template=each.uri,
                name=each.name,
                title=each.title,
                description=each.description,
                mime_type=MARKDOWN,
            )
            for each in TEMPLATES
        ]
        return types.ListResourceTemplatesResult(resource_templates=listed)

    async def read_resource(self, _ctx: object, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        uri = str(params.uri)
        resource, repository = _resource(uri)
        try:
            text = await resource.read(self._services, repository)
        except PampaxError as error:
            raise MCPError(INVALID_PARAMS if error.http_status < 500 else INTERNAL_ERROR, told(error)) from error
        except Exception as error:
            raise _unexpected(error, resource.name) from error
        return types.ReadResourceResult(contents=[types.TextResourceContents(uri=uri, mime_type=MARKDOWN, text=text)])

    async def list_prompts(self, _ctx: object, _params: object) -> types.ListPromptsResult:
        listed = [
            types.Prompt(
                name=each.name,
                title=each.title,
                description=each.description,
                arguments=[
                    types.PromptArgument(name=one.name, description=one.description, required=one.required)
                    for one in each.arguments
                ],
            )
            for each in PROMPTS
        ]
        return types.ListPromptsResult(prompts=listed)

    async def get_prompt(self, _ctx: object, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        prompt = self._prompts.get(params.name)
        if prompt is None:
            raise _unknown("prompt", params.name, self._prompts)
        given = params.arguments or {}
        known = [each.name for each in prompt.arguments]
        for name in given:
            if name not in known:
                raise _unknown("argument", name, known)
        missing = [each.name for each in prompt.arguments if each.required and not given.get(each.name, "").strip()]
        if missing:
            raise MCPError(INVALID_PARAMS, f"{prompt.name} needs {', '.join(missing)}")
        message = types.PromptMessage(role="user", content=_text(prompt.filled(given)))
        return types.GetPromptResult(description=prompt.description, messages=[message])


class _Teller:
    """Progress is the seconds since the call began: stages begin anew, and the protocol wants what only grows."""

    def __init__(self, ctx: ServerRequestContext[Any]) -> None:
        self._ctx = ctx
        self._began = time.monotonic()

    async def __call__(self, message: str) -> None:
        await self._ctx.session.report_progress(round(time.monotonic() - self._began, 3), None, message)


def _resource(uri: str) -> tuple[Resource, str]:
    for resource in (*RESOURCES, *TEMPLATES):
        repository = resource.matched(uri)
        if repository is not None:
            return resource, repository
    raise _unknown("resource", uri, [each.uri for each in (*RESOURCES, *TEMPLATES)])


def _tool(tool: Tool[Any]) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=schema_of(tool.arguments),
        output_schema=schema_of(tool.result),
        annotations=types.ToolAnnotations(
            read_only_hint=tool.reads_only,
            destructive_hint=False,
            idempotent_hint=tool.repeatable,
            open_world_hint=not tool.reads_only,
        ),
    )


def _result(outcome: Outcome) -> types.CallToolResult:
    return types.CallToolResult(
        content=[_text(outcome.text)], structured_content=outcome.result.model_dump(mode="json")
    )


def _text(text: str) -> types.TextContent:
    return types.TextContent(type="text", text=text)


def _invalid(tool: Tool[Any], error: ValidationError) -> MCPError:
    """Each mistake with the argument's name, and never the value: it may be long, or secret."""
    mistakes = []
    for each in error.errors(include_url=False, include_input=False)[:_MOST_REPORTED]:
        name = ".".join(map(str, each["loc"]))
        if each["type"] == "extra_forbidden":
            mistakes.append(f"{name} is not an argument: it takes {', '.join(tool.arguments.model_fields)}")
        else:
            said = each["msg"].replace("Input should be", "must be").replace("Field required", "is required")
            said = said.replace("a valid tuple", "a list")
            mistakes.append(f"{name} {said[:1].lower()}{said[1:]}")
    return MCPError(INVALID_PARAMS, f"{tool.name}: {'; '.join(mistakes)}")


def _unknown(what: str, name: str, known: Iterable[str]) -> MCPError:
    near = difflib.get_close_matches(name, list(known), n=1)
    advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    return MCPError(INVALID_PARAMS, f"no {what} {name[:60]!r}; {advice}")


def _unexpected(error: Exception, op: str) -> MCPError:
    """The log has the rest under the same id."""
    _log.error("unexpected error", op=op, exc_info=error)
    request = f" this request id: {corr_id.get()}" if corr_id.get() else ""
    return MCPError(INTERNAL_ERROR, f"{op} failed; tell the operator{request or ' what you called'}")
