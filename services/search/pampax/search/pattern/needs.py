"""What every text that a pattern matches must hold, as pieces of text whose grams can be looked for.

Read from RE2's own syntax. What is not understood here is taken to match anything, so that a file which matches is
never left out: what is read too weakly only makes more files worth looking into.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pampax.codeintel.grams import folded

MIN_BYTES = 3  # of a piece of text, for a gram
MAX_STRINGS = 16  # that are told apart, as for (get|put|post)_[abc]
MAX_CHARS = 200  # of each; longer ones are cut in pieces
MAX_DEPTH = 50

_ASCII = frozenset(map(chr, range(128)))
_ESCAPED = {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}
_HEX = re.compile(r"x(?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{2}))")
_OCTAL = re.compile(r"0[0-7]{0,2}|[1-7][0-7]{1,2}")
_CLASS = re.compile(r"[pP](?:\{[^}]*\}|.)|[dDsSwWC]")
_PLACE = re.compile(r"[bBAz]")
_GROUP = re.compile(r"\((?:\?P?<[^>]*>|\?[imsU-]*:)?")
_FLAGS = re.compile(r"\(\?([imsU-]+)\)")
_ANY_CASE = re.compile(r"\(\?[msU]*i")
_REPEAT = re.compile(r"([*+?]|\{(\d+)(,?)(\d*)\})\??")
_NAMED_CLASS = re.compile(r"\[:\^?\w+:\]")


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Need, ...]


# Bytes are folded text that must be there.
Need: TypeAlias = bytes | AllOf | AnyOf
NOTHING = AllOf(())


def need_of_text(text: str, *, any_case: bool) -> Need:
    """Of a text as it stands."""
    pieces = [text] if not any_case else _ascii_runs(text)
    return _all_of(_need_of_string(piece) for piece in pieces)


def need_of_regex(pattern: str, *, any_case: bool) -> Need:
    """Of a pattern that RE2 has compiled."""
    try:
        return _Reader(pattern, any_case=any_case or _ANY_CASE.search(pattern) is not None).read().need
    except _TooDeepError:
        return NOTHING


def texts_of(need: Need) -> list[str]:
    """All pieces of text in it, folded, in order."""
    if isinstance(need, bytes):
        return [need.decode(errors="ignore")]
    return [text for part in need.parts for text in texts_of(part)]


class _TooDeepError(Exception):
    """Nested deeper than anybody writes."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Part of a pattern: all the `strings` that it matches, or None and what is known of them."""

    strings: frozenset[str] | None
    known: Need = NOTHING

    @property
    def need(self) -> Need:
        return self.known if self.strings is None else _any_of(map(_need_of_string, sorted(self.strings)))


_ANYTHING = _Piece(None)
_EMPTY = _Piece(frozenset({""}))


