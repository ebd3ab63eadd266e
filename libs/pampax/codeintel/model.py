"""What the rest of the system knows of a source file. Lines are 1-based and inclusive everywhere."""

from __future__ import annotations

from dataclasses import dataclass

from pampax.codeintel.counted import TermTable

MAX_SIGNATURE_CHARS = 300
MAX_DOC_CHARS = 500


@dataclass(frozen=True, slots=True)
class Symbol:
    """A named definition. `qualified_name` is the container path and the name joined with "." (`Session.request`)."""

    name: str
    qualified_name: str
    kind: str  # type | function | variable | declaration (a prototype or signature without a body)
    start_line: int
    end_line: int
    signature: str  # the head on one line, whitespace folded, at most MAX_SIGNATURE_CHARS
    doc: str  # first paragraph of the docstring or doc comment, at most MAX_DOC_CHARS
    exported: bool


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole lines of a file. `symbol` is the qualified name of the main definition it holds, else of the one
    around it, else ""; the kind of a chunk that starts no definition is "block", of plain text "text"."""

    start_line: int
    end_line: int
    kind: str
    symbol: str
    text: str


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """Chunks in file order, without overlap, holding every non-blank line; symbols in file order."""

    language: str
    lines: int
    chunks: tuple[Chunk, ...]
    symbols: tuple[Symbol, ...]
    syntax: bool  # False when the chunks were cut by lines because no grammar could be used
    uses: bytes = b""  # what the code uses, see pampax.codeintel.uses


@dataclass(frozen=True, slots=True)
class Analysis:
    """A parsed file with the term counts of its chunks, in the order of `parsed.chunks`.

    `chunk_terms` counts the chunk's qualified symbol and text, `name_terms` the names defined in the chunk and the
    name around it.
    """

    parsed: ParsedFile
    chunk_terms: TermTable
    name_terms: TermTable
