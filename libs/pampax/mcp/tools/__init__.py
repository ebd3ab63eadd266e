"""The tools. A new one is a module with a `TOOL` and a line here."""

from __future__ import annotations

from typing import Any, Final

from pampax.mcp.tool import Tool
from pampax.mcp.tools import (
    assemble_context,
    get_code_chunk,
    get_project_stats,
    index_project,
    search_code,
    traverse_graph,
    update_project,
    use_context_pack,
)

TOOLS: Final[tuple[Tool[Any], ...]] = (
    search_code.TOOL,
    get_code_chunk.TOOL,
    assemble_context.TOOL,
    traverse_graph.TOOL,
    use_context_pack.TOOL,
    get_project_stats.TOOL,
    index_project.TOOL,
    update_project.TOOL,
)
