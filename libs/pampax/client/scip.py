"""A SCIP index as a client reads it: checked, and reduced to what the code graph needs of it.

Symbols get numbers. What is kept are places of symbols that the index defines itself, without those that are local to a
file, and without modules, parameters and type parameters, which are no definitions of the graph.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from pampax.client.protobuf_fields import fields, integers, message, text
from pampax.core.errors import InvalidRequest, LocalIOError

# An index of a million lines has about 100 MiB.
MAX_BYTES = 512 * 1024 * 1024
# Numbers of fields: of an index, of a document, of an occurrence.
_METADATA, _DOCUMENTS = 1, 2
_PATH, _OCCURRENCES, _ENCODING = 1, 2, 6
_RANGE, _SYMBOL, _ROLES = 1, 2, 3
_ENCODINGS = (1, 2, 3)  # bytes of UTF-8, units of UTF-16, code points
_DEFINES = 1
_LOCAL = b"local "
_LARGEST = 2**31 - 1
# The last part of a symbol: a type, a term, a method or a macro.
_PART = re.compile(r"(?:`((?:[^`]|``)+)`|([\w+$-]+))(?:[#.!]|\([\w+$-]*\)\.)$")
_ACCESSOR = re.compile(r"<(?:get|set)>")
# What constructors are called: they are used by the name of their type.
_CONSTRUCTORS = {"<constructor>": "constructor", "<init>": "", "__init__": "__init__"}


# Files of an index, as the gateway takes them.
Recorded: TypeAlias = Sequence[Mapping[str, Any]]


class _Occurrence(NamedTuple):
    symbol: str
    roles: int
    place: tuple[int, int, int] | None


@dataclass(slots=True)
class _Document:
    path: str = ""
    encoding: int = 0
    occurrences: list[_Occurrence] = field(default_factory=list)


@dataclass(slots=True)
class _File:
    path: str
    position_encoding: int
    definitions: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    references: list[int] = field(default_factory=list)

    def body(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "position_encoding": self.position_encoding,
            "definitions": self.definitions,
            "names": self.names,
            "references": self.references,
        }


def read_scip(path: Path) -> Recorded:
    """The files of an index, as the gateway takes them. LocalIOError for a file that cannot be read, InvalidRequest for
    one that is no index, is damaged or tells of no source file."""
    try:
        documents = _documents(memoryview(_content(path)))
    except ValueError as error:
        raise _refused(path, f"it is damaged, cut off or something else ({error})") from error
    numbers: dict[str, int] = {}
    names: list[str] = []
    for document in documents:
        for occurrence in document.occurrences:
            symbol = occurrence.symbol
            if occurrence.roles & _DEFINES and symbol not in numbers and (used_by := _names(symbol)):
                numbers[symbol] = len(numbers)
                names.append(used_by)
    files: dict[str, _File] = {}
    for document in documents:
        file = files.setdefault(document.path, _File(document.path, document.encoding))
        _add(file, document, numbers, names)
    known = [file.body() for file in files.values() if file.path and (file.definitions or file.references)]
    if not known:
        raise _refused(path, "it tells of no definition in any source file")
    return known


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise LocalIOError(f"cannot read the SCIP index {path}: {error.strerror or error}") from error
    if len(content) > MAX_BYTES:
        raise InvalidRequest(
            f"{path} is larger than {MAX_BYTES >> 20} MiB: make an index of a part of the sources",
            reason="SCIP_TOO_LARGE",
        )
    return content


def _documents(data: memoryview) -> list[_Document]:
    """ValueError for what is no index."""
    documents, is_signed = [], False
    for number, value in fields(data):
        if number == _METADATA:
            is_signed = True
        elif number == _DOCUMENTS:
            documents.append(_document(message(value)))
    if not is_signed:
        raise ValueError("it does not say who made it")
    return documents


def _document(data: memoryview) -> _Document:
    read = _Document()
    for number, value in fields(data):
        if number == _PATH:
            read.path = text(value)
        elif number == _OCCURRENCES:
            read.occurrences.append(_occurrence(message(value)))
        elif number == _ENCODING and isinstance(value, int):
            read.encoding = value if value in _ENCODINGS else 0
    # What is local to the document, or stands nowhere, links nothing.
    read.occurrences = [each for each in read.occurrences if each.place and each.symbol]
    return read


def _occurrence(data: memoryview) -> _Occurrence:
    """Without a symbol for one that is local, without a place for one that goes over lines."""
    symbol, roles = "", 0
    place: list[int] = []
    for number, value in fields(data):
        if number == _RANGE:
            place += integers(value)
        elif number == _SYMBOL and bytes(message(value)[: len(_LOCAL)]) != _LOCAL:
            symbol = text(value)
        elif number == _ROLES and isinstance(value, int):
            roles = value
    return _Occurrence(symbol, roles, _place(place))


def _place(numbers: list[int]) -> tuple[int, int, int] | None:
    """Line from 1, first column, column behind the last. Names stand on one line."""
    if len(numbers) not in (3, 4) or (len(numbers) == 4 and numbers[0] != numbers[2]):
        return None
    line, start, end = numbers[0] + 1, numbers[1], numbers[-1]
    return (line, start, end) if line <= _LARGEST and start < end <= _LARGEST else None


def _add(file: _File, document: _Document, numbers: Mapping[str, int], names: Sequence[str]) -> None:
    for occurrence in document.occurrences:
        number = numbers.get(occurrence.symbol)
        if number is None or occurrence.place is None:
            continue
        if occurrence.roles & _DEFINES:
            file.definitions += (number, *occurrence.place)
            file.names.append(names[number])
        else:
            file.references += (number, *occurrence.place)


def _names(symbol: str) -> str:
    """The names that a symbol is used by, with a space between; "" for what is no definition of the graph."""
    found = _PART.search(symbol)
    if found is None:
        return ""
    name = _name(found)
    if name not in _CONSTRUCTORS:
        return name
    owner = _PART.search(symbol, endpos=found.start())
    return " ".join(filter(None, (_CONSTRUCTORS[name], _name(owner) if owner else "")))


def _name(part: re.Match[str]) -> str:
    return _ACCESSOR.sub("", (part[1] or part[2]).replace("``", "`"))


def _refused(path: Path, why: str) -> InvalidRequest:
    return InvalidRequest(
        f"{path} is no SCIP index that can be taken: {why}; make it anew with an indexer such as scip-python or "
        "scip-typescript",
        reason="SCIP_UNREADABLE",
    )
