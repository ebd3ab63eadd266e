"""The prompts: ways of working with the tools that a person may choose from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Argument:
    """A word or sentence that the person fills in."""

    name: str
    description: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Prompt:
    """`text` has the arguments in braces; `scoped` follows where a repository was named."""

    name: str
    title: str
    description: str
    arguments: tuple[Argument, ...]
    text: str

    def filled(self, given: Mapping[str, str]) -> str:
        repo = given.get("repo", "").strip()
        scope = f'Look in the repository {repo} only (repos: ["{repo}"]).' if repo else ""
        return self.text.format(**{**given, "scope": scope}).strip()


_REPO = Argument("repo", "Repository to look in; all that can be read if absent.", required=False)

PROMPTS: Final[tuple[Prompt, ...]] = (
    Prompt(
        name="analyze_code",
        title="Analyze code",
        description="Explains how something works in the indexed code, with the places that prove it.",
        arguments=(Argument("topic", "What to explain: a feature, a symbol, a question."), _REPO),
        text=(
            "Explain how this works in the indexed code: {topic}\n\n"
            "1. Call assemble_context with that as the task and a token_budget of 6000. {scope}\n"
            "2. Where it leaves a question open, call search_code for it, traverse_graph for what calls or uses "
            "something, and get_code_chunk for results that matter.\n"
            "3. Answer with the flow from entry point to effect, what each part is responsible for, how errors are "
            "handled, and what surprised you. Name every place as repository path:lines. Say what you could not find "
            "instead of guessing."
        ),
    ),
    Prompt(
        name="find_similar_functions",
        title="Find similar functions",
        description="Finds functions that do nearly the same, and says what sets them apart.",
        arguments=(Argument("function", "Name of a function, or what it does in words."), _REPO),
        text=(
            "Find functions that do nearly the same as: {function}\n\n"
            '1. If that is a name, call search_code with mode "symbol" to find it, get_code_chunk to read it. {scope}\n'
            '2. Describe in a sentence what it does, and call search_code with that sentence, kinds ["function"] and '
            'limit 15; once more with mode "semantic".\n'
            "3. Read the likely ones with get_code_chunk.\n"
            "4. Answer with a table: repository path:lines, function, what is the same, what differs, and whether they "
            "could be one. Leave out what only shares words."
        ),
    ),
)
