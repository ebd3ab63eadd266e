"""The local model: a table with one row per token; a text is the sum of its tokens' rows, scaled to unit length.

Rows are int8 under one global scale, which the unit length cancels. Sums are therefore exact integers: a text has the
same bytes alone, inside any batch and on any machine. Cost on one core: about 3,000 texts of 1,000 characters a second,
nearly all of it the tokenizer's. Memory: 7.6 MB of table, mapped and so shared by all processes, and 8 MB of tokenizer.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pampax.core.errors import LocalIOError
from pampax.embedding.base import Model
from pampax.embedding.safetensors import map_tensor

MODEL = Model("static-minilm-256", "1")
DIMENSIONS = 256
MAX_CHARACTERS = 4_000  # of a text; a chunk has about 1,000, so only a degenerate one is cut
MAX_TOKENS = 512  # of a text, as the teacher's own bound
BATCH_TEXTS = 256  # tokenized at once; bounds the memory beside the result to a few MB
FOLDER = Path(__file__).parent / "static_minilm"


class StaticEmbedder:
    """An `Embedder` over the table and tokenizer of a folder, read on construction; then safe for threads and forks."""

    def __init__(self, folder: Path = FOLDER) -> None:
        # A forked worker of a process that has tokenized in parallel hangs: one thread, before the first call.
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        self._table = map_tensor(folder / "model.safetensors", "embeddings")
        self._tokenizer = _load_tokenizer(folder / "tokenizer.json")
        if self._table.shape != (self._tokenizer.get_vocab_size(), DIMENSIONS) or self._table.dtype != np.int8:
            raise LocalIOError(f"the table and the tokenizer in {folder.name} do not fit together; reinstall pampax")

    @property
    def id(self) -> str:
        return MODEL.id

    @property
    def dimensions(self) -> int:
        return DIMENSIONS

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Rows of shape (len(texts), 256). Only the first 4,000 characters and 512 tokens of a text count."""
        rows = np.zeros((len(texts), DIMENSIONS), np.float32)
        for start in range(0, len(texts), BATCH_TEXTS):
            batch = [_bounded(text) for text in texts[start : start + BATCH_TEXTS]]
            for offset, encoding in enumerate(self._tokenizer.encode_batch_fast(batch, add_special_tokens=False)):
                rows[start + offset] = self._pool(encoding.ids[:MAX_TOKENS])
        return rows

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The row of one text, of shape (256,); questions and documents share one table."""
        rows = self.embed_documents([text])
        return rows.reshape(DIMENSIONS)

    def _pool(self, ids: list[int]) -> NDArray[np.float32]:
        """Direction of the mean row. Padding and unknown tokens have zero rows, and so count for nothing."""
        total = self._table[np.array(ids, np.intp)].sum(axis=0, dtype=np.int32).astype(np.float64)
        squares = float(total @ total)  # of integers below 2^53: exact in any order
        unit: NDArray[np.float64] = total / (np.sqrt(squares) or 1.0)
        return unit.astype(np.float32)


_loading = Lock()


def load_default() -> StaticEmbedder:
    """The embedder of the shipped table, read once per process (about 20 ms); later calls return the same object."""
    with _loading:
        return _load_default()


@cache
def _load_default() -> StaticEmbedder:
    return StaticEmbedder()


def _load_tokenizer(path: Path) -> Tokenizer:
    try:
        return Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LocalIOError(f"cannot read the model file {path.name}: {error.strerror}; reinstall pampax") from error


def _bounded(text: str) -> str:
    """The part that counts, without lone surrogates, which no tokenizer takes."""
    part = text[:MAX_CHARACTERS]
    return part if part.isascii() else part.encode("utf-8", "replace").decode("utf-8")
