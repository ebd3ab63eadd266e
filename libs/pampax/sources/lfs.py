"""Git LFS pointers: the few lines that stand in a repository for content that is kept elsewhere."""

from __future__ import annotations

LFS_POINTER = "lfs_pointer"

_FIRST_LINE = b"version https://git-lfs.github.com/spec/v1\n"
# Two lines more, with a hash and a size; an extension, of which hardly anybody has one, adds about 80 bytes.
_BYTES = range(120, 301)


def may_be_pointer(size: int) -> bool:
    """By its size in bytes alone; one file in fifty."""
    return size in _BYTES


def is_pointer(content: bytes) -> bool:
    """By its first bytes; as many as any pointer has are enough."""
    return may_be_pointer(len(content)) and content.startswith(_FIRST_LINE) and b"\noid sha256:" in content
