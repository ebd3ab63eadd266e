"""What a question found, as a text file: a change of the ranking is read as a diff of these."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pampax.bench.golden.model import Query, Target
from pampax.bench.golden.scoring import DEPTH, Chunk

_NAME_CHARS = 60
_OTHERS = re.compile(r"[^a-z0-9]+")


def page_path(repository: str, query: Query) -> Path:
    """Below the folder of all pages, by the question's first words."""
    words = _OTHERS.sub("-", query.text.lower()).strip("-")
    return Path(repository) / f"{words[:_NAME_CHARS].rstrip('-')}.txt"


def page(query: Query, ranked: Sequence[Chunk]) -> str:
    """The question, its answers with their ranks, and the first ten results, those that answer marked. Without scores,
    which change with every weight."""
    lines = [query.text, f"({query.category}, {query.language})", ""]
    for target in query.targets:
        rank = next((rank for rank, chunk in enumerate(ranked, 1) if chunk.answers(target)), None)
        lines.append(f"wanted {_place(target)}: {f'rank {rank}' if rank else f'not among {len(ranked)}'}")
    lines.append("")
    for rank, chunk in enumerate(ranked[:DEPTH], 1):
        mark = "*" if any(chunk.answers(target) for target in query.targets) else " "
        lines.append(f"{rank:>2} {mark} {chunk.paths[0]}:{chunk.first}-{chunk.last}")
    return "\n".join(lines) + "\n"


def write_page(folder: Path, repository: str, query: Query, ranked: Sequence[Chunk]) -> None:
    file = folder / page_path(repository, query)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page(query, ranked), "utf-8")


def _place(target: Target) -> str:
    return target.path if target.lines is None else f"{target.path}:{target.lines[0]}-{target.lines[1]}"
