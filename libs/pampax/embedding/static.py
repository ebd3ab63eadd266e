"""The local model: a table with one row per token; a text is the sum of its tokens' rows, scaled to unit length.

Rows are int8 under one global scale, which the unit length cancels. Sums are therefore exact integers: a text has the
same bytes alone, inside any batch and on any machine. In plain ASCII the tokenizer splits at all that is no letter or
digit, whatever stands around it: its answers for the runs between are kept, and for the words made of them, so that
most texts never come to it and four words of five are not taken apart. Cost on one core: about 10,000 texts of 1,000
characters a second, other scripts 3,000. Memory: 9.3 MB of table, mapped and so shared by all processes, 9 MB of
tokenizer, and up to 30 MB of kept answers.
"""

from __future__ import annotations

import math
import os
import re
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

MODEL = Model("static-code-256", "1")
DIMENSIONS = 256
MAX_CHARACTERS = 4_000  # of a text; a chunk has about 1,000, so only a degenerate one is cut
MAX_TOKENS = 512  # of a text, as the teacher's own bound
BATCH_TEXTS = 256  # scaled at once; bounds the memory beside the result to about a MB
FOLDER = Path(__file__).parent / "static_code"

_KEPT = 1 << 16  # runs, and words
_MAX_KEPT_CHARACTERS = 64  # longer ones are data, which do not come again
_RUN = re.compile(r"[A-Za-z0-9]+|[^A-Za-z0-9 \t\n\r]")
# Which the tokenizer drops, so that what is around them is one run. Some of them would separate words, too.
_CONTROLS = frozenset(map(chr, (*range(32), 127)))
_CONTROLS_BETWEEN_WORDS = tuple("\x0b\x0c\x1c\x1d\x1e\x1f")
_SPECIAL = ("[PAD]", "[UNK]")  # which it takes for what they say
_ID = np.dtype(np.int32)


class _NotPlain(Exception):
    """The text has to be seen by the tokenizer as a whole."""


class _Runs(dict[str, bytes]):
    """Run -> the ids of its tokens, as the tokenizer says. Threads may share it."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        super().__init__()
        self._tokenizer = tokenizer

    def __missing__(self, run: str) -> bytes:
        if run in _CONTROLS:
            raise _NotPlain
        ids = self.encoded(run).tobytes()
        _keep(self, run, ids)
        return ids

    def encoded(self, text: str) -> NDArray[np.int32]:
        """By the tokenizer itself."""
        return np.array(self._tokenizer.encode(text, add_special_tokens=False).ids, _ID)


class _Words(dict[str, bytes]):
    """Word, without white space -> the ids of its runs' tokens. Threads may share it."""

    def __init__(self, runs: _Runs) -> None:
        super().__init__()
        self._runs = runs

    def ids(self, text: str) -> NDArray[np.int32]:
        """Of the whole text, at most MAX_TOKENS."""
        if text.isascii() and not any(each in text for each in (*_SPECIAL, *_CONTROLS_BETWEEN_WORDS)):
            try:
                return np.frombuffer(b"".join(map(self.__getitem__, text.split())), _ID)[:MAX_TOKENS]
            except _NotPlain:
                pass
        return self._runs.encoded(text)[:MAX_TOKENS]

    def __missing__(self, word: str) -> bytes:
        ids = b"".join(map(self._runs.__getitem__, _RUN.findall(word)))
        _keep(self, word, ids)
        return ids


def _keep(kept: dict[str, bytes], text: str, ids: bytes) -> None:
    if len(text) <= _MAX_KEPT_CHARACTERS:
        if len(kept) >= _KEPT:
            kept.clear()
        kept[text] = ids


class StaticEmbedder:
    """An `Embedder` over the table and tokenizer of a folder, read on construction; then safe for threads and forks."""

    def __init__(self, folder: Path = FOLDER) -> None:
        # A forked worker of a process that has tokenized in parallel hangs: one thread, before the first call.
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        self._table = map_tensor(folder / "model.safetensors", "embeddings")
        tokenizer = _load_tokenizer(folder / "tokenizer.json")
        self._words = _Words(_Runs(tokenizer))
        if self._table.shape != (tokenizer.get_vocab_size(), DIMENSIONS) or self._table.dtype != np.int8:
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
            batch = [self._total(_bounded(text)) for text in texts[start : start + BATCH_TEXTS]]
            rows[start : start + BATCH_TEXTS] = _directions(np.array(batch))
        return rows

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The row of one text, of shape (256,); questions and documents share one table."""
        rows = self.embed_documents([text])
        return rows.reshape(DIMENSIONS)

    def closeness(self, question: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """The largest cosine of each of the question's tokens with one of the text, and of these the mean by the length
        of the token's row: training has made those long that say much. The same on any machine, as products of such
        small integers add up exactly."""
        asked, asked_lengths = self._distinct(question)
        whole = math.fsum(asked_lengths.tolist())

        def closeness(text: str) -> float:
            rows, lengths = self._distinct(text)
            if not len(rows) or not len(asked):
                return 0.0
            cosines = (rows @ asked.T) / np.outer(lengths, asked_lengths)
            return math.fsum((cosines.max(axis=0) * asked_lengths).tolist()) / whole

        values = np.array([closeness(text) for text in texts], np.float32)
        return np.clip(values, 0, 1)  # of itself a token has a cosine of 1.0000001

    def _distinct(self, text: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The rows of a text's known tokens, each once, and their lengths."""
        rows = self._table[np.unique(self._words.ids(_bounded(text)))].astype(np.float32)
        lengths = np.sqrt((rows * rows).sum(axis=1))
        known = lengths > 0
        return rows[known], lengths[known]

    def _total(self, text: str) -> NDArray[np.int32]:
        """The sum of its tokens' rows. Padding and unknown tokens have zero rows, and so count for nothing."""
        total: NDArray[np.int32] = self._table[self._words.ids(text)].sum(axis=0, dtype=np.int32)
        return total


def _directions(totals: NDArray[np.int32]) -> NDArray[np.float32]:
    """The rows scaled to unit length. The same bytes in any batch: squares of integers below 2^53 add up exactly."""
    exact = totals.astype(np.float64)
    lengths = np.sqrt((exact * exact).sum(axis=1, keepdims=True))
    unit: NDArray[np.float64] = exact / np.where(lengths == 0, 1.0, lengths)
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
