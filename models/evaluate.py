"""Retrieval figure of a table: from a docstring's first sentence to its function, over Python's standard library.

    PYTHONPATH=libs python models/evaluate.py [FOLDER]

Prints MRR@10, recall@1 and recall@10 of exact search over all functions found, each without its docstring. A proxy:
it ranks tables against one another and says little about questions that people ask.
"""

from __future__ import annotations

import ast
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pampax.embedding.static import FOLDER, StaticEmbedder

SKIPPED = {"test", "tests", "idlelib", "lib2to3", "site-packages", "turtledemo"}
MIN_WORDS = 4  # of a sentence; fewer say nothing
MAX_FUNCTION_CHARACTERS = 1_000
DEPTH = 10


def main() -> None:
    embedder = StaticEmbedder(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
    pairs = sorted({pair[0]: pair for pair in standard_library_pairs()}.values())
    questions, functions = zip(*pairs, strict=True)
    scores = embedder.embed_documents(questions) @ embedder.embed_documents(functions).T
    ranks = (scores > scores.diagonal()[:, None]).sum(axis=1) + 1
    reciprocal = np.where(ranks <= DEPTH, 1 / ranks, 0)
    print(f"{len(pairs)} pairs, Python {sys.version.split()[0]}")
    print(
        f"MRR@10 {reciprocal.mean():.3f}  recall@1 {(ranks == 1).mean():.3f}  recall@10 {(ranks <= DEPTH).mean():.3f}"
    )


def standard_library_pairs() -> Iterator[tuple[str, str]]:
    """(first sentence of the docstring, source of the function without it), in order of path."""
    root = Path(sysconfig.get_path("stdlib"))
    for path in sorted(root.rglob("*.py")):
        if SKIPPED.isdisjoint(path.relative_to(root).parts):
            yield from _pairs(path.read_text(encoding="utf-8", errors="replace"))


def _pairs(source: str) -> Iterator[tuple[str, str]]:
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or len(node.body) < 2:
            continue
        sentence = " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split()).split(". ")[0]
        if len(sentence.split()) >= MIN_WORDS:
            head = lines[node.lineno - 1 : node.body[0].lineno - 1]
            tail = lines[node.body[0].end_lineno : node.end_lineno]
            yield sentence, "\n".join([*head, *tail])[:MAX_FUNCTION_CHARACTERS]


if __name__ == "__main__":
    main()
