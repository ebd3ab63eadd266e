"""Patterns as RE2 matches them, in time linear in the text whatever they are."""

from __future__ import annotations

from codecs import BOM_UTF8
from dataclasses import dataclass

import re2

from pampax.core.errors import InvalidRequest
from pampax.search.pattern.needs import Need, need_of_regex, need_of_text

MAX_LINES = 1_000  # of a file on which matches are counted
MAX_PROGRAM = 4_000  # instructions of an expression; more of them can be slow on every byte
_MANY_LINES = b"(?m)"  # ^ and $ stand at the ends of lines
_LOOKING_AROUND = ("(?=", "(?!", "(?<=", "(?<!")
_AROUND = "; it looks ahead or behind, which takes more than one pass over the text"


@dataclass(frozen=True, slots=True)
class Pattern:
    """What to look for: a regular expression in RE2's syntax, or a text as it stands."""

    text: str
    regex: bool
    any_case: bool = False


class Matcher:
    """A compiled pattern. `need` is what every file that it matches holds."""

    def __init__(self, pattern: Pattern) -> None:
        """InvalidRequest for what is no pattern, is too large, or matches nothing at all and so every line."""
        self.pattern = pattern
        self._compiled = _compiled(pattern)
        read = need_of_regex if pattern.regex else need_of_text
        self.need: Need = read(pattern.text, any_case=pattern.any_case)

    def lines(self, content: bytes) -> list[int]:
        """The lines on which matches begin, 1-based, as `text_lines` counts them; at most MAX_LINES."""
        text = content.removeprefix(BOM_UTF8)
        lines: list[int] = []
        line, counted, at = 1, 0, 0
        while len(lines) < MAX_LINES and (match := self._compiled.search(text, at)):
            start = match.start()
            if start == len(text) and text.endswith(b"\n"):
                break  # behind the last line
            line += text.count(b"\n", counted, start)
            counted = start
            lines.append(line)
            # The rest of the line tells nothing more, and may match at every letter.
            ends = text.find(b"\n", start)
            if ends < 0:
                break
            at = max(ends + 1, match.end())
        return lines


def _compiled(pattern: Pattern) -> re2._Regexp:
    options = _silent()
    options.case_sensitive = not pattern.any_case
    options.literal = not pattern.regex
    written = pattern.text.encode()
    try:
        compiled = re2.compile(_MANY_LINES + written if pattern.regex else written, options)
    except re2.error as error:
        raise _refused(_told(written, error.args[0].decode(errors="replace"))) from None
    if pattern.regex and compiled.programsize > MAX_PROGRAM:
        raise _refused(f"it takes {compiled.programsize} steps, more than {MAX_PROGRAM}; use fewer or smaller counts")
    if compiled.search(b""):
        raise _refused("it matches the empty text, and so every line; use + instead of *, or write more of it")
    return compiled


def _refused(why: str) -> InvalidRequest:
    return InvalidRequest(
        f"the pattern cannot be used: {why}; for a text as it stands use mode literal",
        reason="INVALID_PATTERN",
        fields={"query": why},
    )


def _told(pattern: bytes, message: str) -> str:
    """RE2's words, and where in the pattern it stopped."""
    what, _, part = message.partition(": ")
    place = _unclosed(pattern) if what == "missing )" else _place(pattern, part, message)
    where = f" at character {len(pattern[:place].decode(errors='replace')) + 1}" if place is not None else ""
    named = f" ({part})" if part and what != "missing )" else ""
    return f"{what}{where}{named}{_AROUND if part in _LOOKING_AROUND else ''}"


def _place(pattern: bytes, part: str, message: str) -> int | None:
    """The first place of this part that is refused in the same words when little follows it."""
    refused = part.encode()
    at = pattern.find(refused)
    while at >= 0:
        # What looks behind is taken for the beginning of a name as long as nothing follows.
        end = at + len(refused) + (part in _LOOKING_AROUND)
        try:
            re2.compile(_MANY_LINES + pattern[:end], _silent())
        except re2.error as error:
            if error.args[0].decode(errors="replace") == message:
                return at
        at = pattern.find(refused, at + 1)
    return None


def _silent() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    return options


def _unclosed(pattern: bytes) -> int | None:
    """The last parenthesis that is opened and not closed; those behind a backslash or in a class are text."""
    opened: list[int] = []
    in_class, at = False, 0
    while at < len(pattern):
        char = pattern[at : at + 1]
        if char == b"\\":
            at += 1
        elif in_class:
            in_class = char != b"]"
        elif char == b"[":
            in_class = True
            at += pattern[at + 1 : at + 2] == b"]"
        elif char == b"(":
            opened.append(at)
        elif char == b")" and opened:
            opened.pop()
        at += 1
    return opened[-1] if opened else None
