"""How far two commits lie apart, in a mirror or a work tree."""

from __future__ import annotations

import re
from pathlib import Path

from pampax.sources.command import run_git

_TIMEOUT_S = 10.0
_COMMIT = re.compile(r"[0-9a-f]{40}")


def commits_ahead(directory: Path, old: str, new: str) -> int | None:
    """How many commits `new` has that `old` has not; None when `old` is not in its history, or one is not there."""
    if not (_COMMIT.fullmatch(old) and _COMMIT.fullmatch(new)):
        return None
    ancestor = run_git(["merge-base", "--is-ancestor", old, new], directory=directory, timeout_s=_TIMEOUT_S)
    if ancestor.code:
        return None
    counted = run_git(["rev-list", "--count", f"{old}..{new}"], directory=directory, timeout_s=_TIMEOUT_S)
    return int(counted.stdout) if counted.code == 0 else None


def has_commit(directory: Path, commit: str) -> bool:
    """Whether the commit itself is there."""
    if not _COMMIT.fullmatch(commit):
        return False
    return run_git(["cat-file", "-e", f"{commit}^{{commit}}"], directory=directory, timeout_s=_TIMEOUT_S).code == 0
