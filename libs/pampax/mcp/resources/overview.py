"""pampax://overview: the repositories that can be read, their languages and how fresh they are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pampax.client.repository import Repository
from pampax.core.errors import PampaxError
from pampax.mcp import words
from pampax.mcp.resources.resource import Resource
from pampax.mcp.services import Services

MOST_TOKENS = 3_000
# Each is asked for its languages; the others are named without.
_WITH_LANGUAGES = 30
_AT_ONCE = 4
_SHOWN_LANGUAGES = 5


async def overview(services: Services, _repo: str) -> str:
    repositories = await services.repositories()
    if not repositories:
        return "# Repositories\n\nNothing is indexed yet: the tool index_project adds a repository.\n"
    languages = await _languages(services, [each for each in repositories if each.refs][:_WITH_LANGUAGES])
    lines = [_line(each, languages.get(each.name, "")) for each in repositories]

    def written(count: int) -> str:
        more = len(lines) - count
        tail = [f"- and {more} more; the tool get_project_stats lists them"] if more else []
        return "\n".join(("# Repositories", "", *lines[:count], *tail, "", "Maps: pampax://codemap/{repo}", ""))

    return written(words.most_that_fits(MOST_TOKENS, len(lines), written))


RESOURCE = Resource(
    uri="pampax://overview",
    name="overview",
    title="Overview",
    description="The repositories that can be read: size, languages, freshness.",
    read=overview,
)


async def _languages(services: Services, repositories: Sequence[Repository]) -> dict[str, str]:
    """By name, most files first. One that cannot be outlined now is told of without."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def ask(name: str) -> tuple[str, str]:
        async with room:
            try:
                outline = await services.outline(name, ref="", files=1)
            except PampaxError:
                return name, ""
        shown = [f"{each.language} {each.files}" for each in outline.languages[:_SHOWN_LANGUAGES]]
        return name, ", ".join(shown)

    return dict(await asyncio.gather(*(ask(each.name) for each in repositories)))


def _line(repository: Repository, languages: str) -> str:
    published = repository.published()
    if published is None:
        return f"- {repository.name}: not indexed yet"
    commit = f" {published.commit[:10]}" if published.commit else ""
    said = f"- {repository.name}@{published.ref}{commit}: {words.counted(published.files, 'file')}"
    return f"{said}{f' ({languages})' if languages else ''}, indexed {words.age(published.age_s)} ago"