class _Reader:
    """Reads a pattern from left to right; `at` is the next character."""

    def __init__(self, pattern: str, *, any_case: bool) -> None:
        self._pattern = pattern
        self._any_case = any_case
        self._at = 0
        self._depth = 0

    def read(self) -> _Piece:
        return self._alternatives()

    def _alternatives(self) -> _Piece:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _TooDeepError
        found = [self._sequence()]
        while self._skip("|"):
            found.append(self._sequence())
        self._depth -= 1
        return found[0] if len(found) == 1 else _either(found)

    def _sequence(self) -> _Piece:
        pieces: list[_Piece] = []
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            pieces.append(self._repeated(self._one()))
        return _joined(pieces)

    def _one(self) -> _Piece:
        char = self._pattern[self._at]
        if char == "\\":
            self._at += 1
            return self._escape()
        if char == "[":
            return self._class()
        if char == "(":
            return self._group()
        self._at += 1
        if char in "^$":
            return _EMPTY
        return _ANYTHING if char == "." else self._char(char)

    def _char(self, char: str) -> _Piece:
        return _ANYTHING if self._any_case and char not in _ASCII else _Piece(frozenset({char}))

    def _escape(self) -> _Piece:
        if self._skip("Q"):
            text, _, _ = self._pattern[self._at :].partition("\\E")
            self._at = min(len(self._pattern), self._at + len(text) + len("\\E"))
            return _joined([self._char(char) for char in text])
        if self._match(_PLACE):
            return _EMPTY
        if self._match(_CLASS):
            return _ANYTHING
        found = self._match(_HEX)
        if found:
            return self._char(chr(int(found[1] or found[2], 16)))
        found = self._match(_OCTAL)
        if found:
            return self._char(chr(int(found[0], 8)))
        char = self._pattern[self._at]
        self._at += 1
        if char in _ESCAPED:
            return self._char(_ESCAPED[char])
        return self._char(char) if char in string.punctuation else _ANYTHING

    def _class(self) -> _Piece:
        """The characters of a short list, anything of what has ranges and other classes in it."""
        self._at += 1
        listed = not self._skip("^")
        chars: set[str] = set()
        first = True
        while first or self._pattern[self._at] != "]":
            first = False
            if self._match(_NAMED_CLASS):
                listed = False
                continue
            char = self._pattern[self._at]
            if char == "-":
                listed = False
            elif char == "\\":
                self._at += 1
                listed = listed and self._pattern[self._at] in string.punctuation
                char = self._pattern[self._at]
            chars.add(char)
            self._at += 1
        self._at += 1
        if not listed or len(chars) > MAX_STRINGS or (self._any_case and not chars <= _ASCII):
            return _ANYTHING
        return _Piece(frozenset(chars))

    def _group(self) -> _Piece:
        if self._match(_FLAGS):
            return _EMPTY
        self._match(_GROUP)
        inner = self._alternatives()
        self._skip(")")
        return inner

    def _repeated(self, piece: _Piece) -> _Piece:
        while found := self._match(_REPEAT):
            piece = _repeat(piece, found)
        return piece

    def _match(self, what: re.Pattern[str]) -> re.Match[str] | None:
        found = what.match(self._pattern, self._at)
        if found:
            self._at = found.end()
        return found

    def _skip(self, text: str) -> bool:
        if self._pattern.startswith(text, self._at):
            self._at += len(text)
            return True
        return False


def _repeat(piece: _Piece, operator: re.Match[str]) -> _Piece:
    sign, least = operator[1][0], int(operator[2] or 0)
    if sign == "?" and piece.strings is not None:
        return _Piece(piece.strings | {""})
    if sign in "*?" or (sign == "{" and not least):
        return _ANYTHING
    once = least == 1 and not operator[3]
    return piece if once else _Piece(None, piece.need)


def _joined(pieces: Sequence[_Piece]) -> _Piece:
    """One after the other: strings grow until one part may be anything, or until they are too many."""
    needs: list[Need] = []
    strings = frozenset({""})
    for piece in pieces:
        if piece.strings is not None and _few(strings, piece.strings):
            strings = frozenset(before + after for before in strings for after in piece.strings)
            continue
        needs.append(_Piece(strings).need)
        if piece.strings is None:
            needs.append(piece.known)
        strings = piece.strings or frozenset({""})
    if not needs:
        return _Piece(strings)
    return _Piece(None, _all_of([*needs, _Piece(strings).need]))


def _few(before: frozenset[str], after: frozenset[str]) -> bool:
    longest = max(map(len, before)) + max(map(len, after), default=0)
    return len(before) * len(after) <= MAX_STRINGS and longest <= MAX_CHARS


def _either(pieces: Sequence[_Piece]) -> _Piece:
    strings = [piece.strings for piece in pieces if piece.strings is not None]
    together = frozenset[str]().union(*strings)
    if len(strings) == len(pieces) and len(together) <= MAX_STRINGS:
        return _Piece(together)
    return _Piece(None, _any_of(piece.need for piece in pieces))


def _need_of_string(text: str) -> Need:
    found = folded(text.encode(errors="ignore"))
    return found if len(found) >= MIN_BYTES else NOTHING


def _all_of(needs: Iterable[Need]) -> Need:
    parts = tuple(dict.fromkeys(need for need in needs if need != NOTHING))
    return parts[0] if len(parts) == 1 else AllOf(parts)


def _any_of(needs: Iterable[Need]) -> Need:
    parts = tuple(dict.fromkeys(needs))
    if NOTHING in parts:
        return NOTHING
    return parts[0] if len(parts) == 1 else AnyOf(parts)


def _ascii_runs(text: str) -> list[str]:
    return re.split(r"[^\x00-\x7f]+", text)
