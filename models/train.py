"""Train the embedding table on the pairs that `corpus.py` has written, from a distilled table.

    python models/train.py --work build/corpus --start build/static_minilm --out libs/pampax/embedding/static_code

1. words of code that many pairs and packages use join the vocabulary, each starting as the sum of its pieces;
2. four runs of contrastive training, which differ in data, groups and dropout, all from the same start;
3. their plain average, each brought to the same norm, quantised to int8 under one global scale.

One core and about 6 GB of memory; MODEL_CARD.md says how long each step takes.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from contrastive import Array, Pairs, Run, trained
from counts import Words, widened
from numpy.typing import NDArray
from scipy.sparse import csr_array
from table import quantised, read, write
from vocabulary import added_words, extended, token_counts

MODEL = "static-code-256"
VERSION = "1"
ROW_LENGTH = 6.0  # mean over the table at the start, which the rate of `contrastive` is made for
ADDED_SHARE = 0.8  # of the sum of its pieces' rows, where an added word starts
MAX_SAME_QUESTION = 8  # pairs; what more ask is no question ("returns the value")
SEED = 20_241
RUNS = (
    Run("groups of 128", SEED, epochs=1.2, batch=1_024, group=128, code_dropout=0.3, question_dropout=0.15),
    Run("groups of 64", SEED + 1, epochs=2, batch=1_024, group=64),
    Run("groups of 512", SEED + 2, epochs=1, batch=512, group=512, pairs=250_000),
    Run("without comments inside", SEED + 3, epochs=1, batch=1_024, group=64, pairs=250_000, inner_comments=False),
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the embedding table.")
    parser.add_argument("--work", type=Path, required=True, help="folder that corpus.py has filled")
    parser.add_argument("--start", type=Path, required=True, help="folder that distill.py has filled")
    parser.add_argument("--out", type=Path, required=True, help="folder that receives the three files")
    arguments = parser.parse_args()
    told = _Clock()
    texts = read_pairs(arguments.work / "pairs")
    told(f"{len(texts.questions)} pairs of {int(texts.packages.max()) + 1} packages")
    start, tokenizer, pairs = prepared(texts, *read(arguments.start))
    told(f"{len(start)} tokens")
    inner = np.array([kind == "inl" for kind in texts.kinds])
    tables = []
    for run in RUNS:
        tables.append(trained(start, _drawn(pairs, inner, run), run))
        told(f"run {run.name!r}")
    values, scale = quantised(average(tables))
    write(arguments.out, values, tokenizer, _config(values, scale, len(pairs)))


class Texts:
    """The pairs of all packages, in order of package and without repetitions across them."""

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.questions: list[str] = []
        self.codes: list[str] = []
        self.asked: NDArray[np.intp] = np.zeros(0, np.intp)
        self.packages: NDArray[np.intp] = np.zeros(0, np.intp)


def read_pairs(folder: Path) -> Texts:
    texts = Texts()
    numbers: dict[str, int] = {}
    times: dict[int, int] = {}
    seen: set[int] = set()
    asked, packages = [], []
    for package, path in enumerate(sorted(folder.glob("*.jsonl"))):
        for line in path.read_text(encoding="utf-8").splitlines():
            kind, _, question, code = json.loads(line)
            number = numbers.setdefault(question.lower(), len(numbers))
            key = hash((kind, "".join(code.split())))
            if key in seen or times.get(number, 0) >= MAX_SAME_QUESTION:
                continue
            seen.add(key)
            times[number] = times.get(number, 0) + 1
            texts.kinds.append(kind)
            texts.questions.append(question)
            texts.codes.append(code)
            asked.append(number)
            packages.append(package)
    texts.asked, texts.packages = np.array(asked, np.intp), np.array(packages, np.intp)
    return texts


def prepared(texts: Texts, base: Array, tokenizer: dict[str, Any]) -> tuple[Array, dict[str, Any], Pairs]:
    """The table to start from, the longer tokenizer, and the pairs as counts of its tokens."""
    words = Words()
    questions, codes = words.counts(texts.questions), words.counts(texts.codes)
    questions = widened(questions, len(words.names))
    added = added_words(words.names, codes, texts.packages, tokenizer)
    longer = extended(tokenizer, added)
    base = base * np.float32(ROW_LENGTH / np.linalg.norm(base, axis=1).mean())
    start = np.concatenate([base, np.float32(ADDED_SHARE) * (token_counts(added, tokenizer) @ base)])
    pieces = token_counts(words.names, longer)
    pairs = Pairs(_product(questions, pieces), _product(codes, pieces), texts.packages, texts.asked)
    return np.ascontiguousarray(start, np.float32), longer, pairs


def _product(counts: csr_array, pieces: csr_array) -> csr_array:
    product = csr_array(counts @ pieces)
    product.sort_indices()
    return product


def _drawn(pairs: Pairs, inner: NDArray[np.bool_], run: Run) -> Pairs:
    rows = np.arange(len(pairs)) if run.inner_comments else np.flatnonzero(~inner)
    if run.pairs is not None and run.pairs < len(rows):
        rows = np.sort(np.random.default_rng(run.seed).choice(rows, run.pairs, replace=False))
    return pairs.subset(rows)


def average(tables: Sequence[Array]) -> Array:
    """Of tables with the same start, each brought to the norm of the first."""
    norm = np.linalg.norm(tables[0])
    return np.asarray(np.mean([table * (norm / np.linalg.norm(table)) for table in tables], axis=0), np.float32)


def _config(values: NDArray[np.int8], scale: float, pairs: int) -> dict[str, Any]:
    return {
        "model": MODEL,
        "version": VERSION,
        "start": "static-minilm-256",
        "dimensions": values.shape[1],
        "tokens": len(values),
        "dtype": "int8",
        "scale": round(scale, 8),
        "pooling": "mean",
        "normalize": True,
        "pairs": pairs,
        "seed": SEED,
    }


class _Clock:
    """Prints what is done, and the seconds since the last time."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, what: str) -> None:
        now = time.monotonic()
        print(f"{what}: {now - self._last:.0f} s", flush=True)
        self._last = now


if __name__ == "__main__":
    main()
