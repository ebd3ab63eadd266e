"""Which definitions a use of a name means, by scopes, imports, packages, declared types and bases.

What is imported from elsewhere is no code of this repository and links to nothing, even where a definition here has its
name. A member that is reached through a value of unknown type is linked when few definitions have its name and it is no
name that every library has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pampax.codeintel.imports import EVERYTHING, Imported
from pampax.codeintel.uses import EXPRESSION, Use, UseKind
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
from pampax.graph.modules import NOWHERE, PACKAGE_LANGUAGES, Module
from pampax.graph.scopes import belongs, declared, holders, in_scope, is_open, is_top

MAX_RIVALS = 4  # definitions that a name may mean at once
MAX_DEPTH = 5  # of re-exports, and of bases
MAX_CHAIN = 8  # types of types that are looked for to know one
RECORDED, SCOPED, IMPORTED, PACKAGED, TYPED, INHERITED, NAMED = 1.0, 1.0, 0.95, 0.9, 0.9, 0.85, 0.6
MEMBER = 0.5  # for a member of that name alone, whatever it is reached through

# Languages whose code may name a thing with its module in front, without an import.
_SEPARATORS: Mapping[str, str] = MappingProxyType({"rust": "::", "php": "\\"})
_SCRIPTS = frozenset({"javascript", "typescript", "tsx"})
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


@dataclass(frozen=True, slots=True)
class _Target:
    """What an import brings: definitions, or a module; nothing of either when it comes from elsewhere."""

    definitions: tuple[Definition, ...] = ()
    module: Module = NOWHERE


class Resolver:
    """Links uses of one snapshot's files. Keeps what it has read: one object for one question."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._files: dict[str, SourceFile | None] = {}
        self._named: dict[str, tuple[Definition, ...]] = {}
        self._brought: dict[str, list[Module]] = {}  # of which a file imports everything, by its path
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
        modules = self._shelf.modules
        module = modules.find(imported.module, file.path, file.language)
        if imported.name not in ("", EVERYTHING) and file.language not in _SCRIPTS:
            module = self._inner(file, imported) or module
        inside = [path for folder in sorted(module.folders) for path in modules.in_folder(folder)]
        return [*sorted(module.files), *(path for path in inside if not is_test_path(path))]

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
        if file.recorded is not None:
            kept = [link for link in kept if link.certainty is Certainty.PRECISE]
        return sorted(_once(kept), key=lambda link: (-link.confidence, link.definition.order))

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
        return _once(_certain(found, RECORDED, "from the SCIP index"))

    # Bare names -----------------------------------------------------------------------------------------------------

    async def _bare(self, file: SourceFile, name: str, line: int, kind: UseKind) -> list[Link]:
        own = in_scope(file, name, line)
        if own:
            return _certain(own, SCOPED, "in scope")
        if file.language in _IMPLICIT_SELF:
            members = await self._own_members(file, name, line)
            if members:
                return members
        imported = [each for each in file.uses.imports if each.local == name]
        if imported:
            targets = [await self._target(file, each) for each in imported]
            return _certain([each for target in targets for each in target.definitions], IMPORTED, "imported")
        candidates = [each for each in await self.named(name, file.language) if is_open(each, file)]
        if not candidates:
            return []
        found = [each for each in candidates if await self._is_brought(file, each)]
        if found:
            return _certain(found, IMPORTED, "imported with its module")
        if file.language in PACKAGE_LANGUAGES:
            folder = file.path.rpartition("/")[0]
            found = [each for each in candidates if each.path.rpartition("/")[0] == folder]
            if found:
                return _certain(found, PACKAGED, "of the same package")
        if file.language in _STRICT and not (file.language == "java" and kind is UseKind.TYPE):
            return []
        return _inferred(candidates, NAMED)

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
                self._shelf.modules.find(each.module, file.path, file.language)
                for each in file.uses.imports
                if each.name == EVERYTHING or not each.local
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
                    further = self._shelf.modules.find(each.module, file.path, file.language)
                    if further.holds(definition.path):
                        return True
                    if each.name == EVERYTHING and await self._passes_on(further, definition, depth + 1):
                        return True
        return False

    # Imports --------------------------------------------------------------------------------------------------------

    async def _target(self, file: SourceFile, imported: Imported, depth: int = 0) -> _Target:
        modules, language = self._shelf.modules, file.language
        module = modules.find(imported.module, file.path, language)
        if imported.name in ("", EVERYTHING):
            return _Target((), module)
        wanted = imported.local if imported.name == "default" else imported.name
        tops = await self._tops(module, wanted, language)
        if tops:
            return _Target(tops)
        inner = NOWHERE if language in _SCRIPTS else self._inner(file, imported)
        if inner:
            return _Target(await self._tops(inner, wanted, language), inner)
        if depth < MAX_DEPTH and 0 < len(module.files) <= MAX_RIVALS:
            for passing in await self.read_files(sorted(module.files)):
                for each in passing.uses.imports:
                    if each.local == wanted or each.name == EVERYTHING:
                        renamed = each if each.name != EVERYTHING else each._replace(name=wanted, local=wanted)
                        target = await self._target(passing, renamed, depth + 1)
                        if target.definitions or target.module:
                            return target
            return _Target((), module if imported.name == "default" else NOWHERE)
        return await self._type_module(file, imported)

    async def _tops(self, module: Module, name: str, language: str) -> tuple[Definition, ...]:
        """What the module defines under that name."""
        if not module:
            return ()
        return tuple(each for each in await self.named(name, language) if module.holds(each.path) and is_top(each))

    def _inner(self, file: SourceFile, imported: Imported) -> Module:
        """The module that the imported name itself is."""
        separator = _SEPARATORS.get(file.language, ".")
        joined = f"{imported.module}{'' if imported.module.endswith('.') else separator}{imported.name}"
        return self._shelf.modules.find(joined, file.path, file.language)

    async def _type_module(self, file: SourceFile, imported: Imported) -> _Target:
        """Where modules are types (`import static a.B.c`, `use crate::Kind::*`): the members of that type."""
        parts = [part for part in _LINK.split(imported.module) if part]
        owner = parts[-1] if parts else ""
        found = [
            each
            for each in await self.named(imported.name, file.language)
            if owner and each.holder.rpartition(".")[2] == owner
        ]
        return _Target(tuple(found) if len(found) <= MAX_RIVALS else ())

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
            target = await self._target(file, whole)
            if target.definitions:
                return _certain(target.definitions, IMPORTED, "named with its module")
        return None

    async def _of_import(self, file: SourceFile, use: Use, imported: Imported, rest: Sequence[str]) -> list[Link]:
        target = await self._target(file, imported)
        if target.module and not target.definitions:
            named = await self.named(use.name, file.language)
            inner = rest[-1] if rest else ""
            found = [
                each for each in named if target.module.holds(each.path) and each.holder.rpartition(".")[2] == inner
            ]
            if not found and not rest and target.module.files:
                again = Imported(imported.module, use.name, use.name, use.line)
                if imported.name == "":
                    found = list((await self._target(file, again)).definitions)
            return _certain(found, IMPORTED, "of an imported module")
        links = await self._members_of_all(_types(target.definitions), use.name, file.language)
        if links or not target.definitions:
            return links
        for each in target.definitions:
            known = await self._type_of_variable(each) if each.kind == VARIABLE else None
            if known is not None:
                return await self._members_of_all(known, use.name, file.language)
        return await self._any_member(file, use)

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
        return _inferred(members, MEMBER)

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
        members = [each for each in await self.named(name, language) if belongs(each, holder)]
        if members:
            share = TYPED if depth == 0 else INHERITED
            return _certain(members, share, f"of {holder.name}" if depth == 0 else f"inherited from {holder.name}")
        if depth >= MAX_DEPTH:
            return []
        found: list[Link] = []
        for base in await self._bases(holder):
            found += await self._members(base, name, language, depth + 1)
        return found

    async def _bases(self, holder: Definition) -> list[Definition]:
        """Empty while they are looked for: where a bare name may be a member, a base may be one of its own type."""
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


def _stem(path: str) -> str:
    return path.rpartition("/")[2].partition(".")[0]


def _types(definitions: Iterable[Definition]) -> list[Definition]:
    return [each for each in definitions if each.kind == TYPE]


def _certain(definitions: Iterable[Definition], confidence: float, why: str) -> list[Link]:
    found = list(dict.fromkeys(definitions))
    named = [each for each in found if each.kind != "declaration"] or found
    if len(named) > MAX_RIVALS:
        return []
    return [Link(each, Certainty.PRECISE, confidence, why) for each in named]


def _inferred(definitions: Sequence[Definition], confidence: float) -> list[Link]:
    named = [each for each in definitions if each.kind != "declaration"] or list(definitions)
    if not 0 < len(named) <= MAX_RIVALS:
        return []
    why = "the only one of that name" if len(named) == 1 else f"one of {len(named)} of that name"
    return [Link(each, Certainty.INFERRED, round(confidence / len(named), 3), why) for each in named]


def _once(links: Iterable[Link]) -> list[Link]:
    best: dict[Definition, Link] = {}
    for link in links:
        known = best.get(link.definition)
        if known is None or known.confidence < link.confidence:
            best[link.definition] = link
    return list(best.values())
