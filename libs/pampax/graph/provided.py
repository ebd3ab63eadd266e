"""What a repository gives to others: its packages, and the modules by which code elsewhere imports it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pampax.graph.finding import Find, family, head
from pampax.graph.modules import NOWHERE, Module, Modules
from pampax.graph.offering import Source, offer_of
from pampax.packages.model import Dependency, Manifest, Package

MAX_SHOWN_MODULES = 50


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Provided:
    """`names`: modules at the top, by language, for people. `heads`: by what modules that are given may begin, by
    family of languages; `published` are those of them that a manifest stands for. `notices` tell what was left out."""

    packages: tuple[Package, ...]
    dependencies: tuple[Dependency, ...]
    names: Mapping[str, tuple[str, ...]]
    heads: frozenset[tuple[str, str]]
    published: frozenset[tuple[str, str]]
    notices: tuple[str, ...]
    _finders: Mapping[str, Find]

    def find(self, language: str, module: str) -> Module:
        """What `module` is here, as a file of another repository writes it; NOWHERE for one that is not given."""
        found = self._finders.get(family(language))
        if found is None or head(language, module) not in self.heads:
            return NOWHERE
        return found(module)


NOTHING = Provided((), (), {}, frozenset(), frozenset(), (), {})


def provided(
    sources: Sequence[Source],
    modules: Modules,
    manifests: Sequence[Manifest],
    types: Mapping[str, Mapping[str, Sequence[str]]],
    notices: Sequence[str] = (),
) -> Provided:
    """`types`: paths by qualified name, for the languages of NAMESPACED."""
    offer = offer_of(sources, modules, manifests, types)
    return Provided(
        tuple(sorted({package for manifest in manifests for package in manifest.packages})),
        tuple(sorted({need for manifest in manifests for need in manifest.dependencies})),
        {kind: tuple(sorted(names)[:MAX_SHOWN_MODULES]) for kind, names in sorted(offer.names.items())},
        frozenset(offer.heads),
        frozenset(offer.published),
        tuple(notices),
        offer.finders(),
    )
