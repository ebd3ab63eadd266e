"""search_code: ranked places, a few lines each."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import Field

from pampax.client.search import SearchAnswer, SearchRequest, SearchResult
from pampax.core.choices import Kind, Mode
from pampax.mcp import words
from pampax.mcp.services import Services
from pampax.mcp.tool import Arguments, Outcome, Result, Tell, Tool

# Ten results in this many tokens leave room for what they lead to.
DEFAULT_TOKENS = 1_500
SNIPPET_LINES = 3
_SHOWN_PATH_CHARS = 200
_SHOWN_SYMBOL_CHARS = 120


class SearchCode(Arguments):
    """A question."""

    query: str = Field(description="A question in plain words, a name, a path, an error trace or a pattern.")
    repos: tuple[str, ...] = Field((), description="Only these repositories; all that can be read if empty.")
    languages: tuple[str, ...] = Field((), description="Only these, e.g. python, go.")
    path_glob: str | None = Field(None, description="Only paths that match, gitignore-style: src/**/*.ts")
    kinds: tuple[Kind, ...] = Field((), description="Only chunks of these kinds.")
    mode: Mode = Field(
        "hybrid", description="hybrid suits most; symbol for definitions; regex (RE2), literal for text."
    )
    ref: str | None = Field(None, description="Branch or tag; the latest publish if absent.")
    pack: str | None = Field(
        None, description="Context pack that narrows all this, and fills mode and limit; see use_context_pack."
    )
    limit: int = Field(10, ge=1, le=100, description="Results.")
    page_token: str | None = Field(None, description="next_page_token of the page before.")
    max_tokens: int = Field(DEFAULT_TOKENS, ge=200, le=20_000, description="Bound of the text.")


class FoundChunk(Result):
    """A place; `snippet` are its first lines, or those that a pattern matches."""

    id: str
    repo: str
    path: str
    start_line: int
    end_line: int
    symbol: str
    kind: str
    language: str
    score: float
    snippet: str


class Found(Result):
    """Best first."""

    results: list[FoundChunk]
    intent: str
    degraded: list[str]
    notices: list[str]
    next_page_token: str
    pack: str


async def search_code(services: Services, asked: SearchCode, _tell: Tell) -> Outcome:
    # What was not given stays open: a pack may fill it.
    request = SearchRequest(**asked.model_dump(exclude={"max_tokens"}, exclude_unset=True))
    answer = await services.search(request)
    snippets = [_snippet(result) for result in answer.results]
    found = Found(
        results=[_chunk(result, snippet) for result, snippet in zip(answer.results, snippets, strict=True)],
        intent=answer.intent,
        degraded=answer.degraded,
        notices=answer.notices,
        next_page_token=answer.next_page_token,
        pack=answer.pack,
    )
    return Outcome(_text(answer, snippets, asked.max_tokens), found)


TOOL = Tool(
    name="search_code",
    title="Search code",
    description=(
        "Finds code in the indexed repositories, best first: path:lines, symbol, first lines and an id. "
        "get_code_chunk shows the rest of a result."
    ),
    arguments=SearchCode,
    result=Found,
    run=search_code,
)


def _text(answer: SearchAnswer, snippets: Sequence[Sequence[str]], budget: int) -> str:
    """With fewer lines of each result until it fits, then with fewer results."""
    many = len({result.repo for result in answer.results}) > 1
    heads = [_head(result, many=many) for result in answer.results]

    def written(lines: int, count: int) -> str:
        shown = ["\n".join((head, *(f"  {line}" for line in snippet[:lines])))
                 for head, snippet in zip(heads[:count], snippets, strict=False)]  # fmt: skip
        left = len(heads) - count
        more = [f"{words.counted(left, 'more result')} did not fit: lower limit or raise max_tokens"] if left else []
        return "\n".join((_heading(answer, many=many), *shown, *more, *_remarks(answer)))

    for lines in range(SNIPPET_LINES, -1, -1):
        text = written(lines, len(heads))
        if words.tokens(text) <= budget:
            return text
    count = words.most_that_fits(budget, len(heads), lambda count: written(0, count))
    return words.cut(written(0, count), budget)


def _heading(answer: SearchAnswer, *, many: bool) -> str:
    if not answer.results:
        filters = f"the filters or pack {answer.pack}" if answer.pack else "the filters"
        return f"no results: say it in other words, widen {filters}, or look at get_project_stats for what is indexed"
    where = "" if many else f" in {answer.results[0].repo}"
    under = f" under pack {answer.pack}" if answer.pack else ""
    return f"{words.counted(len(answer.results), 'result')}{where}{under}"


def _head(result: SearchResult, *, many: bool) -> str:
    where = words.place(words.one_line(result.path, _SHOWN_PATH_CHARS), result.start_line, result.end_line)
    repo = f"{result.repo} " if many else ""
    symbol = f" {words.one_line(result.symbol, _SHOWN_SYMBOL_CHARS)}" if result.symbol else ""
    return f"{repo}{where}{symbol} ({result.kind}) id={result.id}"


def _snippet(result: SearchResult) -> list[str]:
    if not result.matched_lines:
        return words.code_lines(_from_definition(result), SNIPPET_LINES)
    lines = dict(enumerate(result.content.splitlines(), result.start_line))
    matched = [number for number in result.matched_lines if number in lines][:SNIPPET_LINES]
    return [f"{number}: {words.one_line(lines[number])}" for number in matched]


def _from_definition(result: SearchResult) -> str:
    """The text from the line that names the symbol on: comments and imports before it say less."""
    name = re.split(r"[.:#]", result.symbol)[-1]
    lines = result.content.splitlines()
    named = re.compile(rf"\b{re.escape(name)}\b")
    first = next((number for number, line in enumerate(lines) if name and named.search(line)), 0)
    return "\n".join(lines[first:])


def _remarks(answer: SearchAnswer) -> list[str]:
    remarks = [words.one_line(notice) for notice in answer.notices]
    if answer.degraded:
        remarks.append(f"not complete, without {', '.join(answer.degraded)}")
    if answer.next_page_token:
        remarks.append("there are more: name repos, languages or path_glob, or raise limit")
    return remarks


def _chunk(result: SearchResult, snippet: Sequence[str]) -> FoundChunk:
    return FoundChunk(
        id=result.id,
        repo=result.repo,
        path=result.path,
        start_line=result.start_line,
        end_line=result.end_line,
        symbol=result.symbol,
        kind=result.kind,
        language=result.language,
        score=round(result.score, 3),
        snippet="\n".join(snippet),
    )
