"""use_context_pack: the named scopes that there are, and what one of them narrows to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field

from pampax.client.context import Pack
from pampax.mcp import words
from pampax.mcp.services import Services
from pampax.mcp.tool import Arguments, Outcome, Result, Tell, Tool

# Of a list; more would fill a context with names.
MOST_SHOWN = 50
MOST_TOKENS = 1_500
# How many values of a field are told, fewer where they do not fit.
_VALUES = (50, 16, 5, 1)
_VALUES_ON_A_LINE = 4
_USE = "Nothing is kept between calls"


class UseContextPack(Arguments):
    """One pack, or all."""

    name: str | None = Field(
        None, description="A pack, to see its scope; all that there are, in a line each, if absent."
    )


class ContextPack(Result):
    """What is empty narrows nothing. `mode`, `limit`, `token_budget` and what follows them hold where a call does not
    give them, and are null, 0 or empty where the pack leaves them open."""

    name: str
    description: str
    visibility: str
    mine: bool
    repos: list[str]
    ref: str
    languages: list[str]
    path_globs: list[str]
    kinds: list[str]
    mode: str | None
    limit: int
    token_budget: int
    policy: str
    tests: str
    docs: str
    config: str
    hidden_repos: int = Field(description="Repositories of it that are gone or cannot be read with this key.")


class ContextPacks(Result):
    """By name; `total` counts those that were left out, too."""

    packs: list[ContextPack]
    total: int


async def use_context_pack(services: Services, asked: UseContextPack, _tell: Tell) -> Outcome:
    if asked.name is not None:
        pack = _pack(await services.context(asked.name))
        return Outcome(_scope_text(pack), ContextPacks(packs=[pack], total=1))
    # Of two with one name the first is what the name stands for.
    named: dict[str, Pack] = {}
    for each in await services.contexts():
        named.setdefault(each.name, each)
    packs = [_pack(each) for each in list(named.values())[:MOST_SHOWN]]
    return Outcome(_list_text(packs, len(named)), ContextPacks(packs=packs, total=len(named)))


TOOL = Tool(
    name="use_context_pack",
    title="Use a context pack",
    description=(
        "Lists context packs: named scopes (repositories, ref, languages, paths, kinds) that a team keeps; with a name "
        "shows what it narrows to. To work under one give its name as `pack` to every call of search_code and "
        "assemble_context."
    ),
    arguments=UseContextPack,
    result=ContextPacks,
    run=use_context_pack,
)


def _pack(pack: Pack) -> ContextPack:
    scope, defaults = pack.scope, pack.defaults
    return ContextPack(
        name=pack.name,
        description=pack.description,
        visibility=pack.visibility,
        mine=pack.mine,
        repos=scope.repos,
        ref=scope.ref or "",
        languages=scope.languages,
        path_globs=scope.path_globs,
        kinds=scope.kinds,
        mode=defaults.mode,
        limit=defaults.limit or 0,
        token_budget=defaults.token_budget or 0,
        policy=defaults.policy or "",
        tests=defaults.tests or "",
        docs=defaults.docs or "",
        config=defaults.config or "",
        hidden_repos=pack.hidden_repos,
    )


def _list_text(packs: Sequence[ContextPack], total: int) -> str:
    if not packs:
        return "there are no context packs; a person saves one with `pampax context save NAME -r REPO`"
    lines = [_line(pack) for pack in packs]

    def written(count: int) -> str:
        more = [f"and {total - count} more"] if total > count else []
        use = f"{_USE}: give a name as pack to each call of search_code and assemble_context."
        return "\n".join((words.counted(total, "context pack"), *lines[:count], *more, use))

    return written(words.most_that_fits(MOST_TOKENS, len(lines), written))


def _line(pack: ContextPack) -> str:
    hidden = [f"{pack.hidden_repos} not shown"] if pack.hidden_repos else []
    groups = ([*pack.repos, *hidden], [pack.ref] if pack.ref else [], pack.languages, pack.path_globs, pack.kinds)
    scope = "; ".join(words.listed(group, _VALUES_ON_A_LINE) for group in groups if group)
    description = f" - {words.one_line(pack.description)}" if pack.description else ""
    return f"{pack.name} ({pack.visibility}): {words.one_line(scope) or 'narrows nothing'}{description}"


def _scope_text(pack: ContextPack) -> str:
    return words.first_that_fits(MOST_TOKENS, ("\n".join(_scope_lines(pack, most)) for most in _VALUES))


def _scope_lines(pack: ContextPack, most: int) -> Iterator[str]:
    description = f": {words.one_line(pack.description)}" if pack.description else ""
    yield f"{pack.name} ({pack.visibility}){description}"
    yield f'{_USE}: give pack "{pack.name}" to each call of search_code and assemble_context.'
    yield from _narrowed(pack, most)
    filled = [
        f"{name} {value}"
        for name, value in (
            ("mode", pack.mode),
            ("limit", pack.limit),
            ("token_budget", pack.token_budget),
            ("policy", pack.policy),
            ("tests", pack.tests),
            ("docs", pack.docs),
            ("config", pack.config),
        )
        if value
    ]
    if filled:
        yield f"where a call does not give them: {', '.join(filled)}"
    if pack.hidden_repos:
        hidden = "1 repository" if pack.hidden_repos == 1 else f"{pack.hidden_repos} repositories"
        yield f"{hidden} not shown: gone, or not readable with this key"


def _narrowed(pack: ContextPack, most: int) -> Iterator[str]:
    groups = {
        "repos": pack.repos,
        "ref": [pack.ref] if pack.ref else [],
        "languages": pack.languages,
        "paths": pack.path_globs,
        "kinds": pack.kinds,
    }
    for title, values in groups.items():
        if values:
            yield f"{title}: {words.listed([words.one_line(value) for value in values], most)}"
    if not any(groups.values()) and not pack.hidden_repos:
        yield "narrows nothing"
