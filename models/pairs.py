"""A pair is a question and the code that answers it. Here: what both ways of finding pairs share, and a file's own."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from prose import question, words_of

MAX_CODE_CHARACTERS = 1_100
CHUNK_CHARACTERS = 750  # of a file, for pairs whose code is no definition
MIN_CODE_CHARACTERS = 40
PATH_PARTS = 3  # the last parts of a path are what it is about
NO_SUBJECT = {"src", "lib", "main", "init", "index", "mod", "dist", "cjs", "esm", "build", "com", "org", "io", "net"}
NO_SUBJECT |= {"d", "py", "js", "ts", "go", "java", "scala", "kotlin"}


@dataclass(frozen=True, slots=True)
class Pair:
    """`kind`: doc, cls, name, inl, path or moddoc; see README.md."""

    kind: str
    language: str
    question: str
    code: str


def pair(kind: str, language: str, asked: str | None, code: str) -> Iterator[Pair]:
    """The pair, unless there is no question or too little code."""
    cut = code[:MAX_CODE_CHARACTERS].strip("\n")
    if asked and len(cut.strip()) >= MIN_CODE_CHARACTERS:
        yield Pair(kind, language, asked, cut)


def name_pair(language: str, name: str, body: str) -> Iterator[Pair]:
    """From the words of a name to the body without it."""
    words = words_of(name)
    if 2 <= len(words) <= 10 and body.count("\n") >= 2:
        yield from pair("name", language, " ".join(words), body)


def file_pairs(language: str, path: str, text: str, opening: str | None) -> Iterator[Pair]:
    """From the words of the path, and from the opening comment, to a chunk that a hash of the path picks."""
    chunks = [chunk for chunk in _chunks(text) if len(chunk) >= CHUNK_CHARACTERS // 3]
    if not chunks:
        return
    number = zlib.crc32(path.encode())
    words = _subject(path)
    if 2 <= len(words) <= 10:
        yield from pair("path", language, " ".join(words), chunks[number % len(chunks)])
    if opening:
        yield from pair("moddoc", language, question(opening, 4), chunks[number // 7 % len(chunks)])


def _subject(path: str) -> list[str]:
    parts = PurePosixPath(path).with_suffix("").parts[-PATH_PARTS:]
    words = [word for part in parts for word in words_of(part)]
    return [word for word in dict.fromkeys(words) if word not in NO_SUBJECT and not word.isdigit()]


def _chunks(text: str) -> list[str]:
    """Whole lines, without those of comments, up to 750 characters each."""
    chunks, chunk = [], ""
    for line in re.sub(r'"""[\s\S]*?"""|/\*[\s\S]*?\*/', "", text).split("\n"):
        if line.lstrip().startswith(("//", "#", "--", "*")):
            continue
        if len(chunk) + len(line) > CHUNK_CHARACTERS:
            chunks.append(chunk)
            chunk = ""
        chunk += line + "\n" if line.strip() else ""
    return [*chunks, chunk]
