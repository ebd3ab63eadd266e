"""Names and commits in a bare mirror."""

from __future__ import annotations

import re
from pathlib import Path

from pampax.core.errors import InvalidRequest, NotFound
from pampax.sources.command import run_git

# Where a mirror keeps the commit of a remote whose HEAD names no branch.
DETACHED = "refs/pampax/HEAD"
BRANCHES, TAGS = "refs/heads/", "refs/tags/"
_TIMEOUT_S = 30.0
_LONGEST_NAME = 255
_HEX = re.compile(r"[0-9a-f]{4,40}")
# What git refuses in a ref, and a leading dash or slash.
_BAD_NAME = re.compile(r"^[-/]|\.\.|//|@\{|[\x00-\x20\x7f~^:?*\[\\]|(^|/)\.|\.lock(/|$)|[./]$|^@?$")


def full_names(ref: str) -> tuple[str, ...]:
    """What `ref` may be short for, in the order of looking. Raises InvalidRequest for what can be no ref."""
    if len(ref) > _LONGEST_NAME or _BAD_NAME.search(ref):
        message = f"not a branch, tag or commit id: {ref[:80]!r}"
        raise InvalidRequest(message, reason="REF_NOT_VALID", fields={"ref": message})
    return (ref,) if ref.startswith((BRANCHES, TAGS)) else (BRANCHES + ref, TAGS + ref)


def resolve_ref(directory: Path, ref: str | None) -> tuple[str, str]:
    """(short ref name, commit id) of a branch, tag or commit id (4 to 40 digits); None or "HEAD": the default branch.

    A branch wins over a tag of the same name, both over a commit id; a commit id's name is the whole id. A detached
    default is called "HEAD". Raises NotFound, and InvalidRequest for what can be no ref.
    """
    if ref is None or ref == "HEAD":
        return _default(directory)
    for name in full_names(ref):
        commit = _commit(directory, name)
        if commit:
            return _short(name), commit
    commit = _commit(directory, ref) if _HEX.fullmatch(ref) else ""
    if not commit:
        raise NotFound(f"no branch, tag or commit {ref!r} in the repository; check the name", reason="REF_NOT_FOUND")
    return commit, commit


def _default(directory: Path) -> tuple[str, str]:
    found = run_git(["symbolic-ref", "--quiet", "HEAD"], directory=directory, timeout_s=_TIMEOUT_S)
    name = found.stdout.decode("utf-8", "replace").strip()
    commit = _commit(directory, name) if name else ""
    if not commit:
        message = "the repository has no default branch with a commit: name a branch, or push a first commit"
        raise NotFound(message, reason="REF_NOT_FOUND")
    return ("HEAD" if name == DETACHED else _short(name)), commit


def _short(name: str) -> str:
    return name.removeprefix(BRANCHES).removeprefix(TAGS)


def _commit(directory: Path, name: str) -> str:
    arguments = ["rev-parse", "--quiet", "--verify", "--end-of-options", f"{name}^{{commit}}"]
    found = run_git(arguments, directory=directory, timeout_s=_TIMEOUT_S)
    return found.stdout.decode().strip() if found.code == 0 else ""
