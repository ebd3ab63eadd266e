"""From the bytes of a blob to everything that is derived from them: chunks, symbols, terms and vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pampax.codeintel.languages import PLAIN_TEXT
from pampax.codeintel.model import Analysis, Chunk
from pampax.codeintel.parser_process import ParseFailed, ParserProcess
from pampax.embedding.base import Embedder

PARSE_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Pending:
    """Content that is to be derived. `blob_id` is the git blob id of `content`, 20 bytes."""

    blob_id: bytes
    language: str
    content: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A blob read as one language. `vectors` has one row per chunk; `problem` says why plain line chunks had to do."""

    blob_id: bytes
    language: str
    content: bytes
    analysis: Analysis
    vectors: NDArray[np.float32]
    problem: str | None = None

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        return self.analysis.parsed.chunks


class Deriver:
    """Holds the parser's child process and the embedding model. For one thread."""

    def __init__(self, parser: ParserProcess, embedder: Embedder, *, parse_timeout_s: float = PARSE_TIMEOUT_S) -> None:
        self._parser = parser
        self._embedder = embedder
        self._parse_timeout_s = parse_timeout_s

    @property
    def embedder_id(self) -> str:
        return self._embedder.id

    def parse(self, pending: Pending) -> tuple[Analysis, str | None]:
        """The analysis, and why it is one by plain lines. ParseFailed when not even that can be had."""
        try:
            return self._parser.parse(pending.language, pending.content, self._parse_timeout_s), None
        except ParseFailed as failure:
            return self._parser.parse(PLAIN_TEXT, pending.content, self._parse_timeout_s), failure.reason

    def embed(self, analyses: Sequence[Analysis]) -> list[NDArray[np.float32]]:
        """A matrix per analysis, one row per chunk, all embedded together."""
        texts = [embedded_text(chunk) for analysis in analyses for chunk in analysis.parsed.chunks]
        ends = np.cumsum([len(analysis.parsed.chunks) for analysis in analyses])
        return np.split(self._embedder.embed_documents(texts), ends[:-1]) if analyses else []


def embedded_text(chunk: Chunk) -> str:
    """What a chunk's vector stands for: nothing of the file's path, because a blob may lie at many."""
    return f"{chunk.symbol}\n{chunk.text}"
