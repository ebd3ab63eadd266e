"""The files of a table as `pampax.embedding.static` reads them: quantise, write, and read a table back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CLIP = 99.9  # percentile of |value| that becomes 127; the few beyond it are cut


def quantised(rows: NDArray[np.floating[Any]]) -> tuple[NDArray[np.int8], float]:
    """int8 values and the scale that turns them back."""
    scale = float(np.percentile(np.abs(rows), CLIP)) / 127
    return np.clip(np.rint(rows / scale), -127, 127).astype(np.int8), scale


def write(folder: Path, table: NDArray[np.int8], tokenizer: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """model.safetensors, tokenizer.json and config.json; prints their SHA-256."""
    entry = {"dtype": "I8", "shape": list(table.shape), "data_offsets": [0, table.nbytes]}
    header = json.dumps({"embeddings": entry}).encode()
    header += b" " * (-len(header) % 8)
    files = {
        "model.safetensors": len(header).to_bytes(8, "little") + header + table.tobytes(),
        "tokenizer.json": json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")).encode() + b"\n",
        "config.json": json.dumps(config, indent=2).encode() + b"\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
        print(hashlib.sha256(data).hexdigest(), name)


def read(folder: Path) -> tuple[NDArray[np.float32], dict[str, Any]]:
    """The float table and tokenizer.json of a folder that `write` has filled."""
    config = json.loads((folder / "config.json").read_bytes())
    shape = (config["tokens"], config["dimensions"])
    values = (folder / "model.safetensors").read_bytes()[-shape[0] * shape[1] :]
    table = np.frombuffer(values, np.int8).reshape(shape).astype(np.float32) * np.float32(config["scale"])
    return table, json.loads((folder / "tokenizer.json").read_bytes())
