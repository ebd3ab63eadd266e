"""The frames between a parser process and its owner: a length, then JSON. Nothing from the child is ever executed.

A request is a language and a file's bytes. The answer leaves out chunk texts: the owner has the file.
"""

from __future__ import annotations

import json
import struct
from typing import Any

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
        analysis.chunk_terms,
        analysis.name_terms,
    ]
    return json.dumps(answer, separators=(",", ":")).encode()


def decode_analysis(payload: bytes, language: str, lines: list[str]) -> Analysis:
    """The analysis of a file with these lines; ValueError (or TypeError, KeyError) when the payload is not one."""
    answer: Any = json.loads(payload)
    count, syntax, chunks, symbols, chunk_terms, name_terms = answer
    parsed = ParsedFile(
        language=language,
        lines=count,
        chunks=tuple(
            Chunk(start, end, kind, symbol, "\n".join(lines[start - 1 : end])) for start, end, kind, symbol in chunks
        ),
        symbols=tuple(Symbol(*symbol) for symbol in symbols),
        syntax=syntax,
    )
    return Analysis(parsed, tuple(chunk_terms), tuple(name_terms))
