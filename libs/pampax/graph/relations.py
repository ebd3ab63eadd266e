"""How repositories hang together: what each needs of each other one, by its manifests and by its imports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pampax.codeintel.imports import EVERYTHING
from pampax.graph.across import Member, Way, World
from pampax.graph.finding import NAMESPACED
from pampax.graph.model import is_test_path
from pampax.packages.model import Dependency, Ecosystem, Package
from pampax.packages.reading import is_aside

MAX_EXAMPLES = 3  # of imports from one repository to another
MAX_DEPENDENCIES = 20  # that are told of a pair


@dataclass(frozen=True, slots=True)
class Example:
    """An import of `module`, or of `name` in it, that leads to the file or folder `target`."""

    path: str
    line: int
    module: str
    name: str
    target: str


@dataclass(frozen=True, slots=True)
class Relationship:
    """What `source` needs of `target`. `statements` of import in `files` lead there; of them `shared` to another
    repository as well, which provides the same. `dependencies` are at most MAX_DEPENDENCIES of `declared`."""

    source: str
    target: str
    dependencies: tuple[Dependency, ...] = ()
    declared: int = 0
    statements: int = 0
    files: int = 0
    shared: int = 0
    examples: tuple[Example, ...] = ()


async def relationships(world: World) -> list[Relationship]:
    """In order of names; pairs that have nothing to do with each other are absent."""
    found: list[Relationship] = []
    for source in world.members:
        ways: defaultdict[str, list[Way]] = defaultdict(list)
        for way in await world.ways_from(source):
            ways[way.home].append(way)
        for target in world.members:
            if target is not source:
                declared = _declared(source, target.provided.packages)
                if declared or ways[target.repository]:
                    found.append(_relationship(source, target, declared, ways[target.repository]))
    return found


def rivals(members: Iterable[Member]) -> list[tuple[Ecosystem, str, list[str]]]:
    """Packages that more than one repository publishes, with the names of these."""
    held: defaultdict[tuple[Ecosystem, str], set[str]] = defaultdict(set)
    for member in members:
        for package in member.provided.packages:
            held[package.key].add(member.repository)
    return [(*key, sorted(names)) for key, names in sorted(held.items()) if len(names) > 1]


def _declared(source: Member, packages: Iterable[Package]) -> list[Dependency]:
    """Not what the repository publishes itself."""
    own = {package.key for package in source.provided.packages}
    there = {package.key for package in packages} - own
    return [each for each in source.provided.dependencies if there.intersection(each.keys)]


def _relationship(source: Member, target: Member, declared: Sequence[Dependency], ways: Sequence[Way]) -> Relationship:
    statements = {place for way in ways for place in way.places}
    shared = {place for way in ways if way.providers > 1 for place in way.places}
    return Relationship(
        source.repository,
        target.repository,
        tuple(declared[:MAX_DEPENDENCIES]),
        len(declared),
        len(statements),
        len({path for path, _ in statements}),
        len(shared),
        _examples(ways),
    )


def _examples(ways: Sequence[Way]) -> tuple[Example, ...]:
    """What is imported most comes first, and once; places outside of tests before those in tests."""
    found: dict[str, Example] = {}
    for way in sorted(ways, key=lambda each: (-len(each.places), each.wanted)):
        _, module, name = way.wanted
        if way.wanted.language in NAMESPACED and name not in ("", EVERYTHING):  # there is no import of one name there
            module, name = f"{module}.{name}", ""
        if module not in found and len(found) < MAX_EXAMPLES:
            path, line = min(way.places, key=lambda each: (is_test_path(each[0]) or is_aside(each[0]), each))
            target = min([*way.module.files, *way.module.folders], key=lambda each: (len(each), each))
            found[module] = Example(path, line, module, name, target)
    return tuple(found.values())
