"""What file rows are found by: a path may be longer than an index row."""

from __future__ import annotations

import hashlib

PATH_KEY_BYTES = 16


def path_key(path: str) -> bytes:
    """What `file.path_key` holds: the first 16 bytes of SHA-256 of the path in UTF-8."""
    return hashlib.sha256(path.encode()).digest()[:PATH_KEY_BYTES]
