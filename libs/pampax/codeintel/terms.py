"""Identifier-aware terms: what the lexical index stores and what a query asks it for.

An identifier gives itself without separators and its camel and snake parts (`getUserName` and `get_user_name` both give
getusername, get, user, name), each stemmed. Both sides of the index use these functions, so a change here needs a new
build.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from pampax.codeintel.stemming import stem

MAX_TERM_CHARS = 64
GENERIC_WEIGHT = 0.5
JOINED_WEIGHT = 0.8

# Identifiers repeat: a cache of this many (about 30 MB when full) answers all but a few in a hundred.
_CACHED_IDENTIFIERS = 1 << 16
_CACHED_PATH_PARTS = 1 << 15
_MAX_IDENTIFIER_CHARS = 128  # longer runs are encoded data
_MAX_HEXADECIMAL_CHARS = 18  # a 64-bit constant; longer ones are hashes
_MAX_NUMBER_DIGITS = 6  # ports, status codes, years, RFC numbers; longer ones are data
_PAIR_SCRIPTS = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]")

_WORD = re.compile(r"\w+")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+")
_HEXADECIMAL = re.compile(r"0[xX]\w+|(?=[a-fA-F]*\d)[0-9a-fA-F]{16,}")
_ACCENTS = re.compile("[\u0300-\u036f]")

_STOP_WORDS_TEXT = """
    a about all also am an and any are as at be been but by can could did do does doing each for from had has have
    having he her here his how i if in into is it its just me more most my no nor not of on or our out over own s she
    should so some such t than that the their them then there these they this those to too up very was we were what
    when where which while who whom why will with would you your
"""
STOP_WORDS = frozenset(_STOP_WORDS_TEXT.split())

# Words of questions about code that say little about where the answer lies.
_GENERIC_WORDS_TEXT = """
    base based behavior behaviour call called class code create created default define defined different file find
    function get given handle handled handler handling implement implementation implemented information invoke logic
    main make method module new object perform process provide return returned run set show specific support supported
    type use used using value way work works
"""
GENERIC_WORDS = frozenset(_GENERIC_WORDS_TEXT.split())
_GENERIC_STEMS = frozenset(stem(word) for word in GENERIC_WORDS)

# Files that stand for their folder.
INDEX_STEMS = frozenset({"mod", "index", "init", "__init__", "lib", "main", "package"})


def terms(text: str) -> list[str]:
    """The index terms of a text with repetition, in no particular order; linear in the text's length."""
    return [term for term, count in term_counts(text).items() for _ in range(count)]


def term_counts(text: str) -> dict[str, int]:
    """`terms` counted: each distinct identifier is taken apart once."""
    counts: dict[str, int] = {}
    for identifier, count in Counter(_WORD.findall(_normalised(text))).items():
        for term in _identifier_terms(identifier):
            counts[term] = counts.get(term, 0) + count
    return counts


def distinct_terms(text: str) -> set[str]:
    """The keys of `term_counts`, in half its time."""
    words = set(_WORD.findall(_normalised(text)))
    return set(itertools.chain.from_iterable(map(_identifier_terms, words)))


def query_terms(text: str) -> dict[str, float]:
    """Term -> weight of a query: 1, generic words less, and adjacent words joined ("web socket" also asks for
    websocket). Callers drop joined terms that the index lacks. A query of one token keeps its stop words."""
    identifiers = _WORD.findall(_normalised(text))
    words = [word for identifier in identifiers for word in _parts(identifier)]
    weights: dict[str, float] = {}
    for identifier in identifiers:
        found = _identifier_terms(identifier)
        if not found and len(identifiers) == 1:
            found = _kept(word.lower() for word in words)
        for term in found:
            weights[term] = GENERIC_WEIGHT if term in _GENERIC_STEMS else 1.0
    for joined in _joined_pairs(words):
        weights.setdefault(joined, JOINED_WEIGHT)
    return weights


def path_terms(path: str) -> tuple[list[str], list[str]]:
    """(words of the file's stem, words of its folders). A file that stands for its folder (index.ts, mod.rs,
    __init__.py) has the folder's name as its stem, and that folder is then not repeated among the folders."""
    *folders, name = [part for part in path.split("/") if part and part != "."] or [""]
    dot = name.find(".", 1)
    base = name[:dot] if dot > 0 else name
    if base.lower() in INDEX_STEMS and folders:
        base, rest = folders.pop(), ""
    else:
        rest = name[dot:].rpartition(".")[0] if dot > 0 else ""  # "parser.test.ts" is also about tests
    return [*_words(base), *_words(rest)], [word for folder in folders for word in _words(folder)]


def _normalised(text: str) -> str:
    """One form for characters that Unicode writes in several ways (full-width, ligatures), without accents."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text)))


@lru_cache(maxsize=_CACHED_IDENTIFIERS)
def _identifier_terms(identifier: str) -> tuple[str, ...]:
    if len(identifier) > _MAX_IDENTIFIER_CHARS:
        return ()
    if _HEXADECIMAL.fullmatch(identifier):
        return (identifier.lower(),) if len(identifier) <= _MAX_HEXADECIMAL_CHARS else ()
    if not identifier.isascii() and _PAIR_SCRIPTS.search(identifier):
        return _character_pairs(identifier.lower())
    parts = [part.lower() for part in _parts(identifier)]
    found = [part for part in parts if part not in STOP_WORDS]
    if len(parts) > 1:
        found.append("".join(parts))
    return _kept(found)


def _kept(words: Iterable[str]) -> tuple[str, ...]:
    """Stemmed, distinct, without numbers that are data."""
    numbers_out = (word for word in words if not word.isdecimal() or 1 < len(word) <= _MAX_NUMBER_DIGITS)
    return tuple(dict.fromkeys(stem(word) for word in numbers_out if 0 < len(word) <= MAX_TERM_CHARS))


def _parts(identifier: str) -> list[str]:
    return _PART.findall(identifier)


@lru_cache(maxsize=_CACHED_PATH_PARTS)
def _words(name: str) -> tuple[str, ...]:
    """Of one part of a path. A folder is named by every file in it, and after each publish by all of them anew."""
    return tuple(stem(part.lower()) for word in _WORD.findall(_normalised(name)) for part in _parts(word))


def _joined_pairs(words: list[str]) -> list[str]:
    lowered = [word.lower() for word in words]
    pairs = itertools.pairwise(lowered)
    joined = [a + b for a, b in pairs if STOP_WORDS.isdisjoint((a, b)) and not (a + b).isdecimal()]
    return list(_kept(joined))


def _character_pairs(text: str) -> tuple[str, ...]:
    """Scripts without spaces are indexed by pairs of neighbouring characters."""
    pairs = (text[at : at + 2] for at in range(max(1, len(text) - 1)))
    return tuple(dict.fromkeys(pairs))
