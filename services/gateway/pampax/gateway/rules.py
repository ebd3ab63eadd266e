"""What is wrong with one value of a request: the rest of a sentence that begins with the field's name, or None.

REST models and gRPC messages are checked by these same rules, so that bad input reaches no service.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from pampax.codeintel.languages import LANGUAGES, nearest_language
from pampax.core import names
from pampax.core.errors import InvalidRequest
from pampax.core.globs import compile_glob
from pampax.core.ids import read_chunk_id
from pampax.core.places import read_place
from pampax.gateway import bounds
from pampax.sources.address import parse_git_url

_WORD = re.compile(r"[\x21-\x7e]+")
SIGNATURE_PATTERN = rf"[0-9a-f]{{{bounds.SHORT_SIGNATURE},64}}"
_SIGNATURE = re.compile(SIGNATURE_PATTERN)
_SHOWN_CHARS = 60


def shown(value: object) -> str:
    """The value as a message may show it: on one line and short."""
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}..."


def number(value: float, limits: tuple[int, int]) -> str | None:
    low, high = limits
    return None if low <= value <= high else f"must be between {low} and {high}, got {shown(value)}"


def count(found: int, most: int) -> str | None:
    return None if found <= most else f"must have at most {most} entries, got {found}"


def choice(value: str, allowed: Sequence[str]) -> str | None:
    return None if value in allowed else f"must be one of {', '.join(allowed)}, got {shown(value)}"


def nearest(value: str, allowed: Sequence[str]) -> str | None:
    """`choice`, with the one that was probably meant."""
    near = difflib.get_close_matches(value.lower(), allowed, n=1)
    mistake = choice(value, allowed)
    return f"{mistake}; did you mean {near[0]}?" if mistake and near else mistake


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


def readable_glob(value: str) -> str | None:
    """The same, for what only the services behind would look at, or what is kept."""
    try:
        compile_glob(value, "")
    except InvalidRequest as error:
        return glob(value) or error.message.strip()
    return glob(value)


def page_token(value: str) -> str | None:
    return text(value, bounds.PAGE_TOKEN_BYTES)


def repository(value: str) -> str | None:
    return None if names.is_repository(value) else f"must be {names.REPOSITORY_RULE}, got {shown(value)}"


def context(value: str) -> str | None:
    """Context packs are called as repositories are."""
    return repository(value)


def description(value: str) -> str | None:
    return text(value, bounds.DESCRIPTION_BYTES)


def language(value: str) -> str | None:
    """A known one, in any case."""
    if value.lower() in LANGUAGES:
        return None
    near = nearest_language(value[:_SHOWN_CHARS])
    advice = f"did you mean {near}?" if near else "try python, go or another language in lower case"
    return f"is not a known language, got {shown(value)}; {advice}"


def ref(value: str) -> str | None:
    return None if not value or names.is_ref(value) else f"must be {names.REF_RULE}, got {shown(value)}"


def chunk_id(value: str) -> str | None:
    if read_chunk_id(value):
        return None
    return f"must be the id of a search result or of a piece of a bundle, got {shown(value)}"


def signature(value: str) -> str | None:
    if _SIGNATURE.fullmatch(value):
        return None
    return f"must be a bundle's signature, or {bounds.SHORT_SIGNATURE} or more of its first digits, got {shown(value)}"


def commit(value: str) -> str | None:
    return None if not value or names.is_git_object(value) else f"must be {names.GIT_OBJECT_RULE}, got {shown(value)}"


def path(value: str) -> str | None:
    """A path inside a repository: relative, `/` between parts, and none of them empty, `.` or `..`."""
    if not value or "\0" in value or any(part in ("", ".", "..") for part in value.split("/")):
        return f"must be a path relative to the repository's root, got {shown(value)}"
    return text(value, bounds.PATH_BYTES)


def typed_path(value: str) -> str | None:
    """The same, as people type it: `./src/app.py` means src/app.py."""
    return path(value.removeprefix("./"))


def named_place(value: str) -> str | None:
    """`PATH`, `PATH:10-20` or `PATH#NAME`."""
    try:
        place = read_place(value)
    except ValueError as error:
        return f"is no place: {error}"
    return path(place.path) or text(value, bounds.PATH_BYTES)


def contradiction(places: Sequence[str], globs: Sequence[str]) -> str | None:
    """Of places that must be shown and patterns that leave out: what both name. Both are well formed."""
    for pattern in globs:
        leaves_out = compile_glob(pattern)
        for each in places:
            if leaves_out(read_place(each).path):
                return f"names {shown(each)}, which exclude_globs leaves out by {shown(pattern)}; drop one of the two"
    return None


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


# Of the following no message shows the value.


def secret_word(value: str) -> str | None:
    if len(value) > bounds.TOKEN_CHARS or not _WORD.fullmatch(value):
        return f"must have 1 to {bounds.TOKEN_CHARS} printable ASCII characters and no spaces"
    return None


def git_username(value: str) -> str | None:
    if value and (len(value) > bounds.USERNAME_CHARS or ":" in value or not _WORD.fullmatch(value)):
        return f"must have at most {bounds.USERNAME_CHARS} printable ASCII characters, no spaces and no colon"
    return None


def private_key(value: str) -> str | None:
    return text(value, bounds.PRIVATE_KEY_BYTES, required=True)


def known_hosts(value: str) -> str | None:
    return text(value, bounds.KNOWN_HOSTS_BYTES)
