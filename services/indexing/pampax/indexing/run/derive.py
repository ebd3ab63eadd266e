"""From the bytes of a blob to everything that is derived from them: chunks, symbols, terms and vectors."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pampax.codeintel.languages import PLAIN_TEXT
from pampax.codeintel.model import Analysis, Chunk
from pampax.codeintel.parser_process import ParseFailed, ParserProcess
from pampax.codeintel.parsers import Parsers
from pampax.embedding.base import Embedder
from pampax.embedding.beside import EmbeddingProcesses
from pampax.embedding.static import StaticEmbedder

Embed: TypeAlias = Callable[[Sequence[Chunk]], NDArray[np.float32]]

PARSE_TIMEOUT_S = 10.0
# A machine that was asleep or a parser that was killed is not the file's fault, and what is stored of a file stays.
SYNTAX_ATTEMPTS = 2
BESIDE_FROM_CHUNKS = 10_000  # a second of work; another process takes a third to be there
PROCESSES_BESIDE = 2


@dataclass(frozen=True, slots=True)
class Pending:
    """Content that is to be derived. `blob_id` is the git blob id of `content`, 20 bytes; `broke` is why its syntax is
    not tried, "" when it is."""

    blob_id: bytes
    language: str
    content: bytes
    broke: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Parsed:
    """`problem` says why plain line chunks had to do; None when they had not."""

    pending: Pending
    analysis: Analysis
    problem: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A blob read as one language, with one row of `vectors` per chunk; None when they follow later."""

    blob_id: bytes
    language: str
    content: bytes
    analysis: Analysis
    vectors: NDArray[np.float32] | None
    problem: str | None = None

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        return self.analysis.parsed.chunks


class Deriver:
    """Holds the parser and the embedding model; one thread may parse while another embeds."""

    def __init__(
        self, parser: ParserProcess | Parsers, embedder: Embedder, *, parse_timeout_s: float = PARSE_TIMEOUT_S
    ) -> None:
        self._parser = parser
        self._embedder = embedder
        self._parse_timeout_s = parse_timeout_s

    @property
    def embedder_id(self) -> str:
        return self._embedder.id

    def parse_all(self, pending: Sequence[Pending]) -> Generator[Parsed | ParseFailed, None, None]:
        """Each by syntax, or by plain lines where the parser gives up; a failure in the place of what not even that can
        be had of. Close it if you do not read it to the end."""
        requests = [(PLAIN_TEXT if each.broke else each.language, each.content) for each in pending]
        with closing(self._parser.parse_all(requests, self._parse_timeout_s)) as outcomes:
            for each, outcome in zip(pending, outcomes, strict=True):
                if not isinstance(outcome, ParseFailed):
                    yield Parsed(each, outcome, each.broke or None)
                elif each.broke:
                    yield outcome
                else:
                    yield self._otherwise(each, outcome.reason)

    def _otherwise(self, pending: Pending, problem: str) -> Parsed | ParseFailed:
        """After a first failure."""
        for _ in range(1, SYNTAX_ATTEMPTS):
            try:
                return Parsed(pending, self._parser.parse(pending.language, pending.content, self._parse_timeout_s))
            except ParseFailed as failure:
                problem = failure.reason
        try:
            plain = self._parser.parse(PLAIN_TEXT, pending.content, self._parse_timeout_s)
        except ParseFailed as failure:
            return failure
        return Parsed(pending, plain, problem)

    def embed(self, parsed: Sequence[Parsed]) -> list[Document]:
        """The documents of a batch, all embedded together."""
        rows = self.vectors([chunk for each in parsed for chunk in each.analysis.parsed.chunks])
        documents, first = [], 0
        for each in parsed:
            end = first + len(each.analysis.parsed.chunks)
            documents.append(_document(each, rows[first:end]))
            first = end
        return documents

    def vectors(self, chunks: Sequence[Chunk]) -> NDArray[np.float32]:
        """A row for each."""
        return self._embedder.embed_documents(_texts(chunks))

    @contextmanager
    def embedding(self, chunks: int) -> Iterator[Embed]:
        """What does `vectors` for so many chunks in all: for many with the shipped table in processes beside this
        one, which has enough to do with reading and writing."""
        if chunks < BESIDE_FROM_CHUNKS or not isinstance(self._embedder, StaticEmbedder):
            yield self.vectors
            return
        with EmbeddingProcesses(PROCESSES_BESIDE) as beside:
            yield lambda some: beside.embed_documents(_texts(some))


def without_vectors(parsed: Sequence[Parsed]) -> list[Document]:
    """The documents of a batch whose vectors follow later."""
    return [_document(each, None) for each in parsed]


def _texts(chunks: Sequence[Chunk]) -> list[str]:
    return [embedded_text(chunk) for chunk in chunks]


def embedded_text(chunk: Chunk) -> str:
    """What a chunk's vector stands for: nothing of the file's path, because a blob may lie at many."""
    return f"{chunk.symbol}\n{chunk.text}"


def _document(parsed: Parsed, vectors: NDArray[np.float32] | None) -> Document:
    pending = parsed.pending
    return Document(pending.blob_id, pending.language, pending.content, parsed.analysis, vectors, parsed.problem)
