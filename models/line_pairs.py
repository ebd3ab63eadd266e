"""Pairs of a file of any language by one line rule: a comment right above code is about it, indentation bounds it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from languages import CALL_FORM, CLASS_WORDS, CONTINUES, CONTROL, HASKELL_SIGNATURE, KEYWORD, PYTHON, Language
from pairs import MAX_CODE_CHARACTERS, Pair, name_pair, pair
from prose import question

MIN_INNER_WORDS = 4  # of a comment inside a body; shorter ones say little
MAX_INNER_LINES = 14  # that such a comment is taken to be about
MAX_COMMENT_LINES = 80
_ATTRIBUTE = re.compile(r"^(@\w[\w.]*(\(.*\))?|#\[.*\]|\[[A-Z].*\]|template\s*<.*>|@spec .*)$")
_SIGNATURE_END = re.compile(r"[{,(=:)]$|\bdo$|\bthen$|\bis$")


@dataclass(frozen=True, slots=True)
class _Definition:
    name: str
    is_class: bool


def line_pairs(text: str, language: Language) -> Iterator[Pair]:
    """Pairs in order of lines. For Python only the comments inside bodies; the rest is by syntax."""
    lines = text.split("\n")
    number, comment = 0, ""
    while number < len(lines):
        plain = lines[number].strip()
        if not plain:
            number, comment = number + 1, ""
        elif (found := comment_at(lines, number, language)) is not None:
            comment, number = found
        elif comment and _ATTRIBUTE.match(plain):
            number += 1
        else:
            yield from _below(comment, lines, number, language)
            number, comment = number + 1, ""


def comment_at(lines: list[str], number: int, language: Language) -> tuple[str, int] | None:
    """The comment that begins with this line, without markers, and the number of the line after it."""
    plain = lines[number].strip()
    if language.block and plain.startswith(language.block[0]):
        return _block_comment(lines, number, language.block)
    marker = next((each for each in language.line if plain.startswith(each)), None)
    if marker is None or plain.startswith("#["):
        return None
    texts = []
    while number < len(lines) and (plain := lines[number].strip()).startswith(language.line):
        marker = next(each for each in language.line if plain.startswith(each))
        texts.append(plain[len(marker) :].strip())
        number += 1
    return "\n".join(texts), number


def _block_comment(lines: list[str], number: int, markers: tuple[str, str]) -> tuple[str, int] | None:
    opening, closing = markers
    texts = []
    for at in range(number, min(len(lines), number + MAX_COMMENT_LINES)):
        text = lines[at].strip().removeprefix(opening) if at == number else lines[at].strip()
        before, end, after = text.partition(closing)
        texts.append(before.strip("*! \t|"))
        if end:
            return None if after.strip(" ;,") else ("\n".join(texts).strip(), at + 1)
    return None


def _below(comment: str, lines: list[str], number: int, language: Language) -> Iterator[Pair]:
    """The pairs of the code that begins with this line, which is no comment."""
    defined = _definition(lines[number]) if language is not PYTHON else None
    if defined is None:
        if comment and lines[number][:1].isspace():
            asked = question(comment, MIN_INNER_WORDS)
            yield from pair("inl", language.name, asked, "\n".join(_until_pause(lines, number, language)))
        return
    block = _block(lines, number)
    if comment and len(block) > 1:
        yield from pair("cls" if defined.is_class else "doc", language.name, question(comment), "\n".join(block))
    if not defined.is_class:
        yield from name_pair(language.name, defined.name, "\n".join(block[1:]))


def _definition(line: str) -> _Definition | None:
    plain = line.strip()
    if word := KEYWORD.match(plain):
        is_value = word[1] in ("let", "val", "const", "and") and not _SIGNATURE_END.search(plain)
        return None if is_value else _Definition(word[2], word[1] in CLASS_WORDS)
    if CONTROL.match(plain) or plain.endswith(";"):
        return None
    if signature := HASKELL_SIGNATURE.match(line):
        return _Definition(signature[1], is_class=False)
    form = CALL_FORM.search(plain)
    if form and "." not in plain[: form.start(1)] and plain.endswith(("{", ")", ",", "(")) and "=>" not in plain:
        return _Definition(form[1], is_class=False)
    return None


def _block(lines: list[str], start: int) -> list[str]:
    """The line and those that belong to it by their indentation, up to the bound of a pair."""
    indentation = _indentation(lines[start])
    equation = HASKELL_SIGNATURE.match(lines[start])
    block, size = [lines[start]], len(lines[start])
    for line in lines[start + 1 :]:
        if line.strip() and _indentation(line) <= indentation:
            same_equation = equation is not None and line.startswith(equation[1] + " ")
            if _indentation(line) < indentation or not (CONTINUES.match(line.strip()) or same_equation):
                break
        block.append(line)
        size += len(line) + 1
        if size > MAX_CODE_CHARACTERS:
            break
    return block


def _until_pause(lines: list[str], start: int, language: Language) -> list[str]:
    """The lines up to an empty one, a comment or the end of the block."""
    indentation = _indentation(lines[start])
    block: list[str] = []
    for number in range(start, min(len(lines), start + MAX_INNER_LINES)):
        line = lines[number]
        if not line.strip() or _indentation(line) < indentation or line.lstrip().startswith(language.line or "(*"):
            break
        block.append(line)
    return block


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())
