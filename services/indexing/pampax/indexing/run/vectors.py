"""Vectors in the binary form of COPY, made by numpy in blocks: a row at a time would cost more than the embedding."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 256
BLOCK_ROWS = 1_000  # half a megabyte

_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8  # the zeros: no flags, no header extension
_TRAILER = b"\xff\xff"
_HALFVEC_BYTES = 4 + 2 * DIMENSIONS
# Fields are preceded by their length, all big-endian; a halfvec is its dimensions, two unused bytes and the halves.
_ROW = np.dtype([
    ("fields", ">i2"), ("ordinal_bytes", ">i4"), ("ordinal", ">i4"),
    ("vector_bytes", ">i4"), ("dimensions", ">i2"), ("unused", ">i2"), ("halves", ">f2", (DIMENSIONS,)),
])  # fmt: skip


def copy_rows_of(ordinals: NDArray[np.int32], vectors: NDArray[np.float32]) -> Iterator[bytes]:
    """The body of COPY ... (ordinal integer, embedding halfvec(256)) FROM STDIN (FORMAT BINARY)."""
    yield _SIGNATURE
    for start in range(0, len(ordinals), BLOCK_ROWS):
        part = slice(start, start + BLOCK_ROWS)
        block = np.zeros(len(ordinals[part]), dtype=_ROW)
        block["fields"] = 2
        block["ordinal_bytes"] = 4
        block["ordinal"] = ordinals[part]
        block["vector_bytes"] = _HALFVEC_BYTES
        block["dimensions"] = DIMENSIONS
        block["halves"] = vectors[part]
        yield block.tobytes()
    yield _TRAILER
