"""A plain folder lists the files that git would list in the same folder."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pampax.sources.folder import list_folder

_NAMES = st.sampled_from(["a", "b", "ab", "a.b", "b.a", "A", "a b", "[a]", "!a", "#a"])
_PATHS = st.lists(_NAMES, min_size=1, max_size=4).map("/".join)
_SEGMENTS = st.sampled_from(
    ["a", "b", "ab", "*", "**", "a*", "*.b", "?", "[ab]", "[!a]", "\\!a", "\\#a", "a b", "[a]", "a\\ "]
)
_PATTERNS = st.builds(
    lambda negation, anchor, segments, end: negation + anchor + "/".join(segments) + end,
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(_SEGMENTS, min_size=1, max_size=3),
    st.sampled_from(["", "", "/", " "]),
)
_IGNORE_FILES = st.dictionaries(
    st.lists(_NAMES, max_size=2).map(lambda parts: "/".join([*parts, ".gitignore"])),
    st.lists(st.one_of(_PATTERNS, st.sampled_from(["", "# comment", "/", "!"])), max_size=5).map("\n".join),
    max_size=3,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.sets(_PATHS, min_size=1, max_size=12), ignore_files=_IGNORE_FILES, private=st.lists(_PATTERNS, max_size=2)
)
def test_plain_folder_and_work_tree_hold_the_same_files(
    files: set[str], ignore_files: dict[str, str], private: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        subprocess.run(["git", "init", "-q", root], check=True, timeout=60)
        _write(root, ".git/info/exclude", "\n".join(private))
        for path, content in {**dict.fromkeys(files, "x"), **ignore_files}.items():
            _write(root, path, content)
        by_git = list_folder(root)
        # Without HEAD git sees no repository, and our own walk still finds the rules in info/exclude.
        (root / ".git" / "HEAD").unlink()
        by_walk = list_folder(root)
        assert (by_git.ref == "worktree", by_walk.ref) == (False, "worktree")
        assert by_walk.files == by_git.files
        shutil.rmtree(root / ".git")


def _write(root: Path, path: str, content: str) -> None:
    """Write the file unless a part of its path is already a file, or it is already a folder."""
    target = root / path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        return
