"""Secrets that are made once, kept in files of mode 0600 and read again ever after; and other files that hold them."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pampax.embedded.account import Account

OWNER_ONLY = 0o600
PASSWORD_BYTES = 24
KEY_BYTES = 32  # 256 bits


def password() -> str:
    """Safe inside a URL, a configuration file and SQL without quoting."""
    return secrets.token_hex(PASSWORD_BYTES)


def hex_key() -> str:
    return secrets.token_hex(KEY_BYTES)


def read_or_create(path: Path, make: Callable[[], str] = password) -> str:
    """The secret at `path`, made on the first call; of two processes that make it at once both get the same."""
    with suppress(FileNotFoundError):
        return path.read_text("ascii")
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    _write_new(fresh, make(), None, durable=True)
    try:
        with suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        fresh.unlink()
    return path.read_text("ascii")


def write_private(path: Path, text: str, owner: Account | None = None, *, durable: bool = True) -> None:
    """Replace the file at once, mode 0600, owned by `owner`: a reader sees the old text or the new, never a part.

    Not durable: without waiting for the disk; a power cut may then leave an empty file.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        _write_new(fresh, text, owner, durable)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _write_new(path: Path, text: str, owner: Account | None, durable: bool) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        if owner is not None:
            os.fchown(descriptor, owner.uid, owner.gid)
        file.write(text)
        file.flush()
        if durable:
            os.fsync(descriptor)
