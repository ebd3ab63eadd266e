"""Random histories of a small git repository: what may happen in one, as data, and how it is done."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

PATHS = ("a.py", "b.py", "pkg/c.py", "pkg/d.js", "pkg/e.h", "docs/f.md", "docs/a.py")
BRANCHES = ("main", "one", "two")
# Few, so that the same bytes come to lie at several paths, go and come back. The last two are not indexed.
CONTENTS = (
    "def alpha(value):\n    return value + 1\n",
    "def alpha(value):\n    return value + 2\n\n\nclass Beta:\n    def gamma(self):\n        return 'gamma'\n",
    "# Heading\n\nSome words about alpha and gamma.\n\n# Another\n\nMore words.\n",
    "function delta(x) { return x }\n",
    "".join(f"def many_{n}(value):\n    '''Says {n}.'''\n    return value * {n}\n\n\n" for n in range(30)),
    "int epsilon(int a);\nclass Zeta { int eta; };\n",
    "\n\n",
    "\0\1\2binary\0",
)


@dataclass(frozen=True)
class Step:
    """`what` happens; `where` is a path or a branch, `other` another path, a content or nothing."""

    what: str
    where: str = ""
    other: str | int = ""


_paths = st.sampled_from(PATHS)
_changes = st.one_of(
    st.builds(Step, st.just("write"), _paths, st.integers(0, len(CONTENTS) - 1)),
    st.builds(Step, st.just("write"), _paths, st.integers(0, len(CONTENTS) - 1)),
    st.builds(Step, st.just("delete"), _paths),
    st.builds(Step, st.just("rename"), _paths, _paths),
    st.builds(Step, st.just("mode"), _paths),
    st.builds(Step, st.just("symlink"), _paths, _paths),
    st.builds(Step, st.just("switch"), st.sampled_from(BRANCHES)),
    st.builds(Step, st.just("merge"), st.sampled_from(BRANCHES)),
    st.builds(Step, st.sampled_from(("revert", "force"))),
)
_looks = st.builds(Step, st.sampled_from(("index", "index", "index", "hour", "hour", "hour", "full")))
_care = st.one_of(_looks, _looks, _looks, st.builds(Step, st.just("forget"), st.sampled_from(BRANCHES)))
histories = st.lists(st.tuples(st.lists(_changes, min_size=1, max_size=4), _care), min_size=3, max_size=7)


class History:
    """A git work tree that steps are done in; `base.txt` is there on every branch and at every time."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.git("init", "-q", "-b", BRANCHES[0])
        (root / "base.txt").write_text("The base of everything.\n")
        for number, path in enumerate(PATHS):
            self._replace(path).write_text(CONTENTS[number % len(CONTENTS)])
        self.commit()

    def apply(self, step: Step) -> None:
        """What makes no sense here and now (a merge with conflicts, a file that is not there) changes nothing."""
        match step:
            case Step("write" | "delete" | "rename" | "mode" | "symlink"):
                self._change(step)
            case Step("switch", branch):
                self.switch(branch)
            case Step("merge", branch) if self.has(branch):
                self.commit()
                self._try("merge", "merge", "-q", "--no-edit", branch)
            case Step("revert"):
                self.commit()
                if self._count() > 1 and not self._is_merge():
                    self._try("revert", "revert", "--no-edit", "HEAD")
            case Step("force"):
                self.commit()
                if self._count() > 1:
                    self.git("reset", "-q", "--hard", "HEAD~1")

    def _change(self, step: Step) -> None:
        match step:
            case Step("write", path, int(content)):
                self._replace(path).write_bytes(CONTENTS[content].encode())
            case Step("delete", path):
                self._at(path).unlink(missing_ok=True)
            case Step("rename", path, str(target)) if path != target and os.path.lexists(self._at(path)):
                self._at(path).rename(self._replace(target))
            case Step("mode", path) if self._at(path).is_file() and not self._at(path).is_symlink():
                self._at(path).chmod(self._at(path).stat().st_mode ^ 0o111)
            case Step("symlink", path, str(target)) if path != target:
                self._replace(path).symlink_to(self._at(target))

    def switch(self, branch: str) -> None:
        self.commit()
        self.git("checkout", "-q", *(() if self.has(branch) else ("-b",)), branch)

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "step")

    def has(self, branch: str) -> bool:
        return branch in self.branches()

    def branches(self) -> list[str]:
        return self.git("for-each-ref", "--format=%(refname:short)", "refs/heads").split()

    @property
    def branch(self) -> str:
        return self.git("symbolic-ref", "--short", "HEAD").strip()

    def git(self, *arguments: str, check: bool = True) -> str:
        command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(self.root), *arguments]
        done = subprocess.run(command, check=check, capture_output=True, text=True, timeout=30)
        return done.stdout

    def _try(self, name: str, *arguments: str) -> None:
        before = self.git("rev-parse", "HEAD").strip()
        self.git(*arguments, check=False)
        if self.git("status", "--porcelain").strip():
            self.git(name, "--abort", check=False)
            self.git("reset", "-q", "--hard", before)

    def _count(self) -> int:
        return int(self.git("rev-list", "--first-parent", "--count", "HEAD"))

    def _is_merge(self) -> bool:
        return len(self.git("rev-list", "--parents", "-n", "1", "HEAD").split()) > 2

    def _at(self, path: str) -> Path:
        return self.root / path

    def _replace(self, path: str) -> Path:
        """The place of a new file, free."""
        place = self._at(path)
        place.parent.mkdir(exist_ok=True)
        place.unlink(missing_ok=True)
        return place
