"""Path patterns as in .gitignore, bounded so that no pattern takes long on any path."""

from __future__ import annotations

import re

from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from pampax.core.errors import InvalidRequest

MAX_CHARS = 500
# Matching backtracks: its cost grows with the length of a name to the power of the stars in one part of the pattern,
# and with the depth of a path to the power of all stars. These keep the worst path below a millisecond.
MAX_STARS_IN_PART = 3
MAX_STARS = 6

_STARS = re.compile(r"\*+")


def compile_glob(glob: str) -> re.Pattern[str]:
    """The pattern as an expression to `match` with a path relative to the root. InvalidRequest says what is wrong."""
    if len(glob) > MAX_CHARS:
        raise _refused(f"must have at most {MAX_CHARS} characters, has {len(glob)}")
    stars = [len(_STARS.findall(part)) for part in glob.split("/")]
    if max(stars) > MAX_STARS_IN_PART or sum(stars) > MAX_STARS:
        raise _refused(f"may have {MAX_STARS_IN_PART} stars between two slashes and {MAX_STARS} in all; ask for less")
    try:
        pattern = GitIgnoreSpecPattern(glob)
    except ValueError:
        pattern = None
    if pattern is None or not pattern.include or pattern.regex is None:
        raise _refused(f"{glob!r} names no paths; write a pattern as in .gitignore, for example src/**/*.py")
    return pattern.regex


def _refused(why: str) -> InvalidRequest:
    return InvalidRequest(f"path_glob {why}", fields={"path_glob": why})
