"""SCIP indexes written by hand, as indexers write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

Occurrence = tuple[Sequence[int], str, int]  # range, symbol, roles
DEFINES, READS = 1, 8


def scip_index(documents: Mapping[str, Iterable[Occurrence]], *, signed: bool = True) -> bytes:
    """`documents` by path."""
    metadata = _field(1, _field(3, b"file:///src")) if signed else b""
    return metadata + b"".join(_field(2, _document(path, found)) for path, found in documents.items())


def found_in(text: str, name: str, symbol: str, roles: int = READS, *, nth: int = 0) -> Occurrence:
    """The place of the nth line that holds the name."""
    lines = [at for at, line in enumerate(text.split("\n")) if name in line]
    line = lines[nth]
    start = text.split("\n")[line].index(name)
    return (line, start, start + len(name)), symbol, roles


def _document(path: str, occurrences: Iterable[Occurrence]) -> bytes:
    language, others = _field(4, b"python"), b"".join(_field(2, _occurrence(*each)) for each in occurrences)
    return language + _field(1, path.encode()) + others + _number(6, 2)


def _occurrence(place: Sequence[int], symbol: str, roles: int) -> bytes:
    packed = b"".join(_varint(number) for number in place)
    return _field(1, packed) + _field(2, symbol.encode()) + _number(3, roles)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])
