"""What is wrong with one value of a request: the rest of a sentence that begins with the field's name, or None.

REST models and gRPC messages are checked by these same rules, so that bad input reaches no service.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from pampax.codeintel.languages import LANGUAGES
from pampax.core.errors import InvalidRequest
from pampax.gateway import bounds
from pampax.sources.address import parse_git_url

REPOSITORY_PATTERN = r"[a-z0-9][a-z0-9._-]{0,62}"
COMMIT_PATTERN = r"[0-9a-f]{40}"

_SHOWN_CHARS = 60
_REPOSITORY = re.compile(REPOSITORY_PATTERN)
_COMMIT = re.compile(COMMIT_PATTERN)
# What git refuses in the name of a ref, and a leading dash or slash.
_BAD_REF = re.compile(r"^[-/]|\.\.|//|@\{|[\x00-\x20\x7f~^:?*\[\\]|(^|/)\.|\.lock(/|$)|[./]$|^@$")


def shown(value: object) -> str:
    """The value as a message may show it: on one line and short."""
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}..."


def number(value: float, limits: tuple[int, int]) -> str | None:
    low, high = limits
    return None if low <= value <= high else f"must be between {low} and {high}, got {value}"


def count(found: int, most: int) -> str | None:
    return None if found <= most else f"must have at most {most} entries, got {found}"


def choice(value: str, allowed: Sequence[str]) -> str | None:
    return None if value in allowed else f"must be one of {', '.join(allowed)}, got {shown(value)}"


def text(value: str, most_bytes: int, *, required: bool = False) -> str | None:
    """Bounds in UTF-8 bytes; `required` wants something besides white space."""
    if required and not value.strip():
        return "must not be empty"
    if "\0" in value:
        return "must not contain a zero character"
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        return "must be valid Unicode text"
    return None if size <= most_bytes else f"must have at most {most_bytes} bytes, got {size}"


def query(value: str) -> str | None:
    return text(value.strip(), bounds.QUERY_BYTES, required=True)


def task(value: str) -> str | None:
    return text(value.strip(), bounds.TASK_BYTES, required=True)


def pattern(value: str) -> str | None:
    return text(value, bounds.PATTERN_BYTES)


def glob(value: str) -> str | None:
    return text(value, bounds.GLOB_BYTES)


def page_token(value: str) -> str | None:
    return text(value, bounds.PAGE_TOKEN_BYTES)


def repository(value: str) -> str | None:
    if _REPOSITORY.fullmatch(value):
        return None
    return f"must be 1 to 63 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit, got {shown(value)}"


def language(value: str) -> str | None:
    """A known one, in any case."""
    if value.lower() in LANGUAGES:
        return None
    near = difflib.get_close_matches(value.lower(), LANGUAGES, n=1)
    advice = f"did you mean {near[0]}?" if near else "try python, go or another language in lower case"
    return f"is not a known language, got {shown(value)}; {advice}"


def ref(value: str) -> str | None:
    if not value or (len(value) <= bounds.REF_CHARS and not _BAD_REF.search(value)):
        return None
    return f"must be a branch, a tag or worktree, at most {bounds.REF_CHARS} characters, got {shown(value)}"


def commit(value: str) -> str | None:
    return None if not value or _COMMIT.fullmatch(value) else f"must be 40 hex digits in lower case, got {shown(value)}"


def path(value: str) -> str | None:
    """A path inside a repository: relative, `/` between parts, and none of them empty, `.` or `..`."""
    if not value or "\0" in value or any(part in ("", ".", "..") for part in value.split("/")):
        return f"must be a path relative to the repository's root, got {shown(value)}"
    return text(value, bounds.PATH_BYTES)


def seed_path(value: str) -> str | None:
    """The same, as people type it: `./src/app.py` means src/app.py."""
    return path(value.removeprefix("./"))


def folder(value: str) -> str | None:
    if not value.startswith("/") or "\0" in value:
        return f"must be an absolute folder, got {shown(value)}"
    return text(value, bounds.PATH_BYTES)


def git_url(value: str) -> str | None:
    try:
        parse_git_url(value)
    except InvalidRequest as error:
        return f"is refused: {error.message}"
    return None
