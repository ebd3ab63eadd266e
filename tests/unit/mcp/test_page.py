"""docs/mcp.md names what there is, and what is to be copied from it can be read."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from pathlib import Path

from pampax.mcp.prompts import PROMPTS
from pampax.mcp.resources import RESOURCES, TEMPLATES
from pampax.mcp.tools import TOOLS

PAGE = (Path(__file__).parents[3] / "docs/mcp.md").read_text()
READERS = {"json": json.loads, "toml": tomllib.loads, "python": ast.parse}


def test_the_table_names_every_tool() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == {tool.name for tool in TOOLS}


def test_every_resource_and_prompt_is_named() -> None:
    for name in (*(each.uri for each in (*RESOURCES, *TEMPLATES)), *(each.name for each in PROMPTS)):
        assert f"`{name}`" in PAGE


def test_what_is_to_be_copied_is_well_formed() -> None:
    blocks = re.findall(r"^```(json|toml|python)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) > 8
    for kind, text in blocks:
        READERS[kind](text)
