"""A mirror in which something could not be read: the next sync makes it anew."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_MARK = "pampax-damaged"


def note_damage(directory: Path) -> None:
    """Where that cannot be written, the disk is beyond our help."""
    with suppress(OSError):
        (directory / _MARK).touch()


def is_damaged(directory: Path) -> bool:
    return (directory / _MARK).exists()
