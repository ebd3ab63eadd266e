"""Reading without a question: one chunk, and what a repository is made of."""

from __future__ import annotations

from pampax.client.model import Answer
from pampax.client.search import SnapshotInfo


class Chunk(Answer):
    """A chunk under its first path and its text; lines are 1-based and inclusive."""

    id: str
    repo: str
    ref: str
    commit: str
    path: str
    other_paths: list[str]
    start_line: int
    end_line: int
    language: str
    kind: str
    symbol: str
    content: str


class LanguageFiles(Answer):
    """How many files are in a language."""

    language: str
    files: int


class FolderFiles(Answer):
    """How many files are in a folder itself; `path` is "" for the root."""

    path: str
    files: int


class OutlineSymbol(Answer):
    """A definition; `name` is qualified."""

    name: str
    kind: str
    start_line: int


class FileOutline(Answer):
    """A file and the definitions that say the most about it, best first."""

    path: str
    language: str
    symbols: list[OutlineSymbol]


class Outline(Answer):
    """What a published snapshot is made of: `main_files` are the largest of each folder, by path."""

    snapshot: SnapshotInfo
    files: int
    languages: list[LanguageFiles]
    folders: list[FolderFiles]
    main_files: list[FileOutline]
