"""From bytes to chunks, symbols and term counts. Pure: no state, no I/O, and no input makes it raise."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from pampax.codeintel.chunks import chunks_of
from pampax.codeintel.clauses import CLAUSE_LANGUAGES, joined_clauses
from pampax.codeintel.counted import TermTable
from pampax.codeintel.definitions import Definition, nested, symbols_of
from pampax.codeintel.grammars import dialect, grammar
from pampax.codeintel.languages import PLAIN_TEXT, SYNTAX_LANGUAGES
from pampax.codeintel.lines import text_lines
from pampax.codeintel.model import Analysis, Chunk, ParsedFile, Symbol
from pampax.codeintel.patterns import missing_from, pattern_definitions
from pampax.codeintel.syntax import Syntax, read_syntax
from pampax.codeintel.terms import term_counts
from pampax.codeintel.uses import pack

MAX_TERM_TEXT_CHARS = 16_000  # a chunk passes this only by a line without end, which is data
# Where macros hide definitions, patterns look for them; where a definition is told by its line, they do so when an
# error has swallowed what encloses others.
_MACRO_LANGUAGES = frozenset({"c", "cpp"})
_LINE_LANGUAGES = frozenset({"bash", "csharp", "elixir", "kotlin", "lua", "php", "ruby", "scala", "swift"})
_MAX_ERRORS = 20  # outside of all structure; hostile files have thousands
_FLAT_LANGUAGES = frozenset({"c"})


def parse_file(path_language: str, content: bytes, *, use_syntax: bool = True) -> ParsedFile:
    """Chunks and symbols of a file's content. Bytes that are not UTF-8 become replacement characters; lines are split
    at newlines only, and carriage returns stay in the text. Without syntax (for a file on which the grammar failed)
    symbols come from patterns and chunks from lines."""
    lines = text_lines(content)
    definitions, uses, syntax = _read(path_language, lines, use_syntax)
    plain_kind = "block" if syntax or definitions else PLAIN_TEXT
    return ParsedFile(
        language=path_language,
        lines=len(lines),
        chunks=chunks_of(lines, definitions, plain_kind=plain_kind),
        symbols=symbols_of(definitions),
        syntax=syntax,
        uses=uses,
    )


def analyse(language: str, content: bytes, *, use_syntax: bool = True) -> Analysis:
    """`parse_file` with the term counts of each chunk."""
    parsed = parse_file(language, content, use_syntax=use_syntax)
    by_chunk = _symbols_by_chunk(parsed.chunks, parsed.symbols)
    return Analysis(
        parsed=parsed,
        chunk_terms=TermTable.of(
            term_counts(f"{each.symbol}\n{each.text[:MAX_TERM_TEXT_CHARS]}") for each in parsed.chunks
        ),
        name_terms=TermTable.of(
            term_counts(" ".join([_enclosing(chunk, held), *(each.name for each in held)]))
            for chunk, held in zip(parsed.chunks, by_chunk, strict=True)
        ),
    )


def _read(language: str, lines: Sequence[str], use_syntax: bool) -> tuple[list[Definition], bytes, bool]:
    """Definitions, packed uses, and whether a grammar has told them."""
    usable = grammar(dialect(language, lines)) if use_syntax and language in SYNTAX_LANGUAGES else None
    if usable is None:
        starts = [0, *accumulate(len(line) + 1 for line in lines)]
        return nested(pattern_definitions(language, lines, starts)), b"", False
    source = "\n".join(lines).encode()
    tree = read_syntax(usable, language, source, lines)
    found = tree.found
    rows = _unread(language, tree, len(lines))
    if rows:
        starts = [0, *accumulate(len(line.encode()) + 1 for line in lines)]
        known, candidates = (
            [each for each in definitions if any(each.start in unread for unread in rows)]
            for definitions in (found, pattern_definitions(language, lines, starts))
        )
        found = found + missing_from(known, candidates)
    if language in CLAUSE_LANGUAGES:
        found = joined_clauses(found)
    return nested(found, flat=language in _FLAT_LANGUAGES), pack(tree.uses), True


def _unread(language: str, tree: Syntax, lines: int) -> Sequence[range]:
    """The rows in which patterns look for what the tree leaves out."""
    if language in _MACRO_LANGUAGES:
        return [range(lines)] if tree.has_errors else []
    return tree.lost[:_MAX_ERRORS] if language in _LINE_LANGUAGES else []


def _symbols_by_chunk(chunks: Sequence[Chunk], symbols: Sequence[Symbol]) -> list[list[Symbol]]:
    """The symbols that start in each chunk."""
    waiting = sorted(symbols, key=lambda each: each.start_line)
    at = 0
    held: list[list[Symbol]] = []
    for chunk in chunks:
        first = at
        while at < len(waiting) and waiting[at].start_line <= chunk.end_line:
            at += 1
        held.append(waiting[first:at])
    return held


def _enclosing(chunk: Chunk, held: Sequence[Symbol]) -> str:
    """The name around what the chunk defines, or around the chunk itself."""
    if any(each.qualified_name == chunk.symbol for each in held):
        return chunk.symbol.rpartition(".")[0]
    return chunk.symbol
