"""Whether other files can use a definition, by each language's own convention, from its name and its head."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pampax.codeintel.definitions import SCOPE

_WORD = re.compile(r"[\w#]+")
_EXPORT_LIST = re.compile(rb"\bexport\s*\{([^}]{0,4000})\}|\bmodule\.exports\s*=\s*\{([^}]{0,4000})\}")
_EXPORT_ONE = re.compile(
    rb"\bmodule\.exports\s*=\s*(?:exports\s*=\s*)?(\w+)|\bexport\s+default\s+(\w+)\s*;?\s*$", re.MULTILINE
)
_SCRIPTS = frozenset({"javascript", "typescript", "tsx"})
_LUA_RETURN = re.compile(rb"^return[ \t(]+(?:setmetatable\()?(?:\{([^}]{0,4000})\}|(\w+))", re.MULTILINE)
_HASKELL_LIST = re.compile(
    rb"^module\s+([\w.]+)(?:\s|--[^\n]*\n)*\((.{0,20000}?)\)\s*where\b", re.MULTILINE | re.DOTALL
)
_HASKELL_COMMENT = re.compile(rb"--[^\n]*|\{-.*?-\}", re.DOTALL)
_HASKELL_NAME = re.compile(r"[\w']+|[!#$%&*+./<=>?@\\^|~:-]+")
_RUBY_HIDDEN = re.compile(rb"\bprivate(?:_class_method|_constant)?[ (]+((?::[\w?!=]+[, \n]*)+)")
_RUBY_NAME = re.compile(r"[\w?!=]+")
_HIDING_TEXT = "private protected fileprivate private_class_method defp defmacrop defguardp typep"
_HIDING = frozenset(_HIDING_TEXT.split())


@dataclass(frozen=True, slots=True)
class Exports:
    """What a file says of its names apart from their definitions."""

    names: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    listed: bool = False  # what `names` does not hold is not exported


def exports_of(language: str, source: bytes) -> Exports:
    """`export {a}` and `module.exports = {a}` of scripts, the list of a Haskell module, what a Lua file returns,
    `private :a` of Ruby."""
    if language in _SCRIPTS and b"export" in source:
        lists = (group for pair in _EXPORT_LIST.findall(source) for group in pair)
        singles = (name for pair in _EXPORT_ONE.findall(source) for name in pair)
        return Exports(_words(b" ".join([*lists, *singles])))
    if language == "lua":
        return Exports(_words(b" ".join(group for pair in _LUA_RETURN.findall(source) for group in pair)))
    if language == "ruby":
        return Exports(hidden=_words(b" ".join(_RUBY_HIDDEN.findall(source)), _RUBY_NAME))
    found = _HASKELL_LIST.search(source) if language == "haskell" else None
    if found is None:
        return Exports()
    whole = re.search(rb"\bmodule\s+" + re.escape(found[1]) + rb"(?![\w.])", found[2]) is not None
    return Exports(_words(_HASKELL_COMMENT.sub(b"", found[2]), _HASKELL_NAME), listed=not whole)


def is_exported(language: str, kind: str, name: str, head: str, exports: Exports) -> bool | None:
    """`head` is what stands before the name. None: the definition says nothing and follows what encloses it (a member
    follows its class or trait; at the top of a file it is private)."""
    if name in exports.names:
        return True
    if name in exports.hidden:
        return False
    if exports.listed:
        return True if kind == SCOPE else None
    return _RULES.get(language, _unless_hidden)(kind, name, frozenset(_WORD.findall(head)))


def _unless_hidden(_kind: str, _name: str, words: frozenset[str]) -> bool:
    return not _HIDING & words


def _unless_underscored(_kind: str, name: str, words: frozenset[str]) -> bool:
    return not name.startswith("_") and not {"private", "local"} & words


def _in_python(_kind: str, name: str, _words: frozenset[str]) -> bool:
    return not name.startswith("_") or (name.startswith("__") and name.endswith("__"))


def _in_go(_kind: str, name: str, _words: frozenset[str]) -> bool:
    return name[:1].isupper()


def _in_rust(_kind: str, _name: str, words: frozenset[str]) -> bool | None:
    return True if {"pub", "macro_rules", "for"} & words else None


def _in_zig(_kind: str, _name: str, words: frozenset[str]) -> bool:
    return bool({"pub", "export", "extern"} & words)


def _in_java(kind: str, _name: str, words: frozenset[str]) -> bool | None:
    follows = (kind == "declaration" and "abstract" not in words) or "default" in words
    return True if "public" in words else (None if follows else False)


def _in_csharp(kind: str, _name: str, words: frozenset[str]) -> bool | None:
    if _HIDING & words:
        return False
    follows = kind == "declaration" and "abstract" not in words
    return True if kind in ("type", SCOPE) or {"public", "internal"} & words else (None if follows else False)


def _in_c(_kind: str, _name: str, words: frozenset[str]) -> bool:
    return "static" not in words


def _in_elixir(kind: str, _name: str, words: frozenset[str]) -> bool:
    return kind != "variable" and not _HIDING & words


def _in_scripts(_kind: str, name: str, words: frozenset[str]) -> bool | None:
    if {"private", "protected"} & words or name.startswith("#"):
        return False
    return True if {"export", "declare", "exports"} & words else None


_RULES: Mapping[str, Callable[[str, str, frozenset[str]], bool | None]] = MappingProxyType(
    {
        **dict.fromkeys(("bash", "dart", "lua", "ocaml"), _unless_underscored),
        **dict.fromkeys(("c", "cpp"), _in_c),
        **dict.fromkeys(_SCRIPTS, _in_scripts),
        "csharp": _in_csharp,
        "elixir": _in_elixir,
        "go": _in_go,
        "java": _in_java,
        "python": _in_python,
        "rust": _in_rust,
        "zig": _in_zig,
    }
)


def _words(text: bytes, pattern: re.Pattern[str] = _WORD) -> frozenset[str]:
    return frozenset(pattern.findall(text.decode("utf-8", "replace")))
