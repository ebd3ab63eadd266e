"""The unprivileged account that the servers run under when root starts them: PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from pampax.core.errors import ConfigError

CANDIDATES = ("pampax", "postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """An existing account of this machine."""

    name: str
    uid: int
    gid: int


class ProcessAccount(TypedDict, total=False):
    """The keyword arguments of `subprocess.Popen` that drop to an account; empty to stay who we are."""

    user: int
    group: int
    extra_groups: list[int]


def server_account() -> Account | None:
    """None for an ordinary user: the servers run as that user."""
    if os.geteuid() != 0:
        return None
    accounts = _candidates()
    if not accounts:
        raise ConfigError(
            f"PostgreSQL does not run as root and none of the accounts {', '.join(CANDIDATES)} exists; "
            "make one (useradd --system pampax) or run pampax as an ordinary user"
        )
    return accounts[0]


def process_account(account: Account | None) -> ProcessAccount:
    return {} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": []}


def require_passable(path: Path, account: Account | None) -> None:
    """ConfigError when the account cannot enter a folder above `path`. Judged by mode bits; nothing is changed."""
    folder = _barrier(path, account)
    if account is not None and folder is not None:
        raise ConfigError(
            f"the database runs as account {account.name!r}, which cannot enter {folder}; choose a --data-dir "
            f"outside it (such as /var/lib/pampax) or allow it yourself with chmod o+x {folder}"
        )


def is_passable(path: Path, account: Account | None) -> bool:
    return _barrier(path, account) is None


def give(folder: Path, account: Account | None) -> None:
    """Make the account the owner of the folder and of all below; refuse to take an ordinary user's files away."""
    if account is None or folder.stat().st_uid == account.uid:
        return
    owner = folder.stat().st_uid
    if owner != 0 and owner not in {candidate.uid for candidate in _candidates()}:
        raise ConfigError(
            f"{folder} belongs to user {_user_name(owner)}; run pampax as that user or choose another --data-dir"
        )
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(parent, name), account.uid, account.gid, follow_symlinks=False)
    os.chown(folder, account.uid, account.gid)  # last: an interrupted walk is taken up again


def _candidates() -> list[Account]:
    found = []
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        found.append(Account(name, entry.pw_uid, entry.pw_gid))
    return found


def _barrier(path: Path, account: Account | None) -> Path | None:
    """The first folder above `path`, from the root down, that the account cannot enter."""
    if account is None:
        return None
    above = reversed(path.absolute().parents)
    return next((folder for folder in above if folder.is_dir() and not _may_enter(folder, account)), None)


def _may_enter(folder: Path, account: Account) -> bool:
    status = folder.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & 0o100)
    if status.st_gid == account.gid:
        return bool(status.st_mode & 0o010)
    return bool(status.st_mode & 0o001)


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
