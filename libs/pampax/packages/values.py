"""Values of documents whose shape nobody has checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MAX_NAME_CHARS = 200
MAX_SPEC_CHARS = 100


def text(value: object, most: int = MAX_NAME_CHARS) -> str:
    """On one line; "" for anything but a text that fits."""
    if not isinstance(value, str):
        return ""
    value = " ".join(value.split())
    return value if len(value) <= most and value.isprintable() else ""


def table(value: object, *keys: str) -> Mapping[str, Any]:
    """What lies below the keys, one in another; empty where that is no table."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def pairs(value: object) -> Iterator[tuple[str, Any]]:
    yield from table(value).items()
