"""Whether other files can use a definition, by each language's own convention, from its name and its head."""

from __future__ import annotations

import re

_WORD = re.compile(r"[\w#]+")
_EXPORT_LIST = re.compile(rb"\bexport\s*\{([^}]{0,4000})\}|\bmodule\.exports\s*=\s*\{([^}]{0,4000})\}")
_EXPORT_ONE = re.compile(
    rb"\bmodule\.exports\s*=\s*(?:exports\s*=\s*)?(\w+)|\bexport\s+default\s+(\w+)\s*;?\s*$", re.MULTILINE
)
_SCRIPTS = frozenset({"javascript", "typescript", "tsx"})


def exported_names(language: str, source: bytes) -> frozenset[str]:
    """Names that a script exports apart from their definition: `export {a}`, `module.exports = {a}`."""
    if language not in _SCRIPTS or b"export" not in source:
        return frozenset()
    lists = (group for pair in _EXPORT_LIST.findall(source) for group in pair)
    singles = (name for pair in _EXPORT_ONE.findall(source) for name in pair)
    words = _WORD.findall(b" ".join([*lists, *singles]).decode("utf-8", "replace"))
    return frozenset(words)


def is_exported(language: str, kind: str, name: str, head: str) -> bool | None:
    """`head` is the signature before the name. None: the definition says nothing and follows what encloses it (a
    member follows its class or trait; at the top of a file it is private)."""
    words = frozenset(_WORD.findall(head))
    match language:
        case "python":
            return not name.startswith("_") or (name.startswith("__") and name.endswith("__"))
        case "dart":
            return not name.startswith("_")
        case "go":
            return name[:1].isupper()
        case "rust":
            return True if {"pub", "macro_rules", "for"} & words else None
        case "java":
            follows = (kind == "declaration" and "abstract" not in words) or "default" in words
            return True if "public" in words else (None if follows else False)
        case "c" | "cpp":
            return "static" not in words
        case _:
            if {"private", "protected"} & words or name.startswith("#"):
                return False
            return True if {"export", "declare", "exports"} & words else None
