"""File contents, and what was read from them, as they are stored: one zstd frame each."""

from __future__ import annotations

import zstandard

from pampax.core.errors import Internal

LEVEL = 3  # higher levels cost far more CPU than they save in rows
CORRUPT = "STORED_DATA_CORRUPT"


def compress(content: bytes) -> bytes:
    return zstandard.compress(content, LEVEL)


def decompress(data: bytes, size: int) -> bytes:
    """Exactly `size` bytes, or Internal; a frame that claims another size is refused before anything is unpacked."""
    try:
        # The library obeys the frame's own claim rather than max_output_size, so the claim is read first.
        claimed = zstandard.frame_content_size(data)
        if claimed not in (-1, size):
            raise corrupt("blob", f"holds {claimed} bytes instead of {size}")
        content = zstandard.decompress(data, max_output_size=size)
    except zstandard.ZstdError as error:
        raise corrupt("blob", str(error)) from error
    if len(content) != size:
        raise corrupt("blob", f"holds {len(content)} bytes instead of {size}")
    return content


def decompress_bounded(data: bytes, most: int) -> bytes:
    """Of a frame that says its own size, at most `most` bytes; nothing of no bytes. Internal for any other."""
    if not data:
        return b""
    try:
        claimed = zstandard.frame_content_size(data)
    except zstandard.ZstdError as error:
        raise corrupt("frame", str(error)) from error
    if not 0 <= claimed <= most:
        raise corrupt("frame", f"says that it holds {claimed} bytes")
    return decompress(data, claimed)


def corrupt(what: str, why: str) -> Internal:
    return Internal(f"stored {what} is damaged: {why}; index the repository again in full", reason=CORRUPT)
