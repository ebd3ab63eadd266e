"""The shipped table in processes of their own: for an owner that has other work, and a machine with room for more.

A request is its length and a JSON list of texts; an answer is a row for each of them, as they lie in memory.
"""

from __future__ import annotations

import json
import math
import struct
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from pampax.core.children import end_child, start_child
from pampax.core.errors import Aborted
from pampax.embedding.static import DIMENSIONS, MAX_CHARACTERS, load_default

_LENGTH = struct.Struct(">I")


class EmbeddingProcesses:
    """A context manager around its children, among which texts are divided. One thread at a time; waiting for answers,
    it leaves the processor to the others of its process."""

    def __init__(self, count: int) -> None:
        self._children = [start_child("pampax.embedding.beside") for _ in range(count)]

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The same rows as those of `StaticEmbedder`. Aborted when a child is gone."""
        share = math.ceil(len(texts) / len(self._children))
        parts = [texts[start : start + share] for start in range(0, len(texts), share or 1)]
        busy = self._children[: len(parts)]
        try:
            for child, part in zip(busy, parts, strict=True):
                _ask(child, part)  # which it reads to the end before it answers
            rows = [_answer(child, len(part)) for child, part in zip(busy, parts, strict=True)]
        except OSError as error:
            raise _gone() from error
        return np.concatenate(rows) if rows else np.zeros((0, DIMENSIONS), np.float32)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for child in self._children:
            end_child(child)


def _ask(child: subprocess.Popen[bytes], texts: Sequence[str]) -> None:
    request = json.dumps([text[:MAX_CHARACTERS] for text in texts]).encode("ascii")
    assert child.stdin is not None
    child.stdin.write(_LENGTH.pack(len(request)) + request)
    child.stdin.flush()


def _answer(child: subprocess.Popen[bytes], count: int) -> NDArray[np.float32]:
    size = count * DIMENSIONS * np.dtype(np.float32).itemsize
    assert child.stdout is not None
    answer = child.stdout.read(size)
    if len(answer) < size:
        raise _gone()
    return np.frombuffer(answer, np.float32).reshape(count, DIMENSIONS)


def _gone() -> Aborted:
    return Aborted("a process that embeds has ended: try again")


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """The child's life: one answer for each request until the input ends."""
    embedder = load_default()
    while len(header := requests.read(_LENGTH.size)) == _LENGTH.size:
        texts = json.loads(requests.read(_LENGTH.unpack(header)[0]))
        answers.write(embedder.embed_documents(texts).tobytes())
        answers.flush()


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        _serve(sys.stdin.buffer, sys.stdout.buffer)
