"""What git knows of a folder that decides what is worth watching there: rules from outside of it, and its own files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pampax.sources.below import opened_root, read_below
from pampax.sources.command import GitMissing, run_git
from pampax.sources.patterns import FolderRules, ignore_rules

_TIMEOUT_S = 30.0
_IGNORE_FILE_BYTES = 1 << 20
# In git's folder: where the work tree stands, and which paths are tracked.
_STATE = ("HEAD", "index", "logs/HEAD")


@dataclass(frozen=True, slots=True)
class Ground:
    """`prefix` leads from the work tree's top to the folder, b"" or ending in a slash; `rules` are of the top and of
    the folders between, with paths from the top, weakest first; `tracked` are files that git ignores and tracks anyway.

    `rule_files` and `state_files` are absolute, there or not. `lock` is there while git changes the work tree.
    """

    prefix: bytes
    rules: tuple[FolderRules, ...]
    tracked: frozenset[bytes]
    rule_files: frozenset[str]
    state_files: frozenset[str]
    lock: str


def find_ground(root: Path) -> Ground | None:
    """None where git has no say: it is not installed, or the folder is in no work tree or one that ignores it."""
    try:
        found = _git(root, "rev-parse", "--is-inside-work-tree", "--show-prefix", "--show-toplevel", "--git-dir")
    except GitMissing:
        return None
    lines = found.split(b"\n")
    if len(lines) < 4 or lines[0] != b"true":
        return None
    prefix, top = lines[1], Path(os.fsdecode(lines[2]))
    # Where git has a folder for each of several work trees, what they share lies above it.
    own = root / os.fsdecode(lines[3])
    shared = root / os.fsdecode(_git(root, "rev-parse", "--git-common-dir").rstrip(b"\n"))
    if prefix and _is_ignored_whole(root):
        return None
    outside = _user_ignore_file(root)
    exclude = shared / "info" / "exclude"
    above = _folders_above(prefix)
    rules = [(b"", ignore_rules(_content(file))) for file in (outside, exclude)]
    rules += _rules_of(top, above)
    tracked = _git(root, "ls-files", "-z", "--cached", "--ignored", "--exclude-standard").split(b"\0")[:-1]
    ignore_files = {os.fspath(top / os.fsdecode(folder) / ".gitignore") for folder in above}
    return Ground(
        prefix=prefix,
        rules=tuple(rules),
        tracked=frozenset(tracked),
        rule_files=frozenset(ignore_files | {os.fspath(outside), os.fspath(exclude)}),
        state_files=frozenset(os.path.normpath(own / name) for name in _STATE),
        lock=os.path.normpath(own / "index.lock"),
    )


def _is_ignored_whole(root: Path) -> bool:
    """An enclosing repository ignores the folder and holds nothing of it."""
    if _git(root, "ls-files", "-z", "--cached"):
        return False
    return run_git(["check-ignore", "-q", "--", "."], directory=root, timeout_s=_TIMEOUT_S).code == 0


def _user_ignore_file(root: Path) -> Path:
    named = _git(root, "config", "--type=path", "core.excludesFile").rstrip(b"\n")
    if named:
        return root / os.fsdecode(named)
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")  # noqa: PTH111, PTH118
    return Path(home, "git", "ignore")


def _folders_above(prefix: bytes) -> list[bytes]:
    """Those from the top to the folder's parent, as paths from the top."""
    parts = prefix.rstrip(b"/").split(b"/") if prefix else []
    return [b"/".join(parts[:count]) for count in range(len(parts))]


def _rules_of(top: Path, folders: list[bytes]) -> list[FolderRules]:
    found = []
    with opened_root(top) as top_fd:
        for folder in folders:
            try:
                content = read_below(top_fd, folder + b"/.gitignore" if folder else b".gitignore", _IGNORE_FILE_BYTES)
            except OSError:
                continue  # there is none, or one that git would not read either
            found.append((folder, ignore_rules(content)))
    return found


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(_IGNORE_FILE_BYTES)
    except OSError:
        return b""


def _git(root: Path, *arguments: str) -> bytes:
    return run_git(arguments, directory=root, timeout_s=_TIMEOUT_S).stdout
