"""A sentence encoder in ONNX Runtime, of the extra `quality`: how close texts are in meaning to a question, as a whole.

Question and texts are read by one model in one call, so nothing of it is ever stored beside another model's vectors;
what is kept of texts lives as long as the model. Each text goes through the model alone: the scale of values between
layers is that of the whole input, and so a text has the same vector whatever it is asked with. Cost: 4 to 8 ms for a
text of 128 tokens, some microseconds for one that is kept. Memory: 60 MB, and up to 25 MB of kept vectors.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pampax.core.errors import ConfigError, DeadlineExceeded
from pampax.embedding.base import Model

MAX_CHARACTERS = 2_000  # of a text; its tokens are bounded by the model
THREADS = 2  # of one call: more hardly make 128 tokens faster
KEPT = 16_384  # vectors
FILES = ("model.onnx", "tokenizer.json")

Vector = NDArray[np.float32]


class SentenceModel:
    """The model of a folder that `models/reranker.py` has made; safe for threads."""

    def __init__(self, folder: Path) -> None:
        """ConfigError that says what the folder lacks, and when ONNX Runtime is not installed."""
        about, files = _read(folder)
        self._model = Model(about["name"], about["version"])
        self._tokenizer = Tokenizer.from_str(files["tokenizer.json"].decode())
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(about["max_tokens"])
        self._session = _session(files["model.onnx"])
        self._kept: OrderedDict[bytes, Vector] = OrderedDict()
        self._keeping = Lock()

    @property
    def id(self) -> str:
        """The `Model.id`, which is the folder's name."""
        return self._model.id

    def similarities(self, question: str, texts: Sequence[str], *, until: float) -> Vector:
        """The cosine of each text with the question, of shape (len(texts),). DeadlineExceeded when `time.monotonic()`
        has passed `until`: similarities of a part of the texts would let time decide an order."""
        asked = self._vector(question, until)
        return np.array([np.dot(asked, self._vector(text, until)) for text in texts], np.float32)

    def _vector(self, text: str, until: float) -> Vector:
        part = text[:MAX_CHARACTERS].encode("utf-8", "replace")
        key = hashlib.blake2b(part, digest_size=16).digest()
        with self._keeping:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        if time.monotonic() > until:
            raise DeadlineExceeded("the sentence encoder was not ready in time")
        ids = np.array([self._tokenizer.encode(part.decode()).ids], np.int64)
        vector: Vector = self._session.run(["vector"], {"ids": ids})[0][0]
        with self._keeping:
            self._kept[key] = vector
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return vector


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What model.json tells, and the files with the sums that it names."""
    try:
        about: dict[str, Any] = json.loads((folder / "model.json").read_bytes())
        files = {name: (folder / name).read_bytes() for name in FILES}
        whole = all(hashlib.sha256(data).hexdigest() == about["sha256"][name] for name, data in files.items())
        named = Model(about["name"], about["version"]).id
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _refused(folder, f"holds no reranker ({type(error).__name__})") from error
    if not whole:
        raise _refused(folder, "holds files that are not those of its model.json")
    if named != folder.name:
        raise _refused(folder, f"holds {named}, and must be called so")
    return about, files


def _session(model: bytes) -> Any:  # noqa: ANN401 - the library has no types
    try:
        import onnxruntime
    except ImportError as error:
        raise ConfigError("a reranker needs ONNX Runtime: pip install 'pampax[quality]'") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(THREADS, os.cpu_count() or 1)
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _refused(folder: Path, why: str) -> ConfigError:
    return ConfigError(f"search.reranker: the folder {folder} {why}; models/README.md tells how it is made")
