"""How many chunks and tokens a content has, by parsing it where a parser may be killed."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from types import TracebackType

from pampax.codeintel.languages import PLAIN_TEXT
from pampax.codeintel.parser_process import ParseFailed, ParserProcess
from pampax.codeintel.tokens import counter

TOKENIZER = "o200k_base"
_PARSE_TIMEOUT_S = 10.0
# A run tries twice as well before it falls back to plain lines.
_ATTEMPTS = 2
# What a chunk and a token of source code take on average, for an installation without parsers.
_CHUNK_BYTES = 1_000
_TOKEN_BYTES = 3.5


@dataclass(frozen=True, slots=True)
class Size:
    """`parsed` is False for an estimate from the number of bytes."""

    chunks: int
    tokens: int
    parsed: bool = True


class ChunkCounter:
    """A context manager around one parser process, which starts with the first content."""

    def __init__(self) -> None:
        self._parser = ParserProcess() if find_spec("tree_sitter") is not None else None
        self._count = counter(TOKENIZER).count

    def __enter__(self) -> ChunkCounter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._parser is not None:
            self._parser.close()

    def size(self, language: str, content: bytes) -> Size:
        parser = self._parser
        for read_as in (*[language] * _ATTEMPTS, PLAIN_TEXT) if parser is not None else ():
            try:
                chunks = parser.parse(read_as, content, _PARSE_TIMEOUT_S).parsed.chunks if parser is not None else ()
            except ParseFailed:
                continue
            return Size(len(chunks), sum(self._count(f"{chunk.symbol}\n{chunk.text}") for chunk in chunks))
        return Size(max(1, round(len(content) / _CHUNK_BYTES)), round(len(content) / _TOKEN_BYTES), parsed=False)
