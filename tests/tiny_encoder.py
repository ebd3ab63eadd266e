"""A sentence encoder of four dimensions in the form of `models/reranker.py`: a text is the mean of its words' rows."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

# Words of one row mean the same.
ROWS = (("[UNK]",), ("delete", "remove", "unlink"), ("colour", "paint"), ("file", "path"))
NAME = "tiny@1"


def write_encoder(below: Path, name: str = NAME) -> Path:
    """The model's folder, called by its name and version."""
    words = {word: row for row, same in enumerate(ROWS) for word in same}
    vocabulary = {word: number for number, word in enumerate(words)}
    table = np.eye(len(ROWS), dtype=np.float32)[[words[word] for word in vocabulary]] + np.float32(0.01)
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["rows"]),
        helper.make_node("ReduceMean", ["rows", "one"], ["mean"], keepdims=0),
        helper.make_node("ReduceL2", ["mean", "one"], ["length"], keepdims=1),
        helper.make_node("Div", ["mean", "length"], ["vector"]),
    ]
    constants = [numpy_helper.from_array(table, "table"), numpy_helper.from_array(np.array([1]), "one")]
    given = helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "tokens"])
    made = helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, len(ROWS)])
    graph = helper.make_graph(nodes, "tiny", [given], [made], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Punctuation()])
    files = {"model.onnx": model.SerializeToString(), "tokenizer.json": tokenizer.to_str().encode()}
    sums = {file: hashlib.sha256(data).hexdigest() for file, data in files.items()}
    tells, _, version = name.partition("@")
    about = {"name": tells, "version": version, "max_tokens": 64, "sha256": sums}
    folder = below / name
    folder.mkdir()
    for file, data in {**files, "model.json": json.dumps(about).encode()}.items():
        (folder / file).write_bytes(data)
    return folder
