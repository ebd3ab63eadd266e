"""The tables of tools, resources and prompts, and what is told of failures."""

from __future__ import annotations

import json

import pytest
from pydantic import BaseModel

from pampax.core.errors import Internal, NotFound, PampaxError, Unavailable
from pampax.mcp.failures import told
from pampax.mcp.prompts import PROMPTS
from pampax.mcp.resources import RESOURCES, TEMPLATES
from pampax.mcp.tool import schema_of
from pampax.mcp.tools import TOOLS


def test_names_are_given_once() -> None:
    for table in (TOOLS, PROMPTS, (*RESOURCES, *TEMPLATES)):
        names = [each.name for each in table]
        assert len(names) == len(set(names))


def test_every_argument_of_a_tool_is_explained() -> None:
    for tool in TOOLS:
        for name, field in tool.arguments.model_fields.items():
            assert field.description, (tool.name, name)


def test_every_prompt_uses_all_of_its_arguments() -> None:
    for prompt in PROMPTS:
        text = prompt.filled({each.name: f"<{each.name}>" for each in prompt.arguments})
        for each in prompt.arguments:
            assert f"<{each.name}>" in text, (prompt.name, each.name)


def test_prompts_name_tools_that_there_are() -> None:
    names = {tool.name for tool in TOOLS}
    for prompt in PROMPTS:
        called = {word.strip(".,;:()") for word in prompt.text.split() if "_" in word}
        assert called & names
        assert called - names <= {"token_budget"}


@pytest.mark.parametrize(
    ("uri", "repository"),
    [
        ("pampax://codemap/shop", "shop"),
        ("pampax://codemap", None),
        ("pampax://codemap/", None),
        ("pampax://codemap/a/b", None),
        ("pampax://codemapx/a", None),
    ],
)
def test_a_template_matches_one_repository(uri: str, repository: str | None) -> None:
    assert TEMPLATES[0].matched(uri) == repository


def test_a_field_that_is_called_title_stays_in_a_schema() -> None:
    class Book(BaseModel):
        """A docstring is for those who read the code."""

        title: str
        pages: list[int]

    schema = schema_of(Book)
    assert set(schema["properties"]) == {"title", "pages"}
    assert "docstring" not in json.dumps(schema)
    assert "Pages" not in json.dumps(schema)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (NotFound("no x", reason="REPOSITORY_NOT_FOUND"), "no x (REPOSITORY_NOT_FOUND)\nNext: get_project_stats"),
        (Unavailable("away", metadata={"corr_id": "c1"}), "away (UNAVAILABLE, request c1)\nNext: wait a few seconds"),
        (Internal("it failed"), "it failed (INTERNAL)"),
    ],
)
def test_a_failure_is_told_with_its_reason_and_the_next_step(error: PampaxError, text: str) -> None:
    assert told(error).startswith(text)
