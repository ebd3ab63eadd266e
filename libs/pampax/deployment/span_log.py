"""The latest spans in a folder, a line of JSON each: the collector appends, whoever looks for a trace searches."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path

from pampax.core.errors import LocalIOError, ResourceExhausted

FILE_NAME = "spans.jsonl"
# About 100,000 spans in all; the oldest file goes when a new one begins.
FILE_BYTES = 16 * 1024 * 1024
OLD_FILES = 4
# Enough for every span of a long indexing run.
MOST_FOUND = 10_000

Span = Mapping[str, object]


class SpanLog:
    """One process at a time appends; files are kept below `FILE_BYTES` each."""

    def __init__(self, folder: Path) -> None:
        """LocalIOError when the folder cannot be written."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = _Rotating(folder / FILE_NAME, maxBytes=FILE_BYTES, backupCount=OLD_FILES, encoding="utf-8")
        except OSError as error:
            raise LocalIOError(f"spans cannot be kept in {folder}: {error.strerror}; check collector.folder") from error

    def append(self, spans: Iterable[Span]) -> None:
        """ResourceExhausted when the disk takes no more of them; some may have been kept then."""
        try:
            for span in spans:
                self._file.emit(logging.makeLogRecord({"msg": json.dumps(span, ensure_ascii=False)}))
        except OSError as error:
            raise ResourceExhausted(f"spans cannot be written: {error.strerror}; free some space") from error

    def close(self) -> None:
        with suppress(OSError):  # a disk that is full takes no last line either
            self._file.close()


class _Rotating(RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - logging's own name
        """Tells the caller, where a log would go on without the line."""
        raise


def find(folder: Path, wanted: str) -> list[Span]:
    """The kept spans in which `wanted` is a value (a trace id, a request id), by their start; at most `MOST_FOUND`."""
    needle = json.dumps(wanted, ensure_ascii=False)
    found: list[Span] = []
    for path in _files(folder):
        with path.open(encoding="utf-8") as lines:
            found += [span for line in lines if needle in line and (span := _parsed(line)) is not None]
    return sorted(found, key=lambda span: str(span["time"]))[:MOST_FOUND]


def _files(folder: Path) -> list[Path]:
    """The oldest first."""
    numbered = (folder / f"{FILE_NAME}.{number}" for number in range(OLD_FILES, 0, -1))
    return [path for path in (*numbered, folder / FILE_NAME) if path.exists()]


def _parsed(line: str) -> Span | None:
    """None for a line that is being written."""
    try:
        span: Span = json.loads(line)
    except ValueError:
        return None
    return span
