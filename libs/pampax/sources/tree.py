"""The files of one commit in a mirror."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pampax.core.errors import InvalidRequest, NotFound
from pampax.sources.blobs import BlobReader
from pampax.sources.command import run_git
from pampax.sources.damage import note_damage
from pampax.sources.failure import plain_line
from pampax.sources.history import has_commit
from pampax.sources.ignoring import IGNORE_FILE, IGNORE_FILE_BYTES, IGNORED, OwnRules
from pampax.sources.lfs import LFS_POINTER, is_pointer, may_be_pointer
from pampax.sources.model import LONGEST_PATH_BYTES, Listing, Skipped, SkipRule, SourceFile, mode_of, sorted_listing
from pampax.sources.objects import sizes_of
from pampax.sources.patterns import PathFilter, path_filter

_TIMEOUT_S = 120.0
_COMMIT = re.compile(r"[0-9a-f]{40}")
_LINK = 0o120000
_SUBMODULE = 0o160000
_ATTRIBUTES = b".gitattributes"
_LFS_FILTER = b"filter=lfs"

# Brings blobs (40 hex digits) that a mirror lacks into it; those that cannot be had stay missing.
Obtain = Callable[[Sequence[str]], None]


def list_commit(
    directory: Path,
    commit: str,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    skip: SkipRule | None = None,
    *,
    ref: str = "HEAD",
    obtain: Obtain | None = None,
) -> Listing:
    """The files of a commit (40 hex digits) in a mirror, with the rules of list_folder; `ref` is only written down.

    The .pampaxignore files are those of the commit. A path that no checkout could hold (`..`, `.git`, an empty part,
    more than 4,096 bytes) is skipped as "name". `obtain` is asked for the blobs that count and that the mirror lacks,
    at most twice; a file whose blob is still missing then is listed with size 0. Raises InvalidRequest and NotFound.
    """
    if not _COMMIT.fullmatch(commit):
        raise InvalidRequest(f"not a commit id of 40 hex digits: {commit[:80]!r}", fields={"commit": "40 hex digits"})
    wanted = path_filter(include, exclude)
    arguments = ["ls-tree", "-r", "-z", "--full-tree", commit]
    found = run_git(arguments, directory=directory, timeout_s=_TIMEOUT_S)
    if found.code:
        if has_commit(directory, commit):
            note_damage(directory)
        raise NotFound(f"commit {commit} is not in the mirror: {plain_line(found.stderr)}", reason="COMMIT_NOT_FOUND")
    records = [_parsed(record) for record in found.stdout.split(b"\0")[:-1]]
    store = _Store(directory, obtain)
    examiner = _Examiner(wanted, skip, *_small_files(store, records))
    examiner.need(store, records)
    examiner.find_pointers(directory)
    entries = [examiner.examine(record) for record in records]
    files = [entry for entry in entries if isinstance(entry, SourceFile)]
    skipped = [entry for entry in entries if isinstance(entry, Skipped)]
    return sorted_listing(files, skipped, commit=commit, ref=ref)


@dataclass(frozen=True, slots=True)
class _Record:
    """One entry of the commit."""

    path: bytes
    mode: int
    blob: str

    @property
    def is_file(self) -> bool:
        return self.mode not in (_LINK, _SUBMODULE)


def _parsed(record: bytes) -> _Record:
    r"""Of `<mode> <kind> <id>\t<path>`."""
    fields, _, path = record.partition(b"\t")
    mode, _, blob = fields.split()
    return _Record(path, int(mode, 8), blob.decode())


class _Store:
    """The blobs of a mirror that may lack some."""

    def __init__(self, directory: Path, obtain: Obtain | None) -> None:
        self.directory = directory
        self._obtain = obtain

    def sizes(self, blobs: Iterable[str]) -> dict[str, int]:
        """Of those that can be had, after asking for what is missing."""
        wanted = set(blobs)
        found = sizes_of(self.directory, wanted)
        missing = sorted(wanted - found.keys())
        if missing and self._obtain is not None:
            self._obtain(missing)
            found |= sizes_of(self.directory, missing)
        return found


class _Examiner:
    """Judges the entries of one commit. `need` and `find_pointers` come first, in this order."""

    def __init__(self, wanted: PathFilter, skip: SkipRule | None, own: OwnRules, uses_lfs: bool) -> None:
        self._wanted = wanted
        self._skip = skip
        self._own = own
        self._uses_lfs = uses_lfs
        self._sizes: Mapping[str, int] = {}
        self._pointers: frozenset[str] = frozenset()

    def need(self, store: _Store, records: Iterable[_Record]) -> None:
        """Asks for the blobs of all entries that may be files of the listing, or Git LFS pointers."""
        self._sizes = store.sizes({record.blob for record in records if self._counts(record)})

    def find_pointers(self, directory: Path) -> None:
        asked = {blob for blob, size in self._sizes.items() if may_be_pointer(size)}
        self._pointers = frozenset(blob for blob, content in _contents(directory, asked) if is_pointer(content))

    def _counts(self, record: _Record) -> bool:
        """By its path and kind alone. What is skipped by its name may be a pointer, where Git LFS is used at all."""
        path = _text(record.path)
        if path is None or not record.is_file or not self._wanted.admits(path) or self._own.ignores(record.path):
            return False
        return self._uses_lfs or self._skip is None or self._skip(path, 0) is None

    def examine(self, record: _Record) -> SourceFile | Skipped:
        path = _text(record.path)
        if path is None:
            return Skipped(record.path[:LONGEST_PATH_BYTES].decode("utf-8", "backslashreplace"), "name")
        if not self._wanted.admits(path):
            return Skipped(path, "excluded")
        size = self._sizes.get(record.blob, 0)
        reason = self._reason(record, path, size)
        if reason is not None:
            return Skipped(path, reason)
        return SourceFile(path, record.blob, size, mode_of(record.mode))

    def _reason(self, record: _Record, path: str, size: int) -> str | None:
        if self._own.ignores(record.path):
            return IGNORED
        if not record.is_file:
            return "symlink" if record.mode == _LINK else "submodule"
        if record.blob in self._pointers:
            return LFS_POINTER
        return self._skip(path, size) if self._skip is not None else None


def _small_files(store: _Store, records: Iterable[_Record]) -> tuple[OwnRules, bool]:
    """The rules that the commit itself holds, and whether Git LFS keeps some of its files."""
    rules: dict[bytes, str] = {}
    attributes = set()
    for record in records:
        folder, _, name = record.path.rpartition(b"/")
        if name == IGNORE_FILE and record.is_file:
            rules[folder] = record.blob
        elif name == _ATTRIBUTES and record.is_file:
            attributes.add(record.blob)
    sizes = store.sizes({*rules.values(), *attributes})
    small = {blob for blob, size in sizes.items() if size <= IGNORE_FILE_BYTES}
    contents = dict(_contents(store.directory, small))
    uses_lfs = any(_LFS_FILTER in contents.get(blob, b"") for blob in attributes)
    return OwnRules(lambda folder: contents.get(rules.get(folder, ""))), uses_lfs


def _contents(directory: Path, blobs: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Blobs that are not there are left out."""
    wanted = sorted(blobs)
    if not wanted:
        return
    with BlobReader(directory) as reader:
        for blob in wanted:
            try:
                yield blob, reader.read(blob)
            except NotFound:
                continue


def _text(path: bytes) -> str | None:
    """The path, when a checkout could hold it and a database take it."""
    try:
        text = path.decode()
    except UnicodeDecodeError:
        return None
    unsafe = any(part in ("", ".", "..") or part.lower() == ".git" for part in text.split("/"))
    return None if unsafe or len(path) > LONGEST_PATH_BYTES else text
