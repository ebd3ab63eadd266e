"""Questions about a repository whose right answers are known."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pampax.bench.corpus.dialects import title
from pampax.bench.corpus.plan import Module, Plan
from pampax.bench.corpus.text import refusal

# Files that define nothing are no answer to "where is this done".
_NO_CODE = frozenset({"html", "css", "json", "markdown"})
# Coprime with every number of files: consecutive questions are about distant files.
_STRIDE = 7_919
_SHORTEST_NAME = 8
_SHORTEST_SENTENCE, _LONGEST_SENTENCE = 25, 200


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, how, and the one file that answers it. `kind`: name, words, error or path; for a pattern regex or
    literal."""

    text: str
    kind: str
    path: str


_ERROR = "Error: "
_KINDS = ("name", "words", "error", "path")
# Ways to say the same, so that one file gives many questions that no cache has seen.
_PHRASES = (
    "where is the {} handled",
    "how does the {} work",
    "which code is the {}",
    "show me the {}",
    "what decides for the {}",
    "the {} in this repository",
)


def questions(plan: Plan, start: int = 0) -> Iterator[Question]:
    """Distinct questions about a generated repository, one kind after the other; `start` leaves some out.

    There are about twenty for each file with code.
    """
    files = plan.size.files
    for number in range(start, files * len(_KINDS) * len(_PHRASES)):
        kind_number, turn = number % len(_KINDS), number // len(_KINDS)
        module = plan.module(turn * _STRIDE % files)
        if module.dialect.language not in _NO_CODE:
            kind = _KINDS[kind_number]
            yield Question(_text(module, kind, turn // files), kind, module.path)


def _text(module: Module, kind: str, turn: int) -> str:
    """`turn` is how often this kind was asked about the file before."""
    again = f" {title(module.methods[turn % len(module.methods)]).lower()} {turn}" if turn else ""
    match kind:
        case "name":
            return f"{module.type}{again}"
        case "words":
            return _PHRASES[turn % len(_PHRASES)].format(" ".join(module.words))
        case "error":
            return f"{_ERROR}{refusal(module)}{again}"
        case _:
            return f"{module.path}{again}"


def pattern_of(question: Question) -> Question | None:
    """The pattern that finds what the question asks for: most of a name, or a message as it stands in the file."""
    match question.kind:
        case "name":
            name = question.text.split()[0]
            return replace(question, text=rf"\b{name[: -len(name) // 4]}\w+", kind="regex")
        case "error":
            return replace(question, text=question.text.removeprefix(_ERROR), kind="literal")
        case _:
            return None


def questions_of(folder: Path) -> list[Question]:
    """Questions about a folder of Python files: names defined once in it, and first sentences of their docstrings."""
    found: list[Question] = []
    for path in sorted(folder.rglob("*.py")):
        place = path.relative_to(folder).as_posix()
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):
            continue
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found += _about(node, place)
    counts = Counter(question.text for question in found)
    once = [question for question in found if counts[question.text] == 1]
    # Spread over the folder, in an order that is the same everywhere.
    return [once[number * _STRIDE % len(once)] for number in range(len(once))] if len(once) % _STRIDE else once


def _about(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, path: str) -> Iterator[Question]:
    if len(node.name) >= _SHORTEST_NAME and not node.name.startswith("_"):
        yield Question(node.name, "name", path)
    sentence = " ".join((ast.get_docstring(node) or "").split(".")[0].split())
    if _SHORTEST_SENTENCE <= len(sentence) <= _LONGEST_SENTENCE:
        yield Question(sentence, "words", path)
