"""What git knows about a work tree: where it stands, which paths it lists, what its commit holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pampax.core.errors import LocalIOError
from pampax.sources.candidate import Candidate
from pampax.sources.command import Finished, GitMissing, run_git
from pampax.sources.failure import plain_line
from pampax.sources.model import Listing, mode_of

# Listing the paths of a very large tree on a cold disk; everything else takes milliseconds.
_TIMEOUT_S = 120.0
_COMMIT_DIGITS = 40
_SUBMODULE = 0o160000
# git only warns of a folder that it may not read, and lists the rest.
_UNREADABLE = re.compile(r"^warning: could not open directory '(.+)/': ", re.MULTILINE)
# What stands where a committed file was; every other reason to skip means that nobody looked.
_NOT_REGULAR = ("symlink", "special", "submodule")


@dataclass(frozen=True, slots=True)
class WorkTree:
    """A folder inside a git work tree. `commit` is "" where there is none or its ids are not SHA-1."""

    root: Path
    commit: str
    ref: str
    candidates: tuple[Candidate, ...]


def find_work_tree(root: Path) -> WorkTree | None:
    """The work tree that holds `root`, or None where git has no say.

    That is: git is not installed, the folder is in no work tree, or it is one that an enclosing repository ignores and
    holds nothing of. Raises LocalIOError for a repository that git cannot read.
    """
    try:
        found = _git(root, "rev-parse", "--is-inside-work-tree", "--show-prefix")
    except GitMissing:
        return None
    inside, _, prefix = found.stdout.partition(b"\n")
    if found.code or inside != b"true":
        return None
    tracked = list(_tracked(root))
    if not tracked and prefix.strip() and _git(root, "check-ignore", "-q", "--", ".").code == 0:
        return None
    return WorkTree(root, _head(root), _branch(root), (*tracked, *_untracked(root)))


def differs(tree: WorkTree, listing: Listing) -> bool:
    """Whether the listed files are not exactly the commit's, compared by bytes and not through git's filters.

    What the caller left out is not looked at; links and submodules neither.
    """
    if not tree.commit:
        return False
    found = _git(tree.root, "ls-tree", "-r", "-z", "HEAD")
    if found.code:
        return True
    committed = dict(_committed(found))
    present = {file.path: (file.blob_id, file.mode) for file in listing.files}
    unseen = {entry.path for entry in listing.skipped if entry.reason not in _NOT_REGULAR}
    return any(committed.get(path) != content for path, content in present.items()) or any(
        path not in present and path not in unseen for path in committed
    )


def _committed(found: Finished) -> Iterator[tuple[str, tuple[str, int]]]:
    """Regular files of `ls-tree -z`: path as Skipped shows it -> (blob id, mode)."""
    for record in _records(found):
        fields, _, path = record.partition(b"\t")
        mode, kind, blob = fields.split()
        if kind == b"blob" and mode != b"120000":
            yield path.decode("utf-8", "backslashreplace"), (blob.decode(), mode_of(int(mode, 8)))


def _tracked(root: Path) -> Iterator[Candidate]:
    """The index, each path once even when a merge left several stages."""
    from_index = _git(root, "config", "--type=bool", "core.fileMode").stdout.strip() == b"false"
    seen = b""
    for record in _records(_listed(root, "--stage")):
        fields, _, path = record.partition(b"\t")
        mode = int(fields.split(b" ", 1)[0], 8)
        if path == seen:
            continue
        seen = path
        if mode == _SUBMODULE:
            yield Candidate(path, "submodule")
        else:
            yield Candidate(path, mode=mode_of(mode) if from_index else 0)


def _untracked(root: Path) -> Iterator[Candidate]:
    """Untracked and not ignored; git lists a nested repository as its folder, with a slash at the end."""
    found = _listed(root, "--others", "--exclude-standard")
    for path in _records(found):
        yield Candidate(path.rstrip(b"/"), "submodule" if path.endswith(b"/") else "")
    for folder in _UNREADABLE.findall(found.stderr):
        yield Candidate(folder.encode(), "unreadable")


def _listed(root: Path, *options: str) -> Finished:
    found = _git(root, "ls-files", "-z", *options)
    if found.code:
        raise LocalIOError(f"git cannot list {root}: {plain_line(found.stderr)}")
    return found


def _records(found: Finished) -> list[bytes]:
    return found.stdout.split(b"\0")[:-1]


def _head(root: Path) -> str:
    commit = _git(root, "rev-parse", "--quiet", "--verify", "HEAD^{commit}").stdout.decode().strip()
    return commit if len(commit) == _COMMIT_DIGITS else ""


def _branch(root: Path) -> str:
    found = _git(root, "symbolic-ref", "--quiet", "--short", "HEAD")
    return found.stdout.decode("utf-8", "replace").strip() or "HEAD"


def _git(root: Path, *arguments: str) -> Finished:
    return run_git(arguments, directory=root, timeout_s=_TIMEOUT_S)
