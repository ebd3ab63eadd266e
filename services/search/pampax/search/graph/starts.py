"""Where a traversal begins: definitions and files of a snapshot that a text names, or why it names none."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from pampax.core.errors import FailedPrecondition, InvalidRequest, NotFound, PampaxError
from pampax.graph.model import Definition, without_overloads
from pampax.graph.walking import Node
from pampax.search.directory import Directory
from pampax.search.graph.request import Start
from pampax.search.graph.shelf import SnapshotShelf
from pampax.storage.snapshots import NOT_INDEXED, Snapshot

MAX_STARTS = 8  # definitions of one name
MAX_NAMED_PLACES = 5  # in a message about a name that is defined more often
NEAR = 0.75  # likeness of a name or path that is meant
SYMBOL_NOT_FOUND, FILE_NOT_FOUND = "SYMBOL_NOT_FOUND", "FILE_NOT_FOUND"


class Unclear(Exception):
    """A snapshot in which the text means nothing, or too much (`often`); `near` when it tells what may be meant."""

    def __init__(self, told: str, reason: str, *, near: bool = False, often: bool = False) -> None:
        super().__init__(told)
        self.told, self.reason, self.near, self.often = told, reason, near, often


def refusal(unclear: Sequence[Unclear]) -> PampaxError:
    """The one of several that says most."""
    if not unclear:
        return FailedPrecondition("no repository is indexed yet: run `pampax index`", reason=NOT_INDEXED)
    best = max(unclear, key=lambda each: (each.often, each.near))
    if best.often:
        return InvalidRequest(best.told, fields={"start": "is defined too often"})
    looked = f" (looked into {len(unclear)} repositories)" if len(unclear) > 1 else ""
    return NotFound(f"{best.told}{looked}", reason=best.reason)


async def nodes_of(shelf: SnapshotShelf, snapshot: Snapshot, directory: Directory, start: Start) -> list[Node]:
    """Raises Unclear."""
    where = f"{snapshot.repository} at {snapshot.ref}"
    path = _path(directory, start.path or start.text)
    if start.path and path is None:
        raise _no_file(where, directory, start.path)
    if path is not None and start.path:
        return await _in_file(shelf, snapshot, path, start)
    if path is not None and path == start.text:
        return [Node(path, repository=snapshot.repository)]
    found = without_overloads(await named(shelf, start.name))
    if not found and path is not None:
        return [Node(path, repository=snapshot.repository)]
    if not found:
        raise await _no_symbol(where, shelf, start.name)
    defined = [each for each in found if each.kind != "declaration"] or found
    if len(defined) > MAX_STARTS:
        places = ", ".join(f"{each.path}:{each.start_line}" for each in defined[:MAX_NAMED_PLACES])
        told = f"{start.name!r} is defined {len(defined)} times in {snapshot.repository}; name one of them by its place"
        raise Unclear(f"{told}: {places}, ...", SYMBOL_NOT_FOUND, often=True)
    return [Node.of(each) for each in defined]


async def named(shelf: SnapshotShelf, text: str) -> list[Definition]:
    """Definitions of a name or of the end of a qualified one, those of the same case when there are any."""
    name = text.rpartition(".")[2]
    found = [each for each in await shelf.definitions_folded([name]) if _ends(each.qualified_name, text)]
    exact = [each for each in found if each.name == name]
    return sorted(exact or found, key=lambda each: each.order)


def _ends(qualified: str, text: str) -> bool:
    qualified, text = qualified.lower(), text.lower()
    return qualified == text or qualified.endswith(f".{text}")


def _path(directory: Directory, text: str) -> str | None:
    """The file of that path, or the only one whose path ends in it."""
    text = text.lstrip("/")
    if directory.file_at(text) is not None:
        return text
    ending = [file.path for file in directory.files if file.path.endswith(f"/{text}")] if "." in text else []
    return ending[0] if len(ending) == 1 else None


async def _in_file(shelf: SnapshotShelf, snapshot: Snapshot, path: str, start: Start) -> list[Node]:
    (file,) = await shelf.files([path])
    if start.line is not None:
        if not 0 < start.line <= file.lines:
            raise Unclear(f"{path} has {file.lines} lines, line {start.line} is not there", FILE_NOT_FOUND, near=True)
        around = [each for each in file.around(start.line) if each.kind != "declaration"]
        return [Node.of(around[-1])] if around else [Node(path, repository=snapshot.repository)]
    if start.name:
        found = [each for each in file.definitions if _ends(each.qualified_name, start.name)]
        if not found:
            names = {each.name.lower(): each.name for each in file.definitions}
            near = _nearest(start.name.rpartition(".")[2].lower(), list(names))
            hint = f"; did you mean {names[near]!r}?" if near else ""
            raise Unclear(f"{path} defines no {start.name!r}{hint}", SYMBOL_NOT_FOUND, near=True)
        return [Node.of(each) for each in without_overloads(found)[:MAX_STARTS]]
    return [Node(path, repository=snapshot.repository)]


async def _no_symbol(where: str, shelf: SnapshotShelf, text: str) -> Unclear:
    """Names that begin alike are looked at: who mistypes a name rarely begins with that."""
    near = _nearest(text.rpartition(".")[2].lower(), await shelf.names_like(text.rpartition(".")[2]))
    known = await shelf.definitions_folded([near]) if near else []
    hint = f"did you mean {known[0].qualified_name!r}?" if known else "a search with mode symbol finds parts of names"
    return Unclear(f"{where} defines no {text!r}; {hint}", SYMBOL_NOT_FOUND, near=bool(known))


def _no_file(where: str, directory: Directory, path: str) -> Unclear:
    near = _nearest(path, [file.path for file in directory.files])
    hint = f"; the nearest is {near!r}" if near else ""
    return Unclear(f"{where} has no indexed file {path!r}{hint}", FILE_NOT_FOUND, near=bool(near))


def _nearest(text: str, known: Sequence[str]) -> str | None:
    return next(iter(difflib.get_close_matches(text, known, n=1, cutoff=NEAR)), None)
