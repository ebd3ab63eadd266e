"""get_code_chunk: the text of a place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import Field

from pampax.core.errors import InvalidRequest
from pampax.mcp import words
from pampax.mcp.services import Services
from pampax.mcp.tool import Arguments, Outcome, Result, Tell, Tool

DEFAULT_TOKENS = 8_000
MAX_AROUND = 500
_LINES = re.compile(r"([1-9][0-9]{0,8})(?:-([1-9][0-9]{0,8}))?")
_FENCE = re.compile(r"^\s*(`{3,})", re.MULTILINE)


class GetCodeChunk(Arguments):
    """A result's id, or a place."""

    id: str | None = Field(None, description="Id of a result of search_code, or of a piece of assemble_context.")
    repo: str | None = Field(None, description="Repository; needed with path, and faster with id.")
    path: str | None = Field(None, description="Path of a file, instead of id.")
    lines: str | None = Field(None, description="With path: 10-20 or 10; the whole file if absent.")
    around: int = Field(0, ge=0, le=MAX_AROUND, description="Lines to add before and after.")
    ref: str | None = Field(None, description="Branch or tag; the latest publish if absent.")
    max_tokens: int = Field(DEFAULT_TOKENS, ge=200, le=100_000, description="Bound of the text.")


class CodeChunk(Result):
    """Lines are 1-based and inclusive; `next_lines` is what did not fit, for another call."""

    repo: str
    path: str
    ref: str
    commit: str
    start_line: int
    end_line: int
    language: str
    symbol: str
    content: str
    next_lines: str


@dataclass(frozen=True, slots=True)
class _Place:
    repo: str
    path: str
    lines: str
    symbol: str = ""


async def get_code_chunk(services: Services, asked: GetCodeChunk, _tell: Tell) -> Outcome:
    ref = asked.ref or ""
    place = await _place(services, asked, ref)
    text = await services.read_file(place.repo, place.path, ref=ref, lines=place.lines)
    lines = text.content.split("\n") if text.end_line else []

    def written(count: int) -> str:
        last = text.start_line + count - 1
        left = f"\nup to line {last} of {text.end_line} here: ask for {last + 1}-{text.end_line}"
        where = words.place(text.path, text.start_line, last)
        symbol = f" {words.one_line(place.symbol)}" if place.symbol else ""
        return f"{where}{symbol} ({text.language}, {text.repo}@{text.ref})\n{_fenced(lines[:count], text.language)}" + (
            left if count < len(lines) else ""
        )

    count = words.most_that_fits(asked.max_tokens, len(lines), written)
    last = text.start_line + count - 1
    chunk = CodeChunk(
        repo=text.repo,
        path=text.path,
        ref=text.ref,
        commit=text.commit,
        start_line=text.start_line,
        end_line=last,
        language=text.language,
        symbol=place.symbol,
        content="\n".join(lines[:count]),
        next_lines=f"{last + 1}-{text.end_line}" if count < len(lines) else "",
    )
    return Outcome(written(count), chunk)


TOOL = Tool(
    name="get_code_chunk",
    title="Read code",
    description=(
        "Shows the code of a search result or of a piece of a bundle by its id, or lines of a file by repo, path and "
        "lines."
    ),
    arguments=GetCodeChunk,
    result=CodeChunk,
    run=get_code_chunk,
)


async def _place(services: Services, asked: GetCodeChunk, ref: str) -> _Place:
    if asked.id is not None and asked.path is None and asked.lines is None:
        chunk = await services.chunk(asked.id, repository=asked.repo or "", ref=ref)
        lines = _widened(chunk.start_line, chunk.end_line, asked.around)
        return _Place(chunk.repo, chunk.path, lines, chunk.symbol)
    if asked.id is not None or asked.path is None or asked.repo is None:
        told = "give id, or repo and path with or without lines"
        raise InvalidRequest(told, fields={"id": told})
    return _Place(asked.repo, asked.path, _lines(asked.lines, asked.around))


def _lines(lines: str | None, around: int) -> str:
    if lines is None:
        return ""
    found = _LINES.fullmatch(lines)
    if found is None:
        told = f"must be a line or a range such as 10-20, got {lines[:60]!r}"
        raise InvalidRequest(f"lines {told}", fields={"lines": told})
    return _widened(int(found[1]), int(found[2] or found[1]), around)


def _widened(first: int, last: int, around: int) -> str:
    return f"{max(1, first - around)}-{last + around}"


def _fenced(lines: list[str], language: str) -> str:
    """The fence is longer than any in the code."""
    code = "\n".join(lines)
    fence = "`" * max([3, *(len(found[1]) + 1 for found in _FENCE.finditer(code))])
    return f"{fence}{language}\n{code}\n{fence}"
