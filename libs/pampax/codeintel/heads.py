"""The head of a definition: what people would write of it on one line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from pampax.codeintel.names import SCRIPT_LANGUAGES

_OPENING = re.compile(r"\s*(?:=|\b(?:where|with))\s*\Z")  # between a head and its body
_EMPTY_END = re.compile(r"[\s;]*\bend\s*\Z")
# What closes a function that has no body at all.
_CLOSING: Mapping[str, re.Pattern[str]] = MappingProxyType({"lua": _EMPTY_END, "ruby": _EMPTY_END})


def without_opening(text: str) -> str:
    """What stands before a body, without the `=`, `where` or `with` that belongs to the body."""
    return _OPENING.sub("", text)


def without_body(language: str, kind: str, text: str) -> str:
    """The head of a definition in whose tree no body can be told from it."""
    if kind in ("type", "variable"):
        line = text.partition("\n")[0]
        return line if "=" in line else text.partition("{")[0]
    if language in SCRIPT_LANGUAGES and "=>" in text:
        return text[: text.index("=>") + 2]
    closing = _CLOSING.get(language)
    return closing.sub("", text) if closing else text
