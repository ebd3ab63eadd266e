"""What a check looks at and what it finds. Documents are named by a path; their text is in none of this."""

from __future__ import annotations

from dataclasses import dataclass

MOST_LISTED = 100


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A live file of the snapshot with its document, whose fields are None when it is missing.

    `blob_id` has 20 bytes, `size` counts those of the content."""

    ordinal: int
    path: str
    blob_id: bytes
    language: str
    first_chunk: int | None
    chunk_count: int | None
    lines: int | None
    size: int | None
    term_count: int | None
    problem: str | None
    functions: bytes | None

    @property
    def key(self) -> tuple[bytes, str]:
        return self.blob_id, self.language


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """Content as one language; `path` is one of the files that show it."""

    path: str
    blob_id: bytes
    language: str
    first_chunk: int
    chunk_count: int
    lines: int
    size: int
    term_count: int
    functions: bytes

    @property
    def ordinals(self) -> range:
        return range(self.first_chunk, self.first_chunk + self.chunk_count)


@dataclass(frozen=True, slots=True)
class Difference:
    """`path` is "" for the snapshot itself. `parts` are content, document, chunks, symbols, grams, uses, terms,
    vectors; for the snapshot files, bitmap, counts, lists."""

    path: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recall:
    """`share` of the exact neighbours that the index found, over so many questions."""

    queries: int
    share: float


@dataclass(frozen=True, slots=True)
class Check:
    """`undecided` documents were chosen, but a parser gave up now or when they were indexed."""

    ref: str
    commit: str
    build: str
    documents: int
    of_documents: int
    undecided: int
    differences: tuple[Difference, ...]
    recall: Recall | None
    detail: str
    seconds: float
