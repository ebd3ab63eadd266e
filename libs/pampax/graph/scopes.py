"""What the definitions of one file, and their names, say about what a name may mean there. Pure."""

from __future__ import annotations

from pampax.codeintel.bindings import Bound
from pampax.graph.model import FUNCTION, TYPE, Definition, SourceFile

# Namespaces qualify names in these, so a holder says little about whether a name can be used bare.
_NAMESPACES = frozenset({"csharp", "cpp", "php", "ruby", "rust", "elixir", "scala", "kotlin", "java"})
# A type in a type is known bare inside it.
_NESTED_TYPES = frozenset({"java", "csharp", "kotlin"})
# Members of a type may be defined anywhere.
_OPEN_TYPES = frozenset({"rust", "swift", "cpp", "csharp", "ruby", "kotlin"})


def in_scope(file: SourceFile, name: str, line: int) -> list[Definition]:
    """Definitions of the file that the bare name may mean there, the innermost ones."""
    own = [each for each in file.definitions if each.name == name]
    if not own:
        return []
    scopes = [each.qualified_name for each in file.around(line) if each.kind == FUNCTION][::-1]
    for scope in [*scopes, ""]:
        found = [each for each in own if each.holder == scope]
        if found:
            return found
    # Modules and namespaces qualify names that the file knows bare.
    outer = {each.qualified_name for each in file.definitions if each.kind in (TYPE, FUNCTION)}
    around = {each.qualified_name for each in file.around(line)} if file.language in _NESTED_TYPES else set()
    return [each for each in own if each.holder not in outer or (each.kind == TYPE and each.holder in around)]


def holders(file: SourceFile, line: int) -> list[Definition]:
    """The types around a line, the innermost first; for methods outside of their type's body, a type of that name."""
    around = file.around(line)[::-1]
    types = [each for each in around if each.kind == TYPE]
    inside = {each.qualified_name for each in types}
    names = {each.holder for each in around if each.kind == FUNCTION and each.holder} - inside
    outside = [each for each in file.definitions if each.kind == TYPE and each.qualified_name in names]
    if not outside and not types:
        outside = [_unseen(around[0], name) for name in sorted(names)]
    return [*types, *outside]


def _unseen(method: Definition, name: str) -> Definition:
    """A type that stands in another file, as far as one of its methods tells: enough to look for its members."""
    last, line = name.rpartition(".")[2], method.start_line
    return Definition(
        method.path, method.language, last, name, TYPE, line, line, "", exported=True, repository=method.repository
    )


def belongs(member: Definition, holder: Definition) -> bool:
    """Whether the member is one of that type."""
    if member.holder == holder.qualified_name and member.path == holder.path:
        return True
    if member.holder.rpartition(".")[2] != holder.name:
        return False
    return member.path != holder.path and (_folder(member) == _folder(holder) or holder.language in _OPEN_TYPES)


def is_top(definition: Definition) -> bool:
    """Whether it stands in no other definition, as far as its qualified name tells that."""
    return not definition.holder or definition.language in _NAMESPACES


def is_open(definition: Definition, file: SourceFile) -> bool:
    """Whether a bare name in another file may mean it."""
    if definition.path == file.path:
        return False
    if definition.kind == TYPE:
        return True
    return is_top(definition) and (definition.exported or _folder(definition) == _folder(file))


def declared(file: SourceFile, name: str, line: int) -> Bound | None:
    """The last declaration of the variable before the line that its function, type or file holds."""
    known = [each for each in file.uses.bound if each.name == name]
    if not known:
        tail = name.removeprefix("self.")
        known = [each for each in file.uses.bound if tail != name and each.name == tail]
    if not known:
        return None
    for scope in file.around(line)[::-1]:
        inside = [each for each in known if scope.start_line <= each.line <= scope.end_line]
        if inside:
            before = [each for each in inside if each.line < line]
            return before[-1] if before else inside[0]
    outside = [each for each in known if not any(one.kind == FUNCTION for one in file.around(each.line))]
    return outside[-1] if outside else None


def _folder(each: Definition | SourceFile) -> str:
    return each.path.rpartition("/")[0]
