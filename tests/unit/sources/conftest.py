"""Real temporary git repositories, untouched by the configuration of the machine that runs the tests."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Git = Callable[..., str]

_IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}


@pytest.fixture(autouse=True)
def plain_git_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)


@pytest.fixture
def git() -> Git:
    """Run git in a folder: git(folder, "commit", ...) -> stdout."""

    def run(folder: Path, *arguments: str | bytes, check: bool = True) -> str:
        settings = ["-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", "-c", "core.autocrlf=false"]
        environment = {**os.environ, **_IDENTITY, "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", *settings, "-C", folder, *arguments]
        found = subprocess.run(command, env=environment, check=check, capture_output=True, timeout=60)
        return found.stdout.decode("utf-8", "replace").strip()

    return run


@pytest.fixture
def repository(tmp_path: Path, git: Git) -> Path:
    """A work tree on `main` with one commit: README.md and src/app.py."""
    root = tmp_path / "repository"
    (root / "src").mkdir(parents=True)
    (root / "README.md").write_text("# Read me\n")
    (root / "src" / "app.py").write_text("print('hello')\n")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    return root


@pytest.fixture(params=["plain", "work tree"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, git: Git) -> Path:
    """An empty folder, once plain and once a fresh git work tree."""
    root = tmp_path / "folder"
    root.mkdir()
    if request.param == "work tree":
        git(root, "init", "-q")
    return root
