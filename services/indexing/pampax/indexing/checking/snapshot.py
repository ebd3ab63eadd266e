"""The snapshot against the rows that it shows: its bitmaps, its counts, and a document for every file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pampax.indexing.checking.model import Difference, ShownDocument, ShownFile


@dataclass(frozen=True, slots=True, eq=False)
class StoredSnapshot:
    """As the row says. `live_files` and `live_chunks` are masks over ordinals; without `vectors` some are to come."""

    snapshot_id: int
    ref: str
    commit: str
    build: str
    live_files: NDArray[np.bool_]
    live_chunks: NDArray[np.bool_]
    file_count: int
    chunk_count: int
    term_count: int
    vectors: bool


def documents_of(files: Sequence[ShownFile]) -> list[ShownDocument]:
    """Each once, by its first path; those that no parser had to give up on, and that are there."""
    found: dict[tuple[bytes, str], ShownDocument] = {}
    for file in sorted(files, key=lambda file: file.path):
        if file.key in found or file.problem is not None or file.first_chunk is None:
            continue
        assert file.chunk_count is not None
        assert file.lines is not None
        assert file.size is not None
        assert file.term_count is not None
        assert file.functions is not None
        found[file.key] = ShownDocument(
            file.path, file.blob_id, file.language, file.first_chunk, file.chunk_count, file.lines, file.size,
            file.term_count, file.functions,
        )  # fmt: skip
    return list(found.values())


def differences_of(snapshot: StoredSnapshot, files: Sequence[ShownFile]) -> list[Difference]:
    """`files` are the rows of its live ordinals."""
    documents = {file.key: file for file in files}
    wrong = tuple(
        part
        for part, differs in (
            ("files", _files_differ(snapshot, files)),
            ("bitmap", _bitmap_differs(snapshot, list(documents.values()))),
            ("counts", _counts_differ(snapshot, list(documents.values()))),
        )
        if differs
    )
    missing = [Difference(file.path, ("document",)) for file in files if file.first_chunk is None]
    return [*([Difference("", wrong)] if wrong else []), *missing]


def _files_differ(snapshot: StoredSnapshot, files: Sequence[ShownFile]) -> bool:
    """A live ordinal without a row, or a path that is there twice."""
    twice = any(times > 1 for times in Counter(file.path for file in files).values())
    return twice or sorted(file.ordinal for file in files) != np.flatnonzero(snapshot.live_files).tolist()


def _bitmap_differs(snapshot: StoredSnapshot, documents: Sequence[ShownFile]) -> bool:
    ranges = [
        np.arange(each.first_chunk, each.first_chunk + each.chunk_count)
        for each in documents
        if each.first_chunk is not None and each.chunk_count is not None
    ]
    expected = np.sort(np.concatenate(ranges)) if ranges else np.empty(0, np.int64)
    return not np.array_equal(expected, np.flatnonzero(snapshot.live_chunks))


def _counts_differ(snapshot: StoredSnapshot, documents: Sequence[ShownFile]) -> bool:
    return (snapshot.file_count, snapshot.chunk_count, snapshot.term_count) != (
        int(snapshot.live_files.sum()),
        int(snapshot.live_chunks.sum()),
        sum(each.term_count or 0 for each in documents),
    )
