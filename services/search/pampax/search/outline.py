"""What a snapshot is made of, for whoever sees it for the first time: languages, folders, the main files of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from pampax.search.directory import Directory, FileRow
from pampax.storage.snapshots import Snapshot

DEFAULT_FILES = 200
MAX_FOLDERS = 1_000
MAX_SYMBOLS = 8  # of a file


@dataclass(frozen=True, slots=True)
class Symbol:
    """A definition; `name` is qualified, `start_line` 1-based."""

    name: str
    kind: str
    start_line: int


@dataclass(frozen=True, slots=True)
class Contents:
    """`languages` and `folders` count files; `main_files` are in the order of their paths."""

    files: int
    languages: tuple[tuple[str, int], ...]
    folders: tuple[tuple[str, int], ...]
    main_files: tuple[FileRow, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """`symbols` by the first chunk of the file's document."""

    snapshot: Snapshot
    contents: Contents
    symbols: dict[int, list[Symbol]] = field(default_factory=dict)


def contents_of(directory: Directory, folder: str, most_files: int) -> Contents:
    """Of the whole snapshot, or of what lies below a folder. Cost: a few microseconds a file."""
    below = f"{folder}/" if folder else ""
    files = [file for file in directory.files if file.path.startswith(below)]
    folders = Counter(folder_of(file.path) for file in files)
    most = sorted(folders.items(), key=lambda each: (-each[1], each[0]))[:MAX_FOLDERS]
    languages = sorted(Counter(file.language for file in files).items(), key=lambda each: (-each[1], each[0]))
    main = _main_files(directory, files, most_files)
    return Contents(len(files), tuple(languages), tuple(sorted(most)), main)


def folder_of(path: str) -> str:
    """ "" for a file of the root."""
    return path.rpartition("/")[0]


def _main_files(directory: Directory, files: Sequence[FileRow], most: int) -> tuple[FileRow, ...]:
    """Every folder gives its largest file, then its second, and so on: a large one does not hide the others. What is
    about other code, and prose, comes after all code."""
    ordered = sorted(files, key=lambda file: (_is_aside(directory, file), -file.chunk_count, file.path))
    given: Counter[str] = Counter()
    rounds: list[tuple[bool, int, int, FileRow]] = []
    for place, file in enumerate(ordered):
        folder = folder_of(file.path)
        rounds.append((_is_aside(directory, file), given[folder], place, file))
        given[folder] += 1
    chosen = sorted(rounds, key=lambda each: each[:3])[:most]
    return tuple(sorted((file for *_, file in chosen), key=lambda file: file.path))


def _is_aside(directory: Directory, file: FileRow) -> bool:
    document = directory.document_with(file)
    return document is None or bool(directory.kinds.aside[document] or directory.kinds.prose[document])
