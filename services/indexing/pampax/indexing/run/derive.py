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
# A machine that was asleep or a parser that was killed is not the file's fault, and what is stored of a file stays.
SYNTAX_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Pending:
    """Content that is to be derived. `blob_id` is the git blob id of `content`, 20 bytes."""

    blob_id: bytes
    language: str
    content: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Parsed:
    """`problem` says why plain line chunks had to do; None when they had not."""

    pending: Pending
    analysis: Analysis
    problem: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A blob read as one language, with one row of `vectors` per chunk."""

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
    """Holds the parser's child process and the embedding model; one thread may parse while another embeds."""

    def __init__(self, parser: ParserProcess, embedder: Embedder, *, parse_timeout_s: float = PARSE_TIMEOUT_S) -> None:
        self._parser = parser
        self._embedder = embedder
        self._parse_timeout_s = parse_timeout_s

    @property
    def embedder_id(self) -> str:
        return self._embedder.id

    def parse(self, pending: Pending) -> Parsed:
        """By syntax, or by plain lines where the parser gives up. ParseFailed when not even that can be had."""
        problem = ""
        for _ in range(SYNTAX_ATTEMPTS):
            try:
                return Parsed(pending, self._parser.parse(pending.language, pending.content, self._parse_timeout_s))
            except ParseFailed as failure:
                problem = failure.reason
        return Parsed(pending, self._parser.parse(PLAIN_TEXT, pending.content, self._parse_timeout_s), problem)

    def embed(self, parsed: Sequence[Parsed]) -> list[Document]:
        """The documents of a batch, all embedded together."""
        texts = [embedded_text(chunk) for each in parsed for chunk in each.analysis.parsed.chunks]
        rows = self._embedder.embed_documents(texts)
        documents, first = [], 0
        for each in parsed:
            end = first + len(each.analysis.parsed.chunks)
            pending = each.pending
            vectors = rows[first:end]
            documents.append(
                Document(pending.blob_id, pending.language, pending.content, each.analysis, vectors, each.problem)
            )
            first = end
        return documents


def embedded_text(chunk: Chunk) -> str:
    """What a chunk's vector stands for: nothing of the file's path, because a blob may lie at many."""
    return f"{chunk.symbol}\n{chunk.text}"
