"""The version of the code that runs, and how the build backend finds it in the history."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import version as installed_version
from pathlib import Path

from pampax.core import version
from pampax.core.version import own_version

SCRIPT = Path(__file__).parents[3] / "tools/version.py"


def test_installed_code_knows_its_version():
    assert re.fullmatch(r"\d+\.\d+\.\d+", own_version())


def test_code_that_is_not_installed_has_a_version_too(monkeypatch):
    monkeypatch.setattr(version, "version", lambda name: installed_version(f"{name}-from-a-folder"))
    assert own_version.__wrapped__() == "0"


def checkout(folder: Path) -> Path:
    (folder / "tools").mkdir()
    (folder / "tools/version.py").write_bytes(SCRIPT.read_bytes())
    (folder / "VERSION").write_text("3.4\n")
    return folder


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def told(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(folder / "tools/version.py")]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})


def test_the_build_number_counts_commits_since_the_version_changed(tmp_path):
    folder = checkout(tmp_path)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=first")
    assert told(folder).stdout == "3.4.0\n"
    git(folder, "commit", "--quiet", "--allow-empty", "--message=second")
    assert told(folder).stdout == "3.4.1\n"


def test_a_folder_without_history_has_build_0(tmp_path):
    assert told(checkout(tmp_path)).stdout == "3.4.0\n"


def test_a_source_archive_keeps_the_version_it_was_made_with(tmp_path):
    folder = checkout(tmp_path)
    (folder / "PKG-INFO").write_text("Metadata-Version: 2.4\nName: pampax\nVersion: 3.4.77\n")
    assert told(folder).stdout == "3.4.77\n"


def test_a_version_given_from_outside_wins_and_must_be_one(tmp_path):
    folder = checkout(tmp_path)
    assert told(folder, BUILD_VERSION="5.0.1").stdout == "5.0.1\n"
    assert "MAJOR.MINOR.BUILD" in told(folder, BUILD_VERSION="five").stderr
