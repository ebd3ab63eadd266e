"""A search as the service understands it, with its bounds."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from pampax.codeintel.languages import LANGUAGES
from pampax.core.errors import InvalidRequest
from pampax.search.query import Intent

MAX_QUERY_BYTES = 8_192
MAX_LIMIT = 100
MAX_REPOSITORIES = 50
MAX_LANGUAGES = 32
MAX_GLOB_CHARS = 500
DEFAULT_LIMIT = 10
KINDS = frozenset({"type", "function", "variable", "declaration", "block", "text"})


class Mode(StrEnum):
    HYBRID = "hybrid"
    LEXICAL = "lexical"
    SEMANTIC = "semantic"
    SYMBOL = "symbol"


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """`repositories` are names without prefix; None searches every readable one. `max_staleness_s` in seconds."""

    query: str
    repositories: tuple[str, ...] | None = None
    ref: str | None = None
    mode: Mode = Mode.HYBRID
    languages: frozenset[str] = field(default_factory=frozenset)
    path_glob: str = ""
    kinds: frozenset[str] = field(default_factory=frozenset)
    limit: int = DEFAULT_LIMIT
    by_file: bool = False
    intent: Intent | None = None
    explain: bool = False
    max_staleness_s: float | None = None
    page_token: str = ""
    exact_vectors: bool = False


def check(request: SearchRequest) -> SearchRequest:
    """The same request, or InvalidRequest that names every wrong field."""
    wrong: dict[str, str] = {}
    if not request.query.strip():
        wrong["query"] = "must not be empty; say what you look for in words, by name or by path"
    elif len(request.query.encode()) > MAX_QUERY_BYTES:
        wrong["query"] = f"must have at most {MAX_QUERY_BYTES} bytes, has {len(request.query.encode())}"
    if not 1 <= request.limit <= MAX_LIMIT:
        wrong["limit"] = f"must be between 1 and {MAX_LIMIT}, got {request.limit}"
    if request.repositories is not None and len(request.repositories) > MAX_REPOSITORIES:
        wrong["repositories"] = f"at most {MAX_REPOSITORIES} can be named, got {len(request.repositories)}"
    if len(request.languages) > MAX_LANGUAGES:
        wrong["languages"] = f"at most {MAX_LANGUAGES} can be named, got {len(request.languages)}"
    if len(request.path_glob) > MAX_GLOB_CHARS:
        wrong["path_glob"] = f"must have at most {MAX_GLOB_CHARS} characters"
    for name, given, known in (("languages", request.languages, LANGUAGES), ("kinds", request.kinds, KINDS)):
        for value in sorted(given - known):
            wrong[name] = f"{value!r} is not known{_nearest(value, known)}"
    if wrong:
        raise InvalidRequest("; ".join(f"{name} {what}" for name, what in wrong.items()), fields=wrong)
    return request


def _nearest(value: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(value, sorted(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(sorted(known)[:20])}"
