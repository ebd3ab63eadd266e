"""Names that code uses, and how much the definition of such a name matters to somebody who reads the code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pampax.assembly.candidates import Candidate
from pampax.assembly.source import Definition

MAX_NAMES = 600  # looked up for one repository
MAX_NAME_CHARS = 200  # what the index folds
MAX_DEFINING_FILES = 3  # a name that more files define says nothing about which one is meant
CALLED, MENTIONED = 0.4, 0.25  # share of the user's value that a used definition is worth
KIND_SHARES = {"type": 1.0, "function": 1.0, "declaration": 0.7, "variable": 0.5}

_NAME = re.compile(r"(?P<member>\.|->|::)?(?P<name>[A-Za-z_$][\w$]{2,})(?P<call>\s*(?:::<|<[\w, ]*>)?\()?")
# Names that are only brought in; that the code uses them shows elsewhere.
_IMPORTS = re.compile(
    r"^[ \t]*(?:"
    r"from[ \t]+[\w.]+[ \t]+import[ \t]*(?:\([^)]*\)|[^\n]*)"  # Python
    r"|import[ \t]*\([^)]*\)"  # Go
    r"|(?:import|export)\b[^;\n(]*?\{[^}]*\}[ \t]*from[^\n]*"  # JavaScript
    r"|(?:pub[ \t]+)?use[ \t]+[\w:]+(?:\{[^;]*\})?;"  # Rust
    r"|(?:import|package|using|\#[ \t]*include|require|require_relative)\b[^\n]*"
    r")$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Use:
    """A candidate that uses a name: whether it calls it, and whether it reaches it through something else."""

    by: Candidate
    called: bool
    member: bool

    def may_mean(self, definition: Definition) -> bool:
        """A member of a type is reached through a value or from inside of the type."""
        holder = definition.qualified_name.rpartition(".")[0]
        return not holder or self.member or self.by.symbol.startswith(f"{holder}.") or self.by.symbol == holder


def without_imports(text: str) -> str:
    return _IMPORTS.sub("", text)


def uses(texts: Iterable[tuple[Candidate, str]]) -> dict[str, list[Use]]:
    """Name -> who uses it, for the names of the best candidates first."""
    found: dict[str, list[Use]] = {}
    for each, text in texts:
        own: dict[str, Use] = {}
        for match in _NAME.finditer(without_imports(text)):
            name, before = match["name"], own.get(match["name"])
            called = match["call"] is not None or (before is not None and before.called)
            member = match["member"] is not None or (before is not None and before.member)
            own[name] = Use(each, called, member)
        for name, use in own.items():
            if len(name) <= MAX_NAME_CHARS and (name in found or len(found) < MAX_NAMES):
                found.setdefault(name, []).append(use)
    return found


def value_of(definition: Definition, users: Sequence[Use], rivals: int) -> float:
    """What its best user is worth, in part, and less when `rivals` definitions share the name."""
    shares = sorted((use.by.value * (CALLED if use.called else MENTIONED) for use in users), reverse=True)
    together = shares[0] + sum(share / 4 for share in shares[1:4])
    return together * KIND_SHARES.get(definition.kind, 0.5) / max(rivals, 1)
