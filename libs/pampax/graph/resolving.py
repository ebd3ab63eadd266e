"""Which definitions a use of a name means, by scopes, imports, packages, declared types and bases.

What is imported from elsewhere is no code of this repository and links to nothing here, even where a definition has its
name. It links to the repository that provides the module, when that is one of those which the question is about. A
member that is reached through a value of unknown type is linked when few definitions have its name and it is no name
that every library has; never to another repository.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from pampax.codeintel.imports import EVERYTHING, Imported
from pampax.codeintel.uses import EXPRESSION, Use, UseKind
from pampax.graph.finding import NAMESPACED
from pampax.graph.links import MAX_RIVALS, certain, inferred, once, shared
from pampax.graph.model import (
    FUNCTION,
    TYPE,
    VARIABLE,
    Certainty,
    Definition,
    Link,
    Shelf,
    SourceFile,
    is_test_path,
    related,
    without_overloads,
)
from pampax.graph.modules import NOWHERE, PACKAGE_LANGUAGES, SCRIPTS, Module
from pampax.graph.scopes import belongs, declared, holders, in_scope, is_open, is_top

MAX_DEPTH = 5  # of re-exports, and of bases
MAX_CHAIN = 8  # types of types that are looked for to know one
RECORDED, SCOPED, IMPORTED, PACKAGED, TYPED, INHERITED, NAMED = 1.0, 1.0, 0.95, 0.9, 0.9, 0.85, 0.6
MEMBER = 0.5  # for a member of that name alone, whatever it is reached through

# Languages whose code may name a thing with its module in front, without an import.
_SEPARATORS: Mapping[str, str] = MappingProxyType({"rust": "::", "php": "\\"})
# A package or a namespace may lie in several repositories at once.
_SPLIT = frozenset({"java", "kotlin", "scala", "php", *NAMESPACED})
_SELF = frozenset({"self", "this", "cls", "Self", "static", "@self"})
_SUPER = frozenset({"super", "super()", "base", "parent"})
# A member may be named without saying whose it is.
_IMPLICIT_SELF = frozenset({"java", "csharp", "kotlin", "scala", "swift", "cpp", "dart", "ruby"})
# A bare name is defined in the file, imported, of the package, or built in.
_STRICT = frozenset({"python", "javascript", "typescript", "tsx", "go", "rust", "java", "zig"})
_LINK = re.compile(r"[?!]?(?:\.|->|::|\\)")
_CALLED = re.compile(r"\([^()]*\)$")
_RESULT = re.compile(
    r"(?:->|\)\s*:|=>)\s*(?:[&*?\[\]\"']|mut\b|Promise<|Awaitable\[|Optional\[|Result<|Option<|Self\b)*([A-Za-z_][\w.]*)"
)
_GO_RESULT = re.compile(r"\)\s*\(?[*\[\]]*([A-Za-z_][\w.]*)[^()]*\)?\s*$")
_BEFORE_NAME = re.compile(r"([A-Za-z_][\w.]*)(?:<[^<>]*>)?[\s*&\[\]?]+\w+\s*\($")
_COMMON_TEXT = """
    __init__ accept add addEventListener all and append apply bind build call catch clear clone close code compare
    connect contains copy count create data decode default delete dispatch display do each emit empty encode end
    equals error exec execute exists exit extend fail fetch filter finally find first flush forEach format from get
    has hash hashCode header id index info init insert invoke is isEmpty item items iter join key keys kind last len
    length list load lock log main make map match max message min name new next now of off on once open or parse path
    peek ping pop post process push put read reduce register remove render replace request reset resolve respond
    result run save search select send set setup shift size sleep slice sort source split start state status stop str
    strip sum take test text then to toString trim type uniq unlock unwrap update upper url use value values wait warn
    with write
