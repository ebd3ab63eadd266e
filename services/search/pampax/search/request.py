"""A search as the service understands it, with its bounds."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pampax.codeintel.languages import LANGUAGES, nearest_language
from pampax.core.errors import InvalidRequest
from pampax.core.globs import compile_glob
from pampax.search.query import Intent

MAX_QUERY_BYTES = 8_192
MAX_LIMIT = 100
MAX_REPOSITORIES = 50
MAX_LANGUAGES = 32
MAX_GLOBS = 16  # matched one after the other, file by file
DEFAULT_LIMIT = 10
MAX_SHOWN_CHARS = 64  # of a wrong value in the message about it
MAX_SHOWN = 20  # of the values that would be right
KINDS = frozenset({"type", "function", "variable", "declaration", "block", "text"})


class Mode(StrEnum):
    HYBRID = "hybrid"
    LEXICAL = "lexical"
    SEMANTIC = "semantic"
    SYMBOL = "symbol"
    REGEX = "regex"
    LITERAL = "literal"


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """`repositories` are names without prefix; None searches every readable one. `max_staleness_s` in seconds.
    `why_not`: path of a file of which is told at which stage it fell out. `ignore_case` is for patterns: words are
    always looked for so. A path passes when it matches `path_glob` and, where there are some, one of `path_globs`.
    `reranker`: name and version of the model that orders the best results anew; "" for none."""

    query: str
    repositories: tuple[str, ...] | None = None
    ref: str | None = None
    mode: Mode = Mode.HYBRID
    languages: frozenset[str] = field(default_factory=frozenset)
    path_glob: str = ""
    path_globs: tuple[str, ...] = ()
    kinds: frozenset[str] = field(default_factory=frozenset)
    limit: int = DEFAULT_LIMIT
    by_file: bool = False
    intent: Intent | None = None
    explain: bool = False
    max_staleness_s: float | None = None
    page_token: str = ""
    exact_vectors: bool = False
    why_not: str = ""
    ignore_case: bool = False
    reranker: str = ""


def check(request: SearchRequest) -> SearchRequest:
    """The same request, or InvalidRequest that names every wrong field."""
    wrong = _wrong_bounds(request) | _wrong_names(request.repositories or (), request.ref)
    for name, given, known, nearest in (
        ("languages", request.languages, LANGUAGES, nearest_language),
        ("kinds", request.kinds, KINDS, _nearest_kind),
    ):
        unknown = min(given - known, default=None)
        if unknown is not None:
            shown = unknown[:MAX_SHOWN_CHARS]
            near = nearest(shown)
            advice = f"did you mean {near!r}?" if near else f"known are {', '.join(sorted(known)[:MAX_SHOWN])}"
            wrong[name] = f"{shown!r} is not known; {advice}"
    named = [("path_glob", request.path_glob)] if request.path_glob else []
    named += [(f"path_globs[{index}]", glob) for index, glob in enumerate(request.path_globs[:MAX_GLOBS])]
    for name, glob in named:
        try:
            compile_glob(glob, name)
        except InvalidRequest as error:
            wrong |= error.fields
    _refuse(wrong)
    return request


def check_names(repositories: Sequence[str], ref: str | None) -> None:
    """InvalidRequest for names that Postgres cannot even compare."""
    _refuse(_wrong_names(repositories, ref))


def _wrong_bounds(request: SearchRequest) -> dict[str, str]:
    wrong: dict[str, str] = {}
    query_bytes = len(request.query.encode())
    if not request.query.strip():
        wrong["query"] = "must not be empty; say what you look for in words, by name or by path"
    elif query_bytes > MAX_QUERY_BYTES:
        wrong["query"] = f"must have at most {MAX_QUERY_BYTES} bytes, has {query_bytes}"
    if not 1 <= request.limit <= MAX_LIMIT:
        wrong["limit"] = f"must be between 1 and {MAX_LIMIT}, got {request.limit}"
    if request.repositories is not None and len(request.repositories) > MAX_REPOSITORIES:
        wrong["repositories"] = f"at most {MAX_REPOSITORIES} can be named, got {len(request.repositories)}"
    if len(request.languages) > MAX_LANGUAGES:
        wrong["languages"] = f"at most {MAX_LANGUAGES} can be named, got {len(request.languages)}"
    if len(request.path_globs) > MAX_GLOBS:
        wrong["path_globs"] = f"at most {MAX_GLOBS} can be given, got {len(request.path_globs)}"
    return wrong


def _wrong_names(repositories: Sequence[str], ref: str | None) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if any("\0" in name for name in repositories):
        wrong["repositories"] = "holds a NUL character; no repository has one in its name"
    if "\0" in (ref or ""):
        wrong["ref"] = "holds a NUL character; no ref has one in its name"
    return wrong


def _refuse(wrong: Mapping[str, str]) -> None:
    if wrong:
        raise InvalidRequest("; ".join(f"{name} {what}" for name, what in wrong.items()), fields=wrong)


def _nearest_kind(value: str) -> str | None:
    return next(iter(difflib.get_close_matches(value, sorted(KINDS), n=1)), None)
