"""Identifiers that are derived from content, so that every process computes the same ones."""

from __future__ import annotations

import hashlib


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