"""
_COMMON = frozenset(_COMMON_TEXT.split())


class Abroad(Protocol):
    """The other repositories that a question is about, as one of them sees them."""

    def home(self, repository: str) -> Resolver:
        """Whoever resolves there; also for the own one."""
        ...

    def claims(self, language: str, module: str) -> bool:
        """Whether another one provides the module in a language where its name says so beyond doubt."""
        ...

    def giving(self, language: str, module: str) -> Sequence[tuple[Resolver, Module]]:
        """The modules of that name in others; none when it is one of the own."""
        ...


@dataclass(frozen=True, slots=True)
class _Target:
    """What an import brings: definitions, or a module of the repository that `home` resolves."""

    home: Resolver
    definitions: tuple[Definition, ...] = ()
    module: Module = NOWHERE

    def __bool__(self) -> bool:
        return bool(self.definitions or self.module)


class Resolver:
    """Links uses of one snapshot's files. Keeps what it has read: one object for one question."""

    def __init__(self, shelf: Shelf, repository: str = "", abroad: Abroad | None = None) -> None:
        self.repository = repository
        self._shelf = shelf
        self._abroad = abroad
        self._files: dict[str, SourceFile | None] = {}
        self._named: dict[str, tuple[Definition, ...]] = {}
        self._brought: dict[str, list[Module]] = {}  # of which a file imports everything, by its path
        self._brought_abroad: dict[str, list[tuple[Resolver, Module, str]]] = {}  # likewise, with the modules' names
        self._asking: set[tuple[str, str, int]] = set()  # types that are being looked for: `url = url.join(part)`
        self._bases_of: dict[Definition, list[Definition]] = {}

    async def file(self, path: str) -> SourceFile | None:
        await self.read_files((path,))
        return self._files[path]

    async def read_files(self, paths: Iterable[str]) -> list[SourceFile]:
        """All at once, those that exist."""
        asked = list(dict.fromkeys(paths))
        missing = [path for path in asked if path not in self._files]
        if missing:
            self._files |= dict.fromkeys(missing)
            self._files |= {file.path: file for file in await self._shelf.files(missing)}
        return [file for path in asked if (file := self._files[path]) is not None]

    async def read_names(self, names: Iterable[str]) -> None:
        """All at once."""
        missing = {name for name in names if name} - self._named.keys()
        if missing:
            self._named |= dict.fromkeys(missing, ())
            for definition in without_overloads(await self._shelf.definitions(missing)):
                self._named[definition.name] = (*self._named.get(definition.name, ()), definition)

    async def named(self, name: str, language: str) -> list[Definition]:
        """The definitions of that name which code of the language may use."""
        await self.read_names((name,))
        return [each for each in self._named[name] if related(language, each.language)]

    def files_of(self, file: SourceFile, imported: Imported) -> list[str]:
        """The files of the module that an import names, or that what it takes from there is itself."""
        module = self._find(imported.module, file)
        if imported.name not in ("", EVERYTHING) and file.language not in SCRIPTS:
            module = self._inner(file, imported) or module
        return self.paths_of(module)

    def paths_of(self, module: Module) -> list[str]:
        """All files that are the module."""
        inside = [path for folder in sorted(module.folders) for path in self._shelf.modules.in_folder(folder)]
        return [*sorted(module.files), *(path for path in inside if not is_test_path(path))]

    def modules_abroad(self, file: SourceFile, imported: Imported) -> list[tuple[Resolver, Module]]:
        """Modules of other repositories that an import means; none when it means one of its own."""
        if self._abroad is None:
            return []
        inner = [] if imported.name in ("", EVERYTHING) else self._abroad.giving(file.language, _whole(file, imported))
        found = inner or self._abroad.giving(file.language, imported.module)
        # Of a package that lies here as well, what it names may be here.
        if not found or ((not inner or file.language not in _SPLIT) and self.files_of(file, imported)):
            return []
        return list(found)

    async def links(self, file: SourceFile, use: Use) -> list[Link]:
        """Best first; nothing for a name of the language, of a library or of nowhere. Where an index has recorded the
        file, nothing is inferred."""
        recorded = await self._recorded(file, use)
        if recorded:
            return recorded
        if use.through:
            found = await self._reached(file, use)
        else:
            found = await self._bare(file, use.name, use.line, use.kind)
        kinds = {TYPE} if use.kind in (UseKind.INHERIT, UseKind.TYPE) else None
        kept = [link for link in found if kinds is None or link.definition.kind in kinds]
        if self._abroad is not None:
            kept = shared(kept)
        if file.recorded is not None:
            kept = [link for link in kept if link.certainty is Certainty.PRECISE]
        return sorted(once(kept), key=lambda link: (-link.confidence, link.definition.order))

    # What an index says ---------------------------------------------------------------------------------------------

    async def read_recorded(self, file: SourceFile, uses: Iterable[Use]) -> None:
        """The files that the uses lead to as an index says, all at once."""
        if file.recorded is not None:
            known = [file.recorded.get((use.line, use.name), ()) for use in uses]
            await self.read_files(place.path for places in known for place in places)

    async def _recorded(self, file: SourceFile, use: Use) -> list[Link]:
        """A definition that has gone from its file since then is left out."""
        found: list[Definition] = []
        for place in (file.recorded or {}).get((use.line, use.name), ()):
            target = await self.file(place.path)
            named = (
                [each for each in target.definitions if each.qualified_name == place.qualified_name] if target else []
            )
            if named:
                found.append(min(named, key=lambda each: abs(each.start_line - place.line)))
        return once(certain(found, RECORDED, "from the SCIP index"))

    # Bare names -----------------------------------------------------------------------------------------------------

    async def _bare(self, file: SourceFile, name: str, line: int, kind: UseKind) -> list[Link]:
        own = in_scope(file, name, line)
        if own:
            return certain(own, SCOPED, "in scope")
        if file.language in _IMPLICIT_SELF:
            members = await self._own_members(file, name, line)
            if members:
                return members
        imported = [each for each in file.uses.imports if each.local == name]
        if imported:
            targets = [target for each in imported for target in await self._targets(file, each)]
            return certain([each for target in targets for each in target.definitions], IMPORTED, "imported")
        return await self._open(file, name, kind)

    async def _open(self, file: SourceFile, name: str, kind: UseKind) -> list[Link]:
        """What other files define under the name and let everybody use, or those that import their module."""
        candidates = [each for each in await self.named(name, file.language) if is_open(each, file)]
        found = [each for each in candidates if await self._is_brought(file, each)]
        if found:
            return certain(found, IMPORTED, "imported with its module")
        if file.language in PACKAGE_LANGUAGES:
            folder = file.path.rpartition("/")[0]
            found = [each for each in candidates if each.path.rpartition("/")[0] == folder]
            if found:
                return certain(found, PACKAGED, "of the same package")
        found = await self._brought_from_abroad(file, name) if self._abroad is not None else []
        if found:
            return certain(found, IMPORTED, "imported with its module")
        if file.language in _STRICT and not (file.language == "java" and kind is UseKind.TYPE):
            return []
        return inferred(candidates, NAMED)

    async def _own_members(self, file: SourceFile, name: str, line: int) -> list[Link]:
        for holder in holders(file, line):
            found = await self._members(holder, name, file.language)
            if found:
                return found
        return []

    async def _is_brought(self, file: SourceFile, definition: Definition) -> bool:
        """By an import of everything that a module has."""
        if file.path not in self._brought:
            self._brought[file.path] = [
                self._find(each.module, file) for each in file.uses.imports if each.name == EVERYTHING or not each.local
            ]
        for module in self._brought[file.path]:
            if module.holds(definition.path) or await self._passes_on(module, definition, 0):
                return True
        return False

    async def _passes_on(self, module: Module, definition: Definition, depth: int) -> bool:
        """Whether a file of the module exports the definition of another one, or its header declares it."""
        if definition.language in ("c", "cpp"):
            stem = _stem(definition.path)
            return any(_stem(path) == stem for path in module.files)
        if depth >= MAX_DEPTH or len(module.files) > MAX_RIVALS:
            return False
        for file in await self.read_files(sorted(module.files)):
            for each in file.uses.imports:
                if each.local == definition.name or each.name == EVERYTHING:
                    further = self._find(each.module, file)
                    if further.holds(definition.path):
                        return True
                    if each.name == EVERYTHING and await self._passes_on(further, definition, depth + 1):
                        return True
        return False

    # Imports --------------------------------------------------------------------------------------------------------

    def _find(self, module: str, file: SourceFile) -> Module:
        """The module of this repository that the file means."""
        if self._abroad is not None and self._abroad.claims(file.language, module):
            return NOWHERE
        return self._shelf.modules.find(module, file.path, file.language)

    async def _targets(self, file: SourceFile, imported: Imported, depth: int = 0) -> list[_Target]:
        """What is here; else, of every other repository that has it, what is there."""
        module = self._find(imported.module, file)
        found = await self._given(module, lambda: self._inner(file, imported), imported, file.language, depth)
        if not found and self._abroad is not None and (not module.files or file.language in _SPLIT):
            found = await self._targets_abroad(file, imported, depth)
        if found or imported.name in ("", EVERYTHING) or _is_followed(module, depth):
            return found
        target = await self._type_module(file, imported)
        return [target] if target else []

    async def _targets_abroad(self, file: SourceFile, imported: Imported, depth: int) -> list[_Target]:
        assert self._abroad is not None
        inner = dict(self._abroad.giving(file.language, _whole(file, imported)))
        outer = dict(self._abroad.giving(file.language, imported.module))
        found: list[_Target] = []
        for home in dict.fromkeys([*outer, *inner]):
            within = inner.get(home, NOWHERE)
            found += await home.given(outer.get(home, NOWHERE), within, imported, file.language, depth + 1)
        return found

    async def given(
        self, module: Module, inner: Module, imported: Imported, language: str, depth: int
    ) -> list[_Target]:
        """What a file of another repository gets from a module of this one; `inner` is the one that the imported name
        itself is."""
        return await self._given(module, lambda: inner, imported, language, depth)

    async def _given(
        self, module: Module, inner: Callable[[], Module], imported: Imported, language: str, depth: int
    ) -> list[_Target]:
        if imported.name in ("", EVERYTHING):
            return [_Target(self, (), module)] if module else []
        wanted = imported.local if imported.name == "default" else imported.name
        tops = await self._tops(module, wanted, language)
        if tops:
            return [_Target(self, tops)]
        within = NOWHERE if language in SCRIPTS else inner()
        if within:
            return [_Target(self, await self._tops(within, wanted, language), within)]
        if not _is_followed(module, depth):
            return []
        for passing in await self.read_files(sorted(module.files)):
            for each in passing.uses.imports:
                if each.local == wanted or each.name == EVERYTHING:
                    renamed = each if each.name != EVERYTHING else each._replace(name=wanted, local=wanted)
                    targets = await self._targets(passing, renamed, depth + 1)
                    if targets:
                        return targets
        return [_Target(self, (), module)] if imported.name == "default" else []

    async def _brought_from_abroad(self, file: SourceFile, name: str) -> list[Definition]:
        """By imports of everything that a module of another repository has."""
        assert self._abroad is not None
        if file.path not in self._brought_abroad:
            named = [
                _whole(file, each) if file.language in NAMESPACED and each.name != EVERYTHING else each.module
                for each in file.uses.imports
                if each.name == EVERYTHING or not each.local or file.language in NAMESPACED
            ]
            self._brought_abroad[file.path] = [
                (home, module, each)
                for each in dict.fromkeys(named)
                for home, module in self._abroad.giving(file.language, each)
            ]
        given = self._brought_abroad[file.path]
        return [each for home, module, named in given for each in await home.brings(module, named, name, file.language)]

    async def brings(self, module: Module, named: str, name: str, language: str) -> list[Definition]:
        """What a file of another repository may call by a bare name, which imports all that the module has."""
        holder = _LINK.sub(".", named)
        return [
            each
            for each in await self.named(name, language)
            if (each.holder == holder if language in NAMESPACED else _is_given(each, holder))
            and (module.holds(each.path) or await self._passes_on(module, each, 0))
        ]

    def _home(self, each: Definition) -> Resolver:
        return self if self._abroad is None else self._abroad.home(each.repository)

    async def _tops(self, module: Module, name: str, language: str) -> tuple[Definition, ...]:
        """What the module defines under that name."""
        if not module:
            return ()
        return tuple(each for each in await self.named(name, language) if module.holds(each.path) and is_top(each))

    def _inner(self, file: SourceFile, imported: Imported) -> Module:
        """The module that the imported name itself is."""
        return self._find(_whole(file, imported), file)

    async def _type_module(self, file: SourceFile, imported: Imported) -> _Target:
        """Where modules are types (`import static a.B.c`, `use crate::Kind::*`): the members of that type."""
        parts = [part for part in _LINK.split(imported.module) if part]
        owner = parts[-1] if parts else ""
        found = [
            each
            for each in await self.named(imported.name, file.language)
            if owner and each.holder.rpartition(".")[2] == owner
        ]
        return _Target(self, tuple(found) if len(found) <= MAX_RIVALS else ())

    # Names that are reached through something -----------------------------------------------------------------------

    async def _reached(self, file: SourceFile, use: Use) -> list[Link]:
        path = [part for part in _LINK.split(use.through.replace("$", "")) if part]
        if use.through == EXPRESSION or not path:
            return await self._any_member(file, use)
        if path[0] in _SUPER and len(path) == 1:
            return await self._inherited(file, use)
        if path[0] in _SELF and len(path) == 1:
            return await self._own_members(file, use.name, use.line)
        bound = declared(file, ".".join(["self", *path[1:]] if path[0] in _SELF else path), use.line)
        known = await self._type_of(file, bound.type, bound.line) if bound is not None else None
        if known is not None:
            return await self._members_of_all(known, use.name, file.language)
        found = await self._through_import(file, use, path)
        if found is not None:
            return found
        known = await self._type_of(file, ".".join(path), use.line) if len(path) > 1 else None
        if known is not None:
            return await self._members_of_all(known, use.name, file.language)
        return await self._of_type(file, use, path)

    async def _of_type(self, file: SourceFile, use: Use, path: Sequence[str]) -> list[Link]:
        """Where the path ends in a type or in the call that makes one: `Pool().open`, `Pool::new`."""
        last = _CALLED.sub("", path[-1])
        known = await self._type_of(file, last, use.line) if len(path) == 1 and last != path[0] else None
        if known is not None:
            return await self._members_of_all(known, use.name, file.language)
        if len(path) == 1 or file.language in ("rust", "cpp", "php", "ruby", "elixir"):
            types = [each.definition for each in await self._bare(file, last, use.line, UseKind.TYPE)]
            links = await self._members_of_all(_types(types), use.name, file.language)
            if links:
                return links
        return await self._any_member(file, use)

    async def _through_import(self, file: SourceFile, use: Use, path: Sequence[str]) -> list[Link] | None:
        """None when no import brings what the name is reached through."""
        for length in range(len(path), 0, -1):
            local = ".".join(path[:length])
            for each in file.uses.imports:
                if each.local == local:
                    return await self._of_import(file, use, each, path[length:])
        if file.language in _SEPARATORS:
            whole = Imported(_SEPARATORS[file.language].join(path), use.name, use.name, use.line)
            found = [each for target in await self._targets(file, whole) for each in target.definitions]
            if found:
                return certain(found, IMPORTED, "named with its module")
        if self._abroad is not None and file.language in NAMESPACED:
            return await self._named_abroad(file, use, path)
        return None

    async def _named_abroad(self, file: SourceFile, use: Use, path: Sequence[str]) -> list[Link] | None:
        """Where the whole name of a type stands in front, and it is none of this repository."""
        assert self._abroad is not None
        qualified = ".".join(path)
        if any(each.holder == qualified for each in await self.named(use.name, file.language)):
            return None
        found = [
            each
            for home, module in self._abroad.giving(file.language, NAMESPACED[file.language].join(path))
            for each in await home.named(use.name, file.language)
            if each.holder == qualified and (module.holds(each.path) or each.kind == TYPE)
        ]
        return certain(found, IMPORTED, "named with its module") or None

    async def _of_import(self, file: SourceFile, use: Use, imported: Imported, rest: Sequence[str]) -> list[Link]:
        targets = await self._targets(file, imported)
        return [link for each in targets for link in await self._of_target(file, use, imported, rest, each)]

    async def _of_target(
        self, file: SourceFile, use: Use, imported: Imported, rest: Sequence[str], target: _Target
    ) -> list[Link]:
        if target.module and not target.definitions:
            named = await target.home.named(use.name, file.language)
            inner = rest[-1] if rest else ""
            found = [
                each for each in named if target.module.holds(each.path) and each.holder.rpartition(".")[2] == inner
            ]
            if not found and not rest and target.module.files:
                again = Imported(imported.module, use.name, use.name, use.line)
                if imported.name == "":
                    further = await self._targets(file, again)
                    found = [each for one in further if one.home is target.home for each in one.definitions]
            return certain(found, IMPORTED, "of an imported module")
        links = await self._members_of_all(_types(target.definitions), use.name, file.language)
        if links or not target.definitions:
            return links
        for each in target.definitions:
            known = await self._type_of_variable(each) if each.kind == VARIABLE else None
            if known is not None:
                return await self._members_of_all(known, use.name, file.language)
        return await self._any_member(file, use) if target.home is self else []

    async def _any_member(self, file: SourceFile, use: Use) -> list[Link]:
        """By the name alone."""
        if use.kind is not UseKind.CALL or use.name in _COMMON or len(use.name) < 4:
            return []
        members = [
            each
            for each in await self.named(use.name, file.language)
            if each.kind != TYPE
            and (each.holder or file.language in ("c", "lua"))
            and (is_test_path(file.path) or not is_test_path(each.path))
        ]
        return inferred(members, MEMBER)

    # Types and members ----------------------------------------------------------------------------------------------

    async def _type_of(self, file: SourceFile, written: str, line: int) -> list[Definition] | None:
        """The types that a declaration or the result of a call has; empty for one from elsewhere, None when unknown."""
        key = (file.path, written, line)
        if key in self._asking or len(self._asking) >= MAX_CHAIN:
            return None
        self._asking.add(key)
        try:
            return await self._type_written(file, written, line)
        finally:
            self._asking.remove(key)

    async def _type_written(self, file: SourceFile, written: str, line: int) -> list[Definition] | None:
        path = [part for part in _LINK.split(written) if part]
        if not path:
            return None
        use = Use(path[-1], UseKind.READ, ".".join(path[:-1]), line)
        links = await self.links(file, use)
        types = _types(link.definition for link in links)
        if types:
            return types
        for link in links:
            if link.definition.kind == FUNCTION and link.confidence > MEMBER:
                return await self._result_of(link.definition)
            if link.definition.kind == VARIABLE and link.confidence > MEMBER:
                return await self._type_of_variable(link.definition)
        if len(path) > 1:  # Type.create(), Type::new
            outer = Use(path[-2], UseKind.READ, ".".join(path[:-2]), line)
            types = _types(link.definition for link in await self.links(file, outer))
            if types:
                return types
        if len(path) > 1 and not any(each.local in (path[0], ".".join(path[:-1])) for each in file.uses.imports):
            return None
        return None if links else []

    async def _type_of_variable(self, variable: Definition) -> list[Definition] | None:
        """By the declaration that defines it."""
        home = self._home(variable)
        if home is not self:
            return await home._type_of_variable(variable)  # noqa: SLF001 - of the same class
        file = await self.file(variable.path)
        if file is None:
            return None
        for bound in file.uses.bound:
            inside = variable.start_line <= bound.line <= variable.end_line
            if inside and bound.name.rpartition(".")[2] == variable.name:
                return await self._type_of(file, bound.type, bound.line)
        return None

    async def _result_of(self, function: Definition) -> list[Definition] | None:
        """By what its signature says."""
        home = self._home(function)
        if home is not self:
            return await home._result_of(function)  # noqa: SLF001 - of the same class
        signature = function.signature
        found = _GO_RESULT.search(signature) if function.language == "go" else _RESULT.search(signature)
        if found is None and function.language in ("java", "csharp", "c", "cpp", "dart"):
            found = _BEFORE_NAME.search(signature.partition("(")[0] + "(")
        file = await self.file(function.path)
        if found is None or file is None:
            return None
        return await self._type_of(file, found[1], function.start_line)

    async def _members_of_all(self, types: Iterable[Definition], name: str, language: str) -> list[Link]:
        return [link for each in types for link in await self._members(each, name, language)]

    async def _members(self, holder: Definition, name: str, language: str, depth: int = 0) -> list[Link]:
        """Of a type, or else of its bases."""
        home = self._home(holder)
        if home is not self:
            return await home._members(holder, name, language, depth)  # noqa: SLF001 - of the same class
        members = [each for each in await self.named(name, language) if belongs(each, holder)]
        if members:
            share = TYPED if depth == 0 else INHERITED
            return certain(members, share, f"of {holder.name}" if depth == 0 else f"inherited from {holder.name}")
        if depth >= MAX_DEPTH:
            return []
        found: list[Link] = []
        for base in await self._bases(holder):
            found += await self._members(base, name, language, depth + 1)
        return found

    async def _bases(self, holder: Definition) -> list[Definition]:
        """Empty while they are looked for: where a bare name may be a member, a base may be one of its own type."""
        home = self._home(holder)
        if home is not self:
            return await home._bases(holder)  # noqa: SLF001 - of the same class
        if holder not in self._bases_of:
            self._bases_of[holder] = []
            self._bases_of[holder] = await self._bases_written(holder)
        return self._bases_of[holder]

    async def _bases_written(self, holder: Definition) -> list[Definition]:
        file = await self.file(holder.path)
        if file is None:
            return []
        found: list[Definition] = []
        for use in file.uses.uses:
            if use.kind is UseKind.INHERIT and holder.start_line <= use.line <= holder.end_line:
                inside = [each for each in file.around(use.line) if each.kind == TYPE]
                if inside and inside[-1].qualified_name == holder.qualified_name and use.name != holder.name:
                    found += [link.definition for link in await self.links(file, use)]
        return [each for each in found if each != holder]

    async def _inherited(self, file: SourceFile, use: Use) -> list[Link]:
        for holder in holders(file, use.line):
            for base in await self._bases(holder):
                found = await self._members(base, use.name, file.language, 1)
                if found:
                    return found
        return []


def _whole(file: SourceFile, imported: Imported) -> str:
    """The module and the name, in one."""
    if imported.name in ("", EVERYTHING):
        return imported.module
    separator = _SEPARATORS.get(file.language, ".")
    return f"{imported.module}{'' if imported.module.endswith('.') else separator}{imported.name}"


def _is_followed(module: Module, depth: int) -> bool:
    """Whether the files of a module are looked at for what they pass on."""
    return depth < MAX_DEPTH and 0 < len(module.files) <= MAX_RIVALS


def _is_given(each: Definition, holder: str) -> bool:
    """Whether whoever imports everything of a module gets it: types, what stands at the top, and what stands in an
    object that is called as the module."""
    return each.kind == TYPE or not each.holder or each.holder.rpartition(".")[2] == holder.rpartition(".")[2]


def _stem(path: str) -> str:
    return path.rpartition("/")[2].partition(".")[0]


def _types(definitions: Iterable[Definition]) -> list[Definition]:
    return [each for each in definitions if each.kind == TYPE]
