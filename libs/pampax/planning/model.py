"""What a plan says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, TypeAlias

from pampax.sources.model import Skipped, SourceFile

# As many paths of each kind are named; the counts hold all of them.
LISTED_PATHS = 1_000
LISTED_FOLDERS = 20


class ContentKey(NamedTuple):
    """What derived rows belong to: content by its git blob id, 40 hex digits, read as one language."""

    blob_id: str
    language: str


# Content that is derived already -> its chunks; what is not is absent.
Known: TypeAlias = Callable[[Sequence[ContentKey]], Mapping[ContentKey, int]]
# The given files in order, with None for content that cannot be had any more.
Read: TypeAlias = Callable[[Sequence[SourceFile]], Iterator[tuple[SourceFile, bytes | None]]]


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder, at most two levels deep, "." for the root: files of it and below that are taken and left out."""

    path: str
    files: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Plan:
    """`files` = `kept_files` + `new_files` is what the snapshot would hold; `new_blobs` are distinct contents.

    `chunks` is of the whole snapshot, `new_chunks` and `new_tokens` of what would be derived. `exact`: every new
    content was parsed, otherwise a sample of them. `seconds` is an estimate in any case; `pace` says from what:
    "measured" in runs before, or "usual". Lists of paths are cut at LISTED_PATHS.
    """

    ref: str
    commit: str
    dirty: bool
    files: int
    kept_files: int
    new_files: int
    new_blobs: int
    new_bytes: int
    skipped: Mapping[str, int]
    chunks: int
    new_chunks: int
    new_tokens: int
    tokenizer: str
    exact: bool
    seconds: float
    pace: str
    folders: tuple[Folder, ...]
    skipped_files: tuple[Skipped, ...]
    new_paths: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """As JSON, in this order."""
        return asdict(self)
