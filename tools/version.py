"""The version of this checkout, MAJOR.MINOR.BUILD, for the build backend and for whoever labels an image.

    python tools/version.py

MAJOR.MINOR is what the file VERSION says; BUILD counts the commits since that file was last changed, so every commit on
main has a version of its own that nobody has to write down. BUILD_VERSION in the environment wins: an image is built
without the history. A source archive carries the version it was made with.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GIT_TIMEOUT_S = 10
_VERSION = re.compile(r"\d+\.\d+\.\d+")


def project_version() -> str:
    """ValueError when BUILD_VERSION is no version."""
    given = os.environ.get("BUILD_VERSION", "")
    if given and not _VERSION.fullmatch(given):
        raise ValueError(f"BUILD_VERSION is MAJOR.MINOR.BUILD, for example 1.4.27; it is {given!r}")
    return given or _recorded() or f"{(ROOT / 'VERSION').read_text('utf-8').strip()}.{_build()}"


def _recorded() -> str:
    """What a source archive was made as."""
    record = ROOT / "PKG-INFO"
    found = re.search(r"^Version: (\S+)$", record.read_text("utf-8"), re.MULTILINE) if record.exists() else None
    return found[1] if found else ""


def _build() -> int:
    """0 without the whole history: a count of a part of it would be another commit's."""
    since = _git("log", "-1", "--format=%H", "--", "VERSION")
    if not since or _git("rev-parse", "--is-shallow-repository") != "false":
        return 0
    return int(_git("rev-list", "--count", f"{since}..HEAD") or 0)


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, timeout=GIT_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


if __name__ == "__main__":
    print(project_version())
