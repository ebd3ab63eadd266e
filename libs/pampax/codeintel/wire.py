"""The frames between a parser process and its owner. Nothing from the child is ever executed.

A request is a language and a file's bytes. An answer is JSON, and behind it the packed uses and the arrays of the term
tables, which are most of it; each part has its length before it. It leaves out chunk texts: the owner has the file.
"""

from __future__ import annotations

import json
import struct
from typing import Any

from pampax.codeintel.counted import TermTable
from pampax.codeintel.model import Analysis, Chunk, ParsedFile, Symbol

_LENGTH = struct.Struct(">I")
LENGTH_BYTES = _LENGTH.size


def frame(payload: bytes) -> bytes:
    return _LENGTH.pack(len(payload)) + payload


def frame_length(header: bytes | bytearray) -> int:
    """Bytes of the payload that follows this header of LENGTH_BYTES."""
    length: int = _LENGTH.unpack(header)[0]
    return length


def encode_request(language: str, content: bytes) -> bytes:
    name = language.encode()
    return _LENGTH.pack(len(name)) + name + content


def decode_request(payload: bytes) -> tuple[str, bytes]:
    end = LENGTH_BYTES + frame_length(payload[:LENGTH_BYTES])
    return payload[LENGTH_BYTES:end].decode(), payload[end:]


def encode_analysis(analysis: Analysis) -> bytes:
    parsed = analysis.parsed
    answer = [
        parsed.lines,
        parsed.syntax,
        [[each.start_line, each.end_line, each.kind, each.symbol] for each in parsed.chunks],
        [
            [
                each.name,
                each.qualified_name,
                each.kind,
                each.start_line,
                each.end_line,
                each.signature,
                each.doc,
                each.exported,
            ]
            for each in parsed.symbols
        ],
        analysis.chunk_terms.vocabulary,
        analysis.name_terms.vocabulary,
    ]
    tables = (analysis.chunk_terms, analysis.name_terms)
    arrays = [each.tobytes() for table in tables for each in (table.sizes, table.places, table.counts)]
    return b"".join(map(frame, (json.dumps(answer, separators=(",", ":")).encode(), parsed.uses, *arrays)))


def decode_analysis(payload: bytes, language: str, lines: list[str]) -> Analysis:
    """The analysis of a file with these lines; ValueError (or TypeError, KeyError) when the payload is not one."""
    described, uses, *arrays = _parts(payload)
    answer: Any = json.loads(described)
    count, syntax, chunks, symbols, words, names = answer
    parsed = ParsedFile(
        language=language,
        lines=count,
        chunks=tuple(
            Chunk(start, end, kind, symbol, "\n".join(lines[start - 1 : end])) for start, end, kind, symbol in chunks
        ),
        symbols=tuple(Symbol(*symbol) for symbol in symbols),
        syntax=syntax,
        uses=uses,
    )
    tables = TermTable.from_arrays(words, *arrays[:3]), TermTable.from_arrays(names, *arrays[3:])
    if not len(tables[0]) == len(tables[1]) == len(parsed.chunks):
        raise ValueError("there is not one count of terms per chunk")
    return Analysis(parsed, *tables)


def _parts(payload: bytes) -> list[bytes]:
    parts, at = [], 0
    while at < len(payload):
        start = at + LENGTH_BYTES
        if start > len(payload):
            raise ValueError("a part's length is cut short")
        at = start + frame_length(payload[at:start])
        parts.append(payload[start:at])
    if at != len(payload) or not parts:
        raise ValueError("a part is cut short")
    return parts
