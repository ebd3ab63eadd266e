"""Names that code uses, and how much the definition of such a name matters to somebody who reads the code.

There is no resolution here: a name is taken for a definition when its form of use, its file and its language allow it
and hardly anything else in the repository has that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from pampax.assembly.candidates import Candidate
from pampax.assembly.plain_code import readable, without_imports, without_prose
from pampax.assembly.source import Definition
from pampax.codeintel.path_kinds import is_test
from pampax.graph.model import related

MAX_NAMES = 600  # looked up for one repository
MAX_NAME_CHARS = 200  # what the index folds
MAX_DEFINING_FILES = 3  # a name that more files define says nothing about which one is meant
CALLED, MENTIONED = 0.25, 0.12  # share of the user's value that a used definition is worth
MEMBER_SHARE = 0.5  # of that, for a member reached through a value whose type nobody has looked up
KIND_SHARES = {"type": 1.0, "function": 1.0, "declaration": 0.7, "variable": 0.5}

_NAME = re.compile(
    r"(?:(?P<through>[\w$\])}]*)\s{0,40}(?P<access>\.|->|::|\?\.))?(?P<name>[A-Za-z_$][\w$]{2,})"
    r"(?P<call>\s*(?:::<|<[\w, ]*>)?\()?"
)
# Types that every language brings along; where an index has them as names, it has misread a declaration.
_PRIMITIVES = frozenset(
    {"int", "char", "long", "short", "void", "bool", "boolean", "float", "double", "str", "byte", "null", "nil", "none",
     "true", "false"}
)  # fmt: skip
_SELF = frozenset({"self", "this", "cls", "super", "Self"})


@dataclass(frozen=True, slots=True)
class Use:
    """A candidate that uses a name: called or not, bare or not, and what it is reached through otherwise."""

    by: Candidate
    language: str
    called: bool
    bare: bool
    through: frozenset[str]

    def share(self, definition: Definition, path: str, language: str) -> float:
        """How far this use speaks for that definition, 0 when it cannot mean it."""
        if not related(self.language, language) or (is_test(path) and not is_test(self.by.place.path)):
            return 0.0
        share = CALLED if self.called else MENTIONED
        holder = definition.qualified_name.rpartition(".")[0]
        if not holder:
            return share if self.bare or self.through & _names_of(path) else 0.0
        own = self.by.symbol == holder or self.by.symbol.startswith(f"{holder}.")
        if own and (self.bare or self.through & _SELF):
            return share
        if self.through & {holder.rpartition(".")[2]}:
            return share
        return share * MEMBER_SHARE if self.through - _SELF else 0.0


def uses(texts: Iterable[tuple[Candidate, str, str]]) -> dict[str, list[Use]]:
    """Name -> who uses it. `texts` holds candidates with text and language, the best first."""
    found: dict[str, list[Use]] = {}
    for each, text, language in texts:
        own: dict[str, Use] = {}
        for match in _NAME.finditer(without_prose(without_imports(readable(text)), language)):
            name, through = match["name"], match["through"]
            if name.lower() in _PRIMITIVES:
                continue
            before = own.get(name, Use(each, language, called=False, bare=False, through=frozenset()))
            own[name] = Use(
                each, language, before.called or match["call"] is not None, before.bare or match["access"] is None,
                before.through if match["access"] is None else before.through | {through or ""},
            )  # fmt: skip
        for name, use in own.items():
            if len(name) <= MAX_NAME_CHARS and (name in found or len(found) < MAX_NAMES):
                found.setdefault(name, []).append(use)
    return found


def value_of(definition: Definition, shares: Sequence[float], rivals: int) -> float:
    """`shares` are those of its users' values; less when `rivals` definitions share the name."""
    ordered = sorted(shares, reverse=True)
    together = ordered[0] + sum(share / 4 for share in ordered[1:4])
    return together * KIND_SHARES.get(definition.kind, 0.5) / max(rivals, 1)


def _names_of(path: str) -> frozenset[str]:
    """What other files call this one: its stem, or its folder."""
    pure = PurePosixPath(path)
    return frozenset({pure.stem, pure.parent.name})
