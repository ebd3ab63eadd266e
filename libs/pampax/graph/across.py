"""Several repositories that import each other, as one: who provides a module, and who may reach whom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from pampax.graph.finding import head
from pampax.graph.imports import ImportTable, Wanted, external
from pampax.graph.model import Mentions
from pampax.graph.modules import Module
from pampax.graph.provided import Provided
from pampax.graph.resolving import Resolver

# A module is a name that holds anywhere, so that a folder which ends like it is no reason to stay at home.
_ABSOLUTE = frozenset({"go", "dart", "rust", "elixir"})
# Packages and namespaces of these may lie in several repositories at once.
_SPLIT = frozenset({"java", "kotlin", "scala", "groovy", "php", "csharp"})


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A repository that a question is about. `imports` reads what all its files import, once per snapshot."""

    repository: str
    shelf: Mentions
    provided: Provided
    imports: Callable[[], Awaitable[ImportTable]]


@dataclass(frozen=True, slots=True)
class Way:
    """An import that leads to `module` of the repository `home`, at `places`: paths and lines in the one that imports.
    `providers`: of how many repositories that is one."""

    home: str
    module: Module
    places: Sequence[tuple[str, int]]
    wanted: Wanted
    providers: int


class World:
    """All repositories of a question, in order of their names. One alone knows no other, and costs nothing more."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = tuple(sorted(members, key=lambda each: each.repository))
        self._by_name = {each.repository: each for each in self.members}
        several = len(self.members) > 1
        self._resolvers = {
            each.repository: Resolver(each.shelf, each.repository, _Seen(self, each) if several else None)
            for each in self.members
        }
        self._by_head: dict[tuple[str, str], list[Member]] = {}
        for each in self.members if several else ():
            for begins in each.provided.heads:
                self._by_head.setdefault(begins, []).append(each)
        self._given: dict[tuple[str, str, str], list[tuple[Resolver, Module]]] = {}
        self._ways: dict[str, tuple[Way, ...]] = {}
        self._tables: dict[str, ImportTable] = {}

    def resolver(self, repository: str) -> Resolver:
        return self._resolvers[repository]

    def member(self, repository: str) -> Member:
        return self._by_name[repository]

    def shelf(self, repository: str) -> Mentions:
        return self._by_name[repository].shelf

    def giving(self, own: Member, language: str, module: str) -> list[tuple[Resolver, Module]]:
        """Of the others that provide the module, those whose manifests stand for it, if there are any."""
        begins = head(language, module)
        asked = [each for each in self._by_head.get(begins, ()) if each is not own]
        if not asked:
            return []
        key = own.repository, language, module
        if key not in self._given:
            self._given[key] = self._giving(own, asked, language, module)
        return self._given[key]

    def _giving(
        self, own: Member, asked: Iterable[Member], language: str, module: str
    ) -> list[tuple[Resolver, Module]]:
        if language not in _SPLIT and own.provided.find(language, module):
            return []
        found = [(each, given) for each in asked if (given := each.provided.find(language, module))]
        begins = head(language, module)
        surest = [(each, given) for each, given in found if begins in each.provided.published]
        return [(self._resolvers[each.repository], given) for each, given in surest or found]

    def claims(self, own: Member, language: str, module: str) -> bool:
        return language in _ABSOLUTE and bool(self.giving(own, language, module))

    async def users_of(self, repository: str) -> list[str]:
        """The repository itself, and those from which an import leads to it, directly or by way of others."""
        if len(self.members) == 1:
            return [repository]
        leads = {each.repository: {way.home for way in await self.ways_from(each)} for each in self.members}
        found = {repository}
        front = {repository}
        while front:
            front = {name for name, reached in leads.items() if name not in found and reached & front}
            found |= front
        return [repository, *sorted(found - {repository})]

    async def ways_from(self, member: Member) -> Sequence[Way]:
        """Everything that the repository imports of others."""
        if member.repository not in self._ways:
            table = self._tables[member.repository] = await member.imports()
            resolver = self._resolvers[member.repository]
            self._ways[member.repository] = tuple(
                Way(home.repository, module, table.places_of(wanted), wanted, len(given))
                for wanted, file, imported in external(table, self._is_given)
                for given in [resolver.modules_abroad(file, imported)]
                for home, module in given
            )
        return self._ways[member.repository]

    def cut_short(self) -> list[tuple[str, ImportTable]]:
        """Repositories of which not all imports were looked at."""
        return [(name, table) for name, table in sorted(self._tables.items()) if not table.complete]

    def _is_given(self, language: str, module: str) -> bool:
        """Whether anybody provides something that begins as the module does."""
        return head(language, module) in self._by_head


class _Seen:
    """The others, as one repository sees them: an `Abroad`."""

    def __init__(self, world: World, own: Member) -> None:
        self._world = world
        self._own = own

    def home(self, repository: str) -> Resolver:
        return self._world.resolver(repository)

    def claims(self, language: str, module: str) -> bool:
        return self._world.claims(self._own, language, module)

    def giving(self, language: str, module: str) -> Sequence[tuple[Resolver, Module]]:
        return self._world.giving(self._own, language, module)
