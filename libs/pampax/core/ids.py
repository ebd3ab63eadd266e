"""Identifiers that are derived from content, so that every process computes the same ones."""

from __future__ import annotations

import hashlib
import re

CHUNK_ID_PATTERN = r"[0-9a-f]{24}(\.[1-9][0-9]{0,8}-[1-9][0-9]{0,8})?"
_CHUNK_ID = re.compile(r"(?P<chunk>[0-9a-f]{24})(?:\.(?P<start>[1-9][0-9]{0,8})-(?P<end>[1-9][0-9]{0,8}))?")


def git_blob_id(content: bytes) -> str:
    """The id git gives this content as a blob: SHA-1 over `blob <size>\\0<content>`, 40 hex digits."""
    digest = hashlib.sha1(b"blob %d\0" % len(content), usedforsecurity=False)
    digest.update(content)
    return digest.hexdigest()


def chunk_id(blob_id: str, language: str, start_line: int, end_line: int) -> str:
    """The public id of a chunk: 24 hex digits of SHA-256 over blob, language and 1-based inclusive line range.

    It outlives re-indexing: the same lines of the same bytes read as the same language keep their id.
    """
    text = f"{blob_id}\0{language}\0{start_line}\0{end_line}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def range_id(chunk: str, start_line: int, end_line: int) -> str:
    """The public id of lines of the file content that a chunk is of: as stable as the chunk's own."""
    return f"{chunk}.{start_line}-{end_line}"


def read_chunk_id(text: str) -> tuple[str, int, int] | None:
    """Chunk id, first and last line of either kind of public id; lines 0 stand for the chunk's own. None for none."""
    found = _CHUNK_ID.fullmatch(text)
    if found is None:
        return None
    start, end = int(found["start"] or 0), int(found["end"] or 0)
    return (found["chunk"], start, end) if start <= end else None
