"""Ways to fill a token budget for a task: a bundle, and what people do without one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pampax.bench.asking import Asker
from pampax.codeintel.lines import text_lines
from pampax.codeintel.terms import STOP_WORDS
from pampax.codeintel.tokens import counter
from pampax.core.errors import Internal

TOKENIZER = "o200k_base"
BUNDLE = "bundle"  # the contestant that the others are compared with
MOST_HITS = 100
MOST_GREPPED_WORDS, WINDOW = 12, 60  # words of the task that are looked for; lines that are read around a place
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{3,}")


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines of a file that are shown whole, 1-based and inclusive; `outlined` when only signatures of them are."""

    path: str
    start_line: int
    end_line: int
    outlined: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """An indexed repository and its files."""

    asker: Asker
    name: str
    files: Mapping[str, Sequence[str]]


# Answers with pieces in the order in which they are read.
Contestant = Callable[[Ground, str, int], list[Piece]]


def read_files(folder: Path, paths: Iterable[str]) -> dict[str, list[str]]:
    return {path: text_lines((folder / path).read_bytes()) for path in paths}


def bundle(ground: Ground, task: str, budget: int) -> list[Piece]:
    body = {"task": task, "repos": [ground.name], "token_budget": budget, "tokenizer": TOKENIZER}
    answer = ground.asker.post_document("/v1/bundles", body)
    if answer["degraded"]:
        raise Internal(f"a bundle lacked {answer['degraded']}: it says nothing")
    if answer["budget"]["used"] > budget:
        raise Internal(f"a bundle of {budget} tokens has {answer['budget']['used']}")
    return [
        Piece(item["path"], item["start_line"], item["end_line"], outlined=item["rendering"] != "full")
        for item in answer["items"]
        if item["rendering"] != "reference"
    ]


def hits(ground: Ground, task: str, budget: int) -> list[Piece]:
    """The results of a search, one after the other, until the budget is full."""
    pieces = [Piece(hit["path"], hit["start_line"], hit["end_line"]) for hit in _hits(ground, task)]
    return _filled(ground, pieces, budget)


def whole_files(ground: Ground, task: str, budget: int) -> list[Piece]:
    """The files of the results, each from its first line on."""
    paths = dict.fromkeys(hit["path"] for hit in _hits(ground, task))
    return _filled(ground, [Piece(path, 1, len(ground.files.get(path, ()))) for path in paths], budget)


def grep_and_read(ground: Ground, task: str, budget: int) -> list[Piece]:
    """The files that hold most of the task's words, around the place where most of these stand."""
    words = [word.lower() for word in dict.fromkeys(_WORD.findall(task)) if word.lower() not in STOP_WORDS]
    wanted = words[:MOST_GREPPED_WORDS]
    found: list[tuple[int, int, str, int]] = []
    for path, lines in ground.files.items():
        places = [(at, word) for at, line in enumerate(lines, 1) for word in wanted if word in line.lower()]
        if places:
            windows = Counter(at // WINDOW for at, _ in places)
            best = max(windows, key=lambda window: (windows[window], -window))
            found.append((-len({word for _, word in places}), -len(places), path, best * WINDOW + 1))
    pieces = [
        Piece(path, first, min(first + WINDOW - 1, len(ground.files[path]))) for _, _, path, first in sorted(found)
    ]
    return _filled(ground, pieces[:MOST_HITS], budget)


CONTESTANTS: Mapping[str, Contestant] = {
    BUNDLE: bundle,
    "top hits": hits,
    "whole files": whole_files,
    "grep and read": grep_and_read,
}


def _hits(ground: Ground, task: str) -> list[dict[str, Any]]:
    body = {"query": task, "repos": [ground.name], "limit": MOST_HITS}
    found: list[dict[str, Any]] = ground.asker.post_document("/v1/search", body)["results"]
    return found


def _filled(ground: Ground, pieces: Iterable[Piece], budget: int) -> list[Piece]:
    """As many as fit, the last one cut; each under a line with its place."""
    count = counter(TOKENIZER).count
    kept: list[Piece] = []
    left = budget
    for piece in pieces:
        lines = ground.files.get(piece.path, ())[piece.start_line - 1 : piece.end_line]
        heading = count(f"{piece.path}:{piece.start_line}-{piece.end_line}\n")
        fitting = _most_lines(lines, left - heading, count)
        if fitting:
            kept.append(Piece(piece.path, piece.start_line, piece.start_line + fitting - 1))
            left -= heading + count("\n".join(lines[:fitting]))
        if fitting < len(lines):
            break
    return kept


def _most_lines(lines: Sequence[str], budget: int, count: Callable[[str], int]) -> int:
    low, high = 0, len(lines)
    while low < high:
        middle = (low + high + 1) // 2
        if count("\n".join(lines[:middle])) <= budget:
            low = middle
        else:
            high = middle - 1
    return low
