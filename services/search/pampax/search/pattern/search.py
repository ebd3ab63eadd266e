"""Where a pattern matches in one snapshot: the files that hold its grams are read, best first, until it is enough.

Files are ordered before any is read: first those that define a name that stands in the pattern, then by their paths.
The first results therefore stay the same however many are asked for, and what comes after them need not be read.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Event

import numpy as np
from numpy.typing import NDArray

from pampax.codeintel.terms import query_terms
from pampax.runtime.telemetry.tracing import span
from pampax.search import postgres
from pampax.search.directories import Directories
from pampax.search.directory import Directory
from pampax.search.evidence import DETAILS, PATTERN_SOURCE, UNRANKED, Evidence, rank_of
from pampax.search.filters import Allowed, allowed_by
from pampax.search.gather import Question, Sources, late
from pampax.search.hits import Found, Hit, paths_of
from pampax.search.kept import KeptBySnapshot
from pampax.search.paths import exact_cover
from pampax.search.pattern.bitmaps import GramBitmaps, read_bitmaps
from pampax.search.pattern.matcher import Matcher
from pampax.search.pattern.needs import texts_of
from pampax.search.postgres import ChunkRow
from pampax.search.query import named_words
from pampax.search.ranking import DECIMALS
from pampax.search.weights import PATTERN, SOURCE_OF
from pampax.search.why_not import Stage, WhyNot, allows, locate
from pampax.storage.blobs import decompress
from pampax.storage.database import Connection
from pampax.storage.snapshots import Snapshot

MAX_BITMAP_BYTES = 512 * 1024 * 1024  # of all snapshots that are kept
TIMEOUT_S = 8.0
# Files read with one statement: few at first, which are enough for what is found everywhere.
FIRST_AT_ONCE, MOST_AT_ONCE = 16, 128
THREADS = 2  # for the files of one statement; what unpacks and matches them lets go of the interpreter
MAX_READ_BYTES = 128 * 1024 * 1024  # of the files that are looked into for one answer: a second's work, or two
MAX_NAMES = 3

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Candidates:
    """Documents that may match, ascending, with points from each source and their sum, all rounded. `defining`: chunks
    that define a name which stands in the pattern."""

    documents: NDArray[np.intp]
    sources: Mapping[str, Points]
    total: Points
    defining: frozenset[int]

    def place(self, document: int) -> int:
        """Of one of them."""
        return int(np.searchsorted(self.documents, document))


@dataclass(frozen=True, slots=True)
class _Match:
    """A chunk and the lines of its file on which matches begin in it."""

    document: int
    chunk: ChunkRow
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """One pattern in one snapshot."""

    question: Question
    matcher: Matcher
    snapshot: Snapshot
    directory: Directory
    allowed: Allowed


class PatternSearch:
    def __init__(self, sources: Sources, directories: Directories) -> None:
        self._database = sources.database
        self._directories = directories
        self._bitmaps: KeptBySnapshot[GramBitmaps] = KeptBySnapshot(
            sources.database, read_bitmaps, lambda bitmaps: bitmaps.size, MAX_BITMAP_BYTES
        )

    async def search(self, question: Question, matcher: Matcher, snapshot: Snapshot, most: int) -> Found:
        """The best `most` chunks of the snapshot."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._search(question, matcher, snapshot, most)
        except TimeoutError as error:
            raise late("pattern") from error

    async def _search(self, question: Question, matcher: Matcher, snapshot: Snapshot, most: int) -> Found:
        directory = await self._directories.get(question.tenant_id, snapshot)
        bitmaps = await self._bitmaps.get(question.tenant_id, snapshot)
        asked = _Asked(question, matcher, snapshot, directory, allowed_by(question.request, directory))
        with span("search.pattern") as searched:
            documents = _documents(asked, bitmaps)
            async with self._database.tenant(question.tenant_id, timeout_s=TIMEOUT_S, read_only=True) as conn:
                candidates = await _candidates(conn, asked, documents)
                order = np.lexsort((directory.file_of[documents], -candidates.total))
                matches, read = await _matches(conn, asked, documents[order], candidates.defining, most)
                missed = await _why_not(conn, asked, candidates, matches[: most - 1])
            searched.set(candidates=len(documents), read=read)
        hits = tuple(_hit(asked, candidates, match, place) for place, match in enumerate(matches[:most]))
        short = read < len(documents) and len(matches) < most
        return Found(snapshot, hits, notice=_notice(snapshot, read, len(documents)) if short else "", why_not=missed)


def _documents(asked: _Asked, bitmaps: GramBitmaps) -> NDArray[np.intp]:
    """Those that the request allows and that may match, ascending."""
    documents = np.searchsorted(asked.directory.first_chunk, bitmaps.holding(asked.matcher.need))
    return documents[asked.allowed.documents[documents]]


async def _candidates(conn: Connection, asked: _Asked, documents: NDArray[np.intp]) -> _Candidates:
    directory, kinds = asked.directory, asked.directory.kinds
    text = " ".join(texts_of(asked.matcher.need))
    terms = query_terms(text)
    chunks = await _defining(conn, asked, text)
    values = {
        "pattern": np.ones(len(documents), np.float32),
        "definition": np.isin(documents, directory.document_of(chunks)).astype(np.float32),
        "stem": exact_cover(directory.stems, terms)[documents],
        "folder": exact_cover(directory.folders, terms)[documents],
        "aside": kinds.aside[documents], "prose": kinds.prose[documents],
        "platform": kinds.platform[documents], "header": kinds.header[documents],
    }  # fmt: skip
    sources: dict[str, Points] = {}
    for name, weight in PATTERN.items():
        source = SOURCE_OF.get(name, name)
        points = (weight * values[name].astype(np.float64)).round(DECIMALS)
        sources[source] = (sources[source] + points).round(DECIMALS) if source in sources else points
    total = np.sum(list(sources.values()), axis=0).round(DECIMALS)
    return _Candidates(documents, sources, total, frozenset(chunks.tolist()))


async def _defining(conn: Connection, asked: _Asked, text: str) -> NDArray[np.int32]:
    """Live chunks that define a name, of a pattern that is a name or two; a line of code holds names of all kinds."""
    names = named_words(text)
    if not 0 < len(names) <= MAX_NAMES:
        return np.zeros(0, np.int32)
    definitions = await postgres.read_definitions(conn, asked.snapshot, names, ())
    chunks = np.array(sorted({each.chunk for each in definitions}), np.int32)
    return chunks[asked.directory.is_live(chunks)]


async def _matches(
    conn: Connection, asked: _Asked, documents: NDArray[np.intp], defining: frozenset[int], most: int
) -> tuple[list[_Match], int]:
    """At least `most` where there are as many, in the order of the documents; and how many documents were read."""
    found: list[_Match] = []
    read, size, at_once = 0, 0, FIRST_AT_ONCE
    while read < len(documents) and len(found) < most and size < MAX_READ_BYTES:
        some = documents[read : read + at_once].tolist()
        for matches in await _matches_in(conn, asked, some, defining):
            found += matches[:1] if asked.question.request.by_file else matches
        read += len(some)
        at_once = min(2 * at_once, MOST_AT_ONCE)
        size += sum(asked.directory.first_file(document).size for document in some)
    return found, read


async def _matches_in(
    conn: Connection, asked: _Asked, documents: Sequence[int], defining: Iterable[int]
) -> list[list[_Match]]:
    """Of each document that matches: chunks that define what is looked for, then the others."""
    files = {document: asked.directory.first_file(document) for document in documents}
    stored = await postgres.read_contents(conn, asked.snapshot, [file.blob_id for file in files.values()])
    lines = await _lines(asked.matcher, {document: stored[file.blob_id] for document, file in files.items()})
    chunks = await postgres.read_chunks(conn, asked.snapshot, [files[document] for document in lines]) if lines else {}
    kinds = asked.question.request.kinds
    matches = []
    for document, numbers in lines.items():
        inside = _in_chunks(document, chunks[files[document].first_chunk], numbers)
        kept = [match for match in inside if not kinds or match.chunk.kind in kinds]
        matches.append(sorted(kept, key=lambda match: match.chunk.ordinal not in defining))
    return matches


async def _lines(matcher: Matcher, stored: Mapping[int, tuple[int, bytes]]) -> dict[int, list[int]]:
    """Of the documents that match, in the same order; given by size and compressed content."""
    given_up = Event()

    def read(documents: Sequence[int]) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for document in documents:
            if given_up.is_set():
                break
            size, content = stored[document]
            found[document] = matcher.lines(decompress(content, size))
        return found

    every = list(stored)
    try:
        parts = await asyncio.gather(*(asyncio.to_thread(read, every[start::THREADS]) for start in range(THREADS)))
    finally:
        given_up.set()  # a thread goes on when nobody waits for it any more
    lines = {document: numbers for part in parts for document, numbers in part.items()}
    return {document: lines[document] for document in every if lines[document]}


def _in_chunks(document: int, chunks: Sequence[ChunkRow], lines: Sequence[int]) -> list[_Match]:
    """The chunks that hold the lines; one between two chunks goes with the first of them."""
    starts = [chunk.start_line for chunk in chunks]
    inside: dict[int, list[int]] = {}
    for line in lines:
        inside.setdefault(max(0, bisect_right(starts, line) - 1), []).append(line)
    return [_Match(document, chunks[place], tuple(those)) for place, those in inside.items()]


def _hit(asked: _Asked, candidates: _Candidates, match: _Match, place: int) -> Hit:
    path, others = paths_of(asked.directory, asked.allowed, match.document)
    at = candidates.place(match.document)
    evidence = partial(_evidence, candidates, at, len(match.lines))
    score = float(candidates.total[at])
    return Hit(asked.snapshot, path, others, match.chunk.ordinal, score, place, evidence, match.lines)


def _evidence(candidates: _Candidates, at: int, lines: int) -> tuple[Evidence, ...]:
    """Of one of the candidates, strongest first."""
    found = [
        Evidence(
            source,
            0 if source in UNRANKED or source == PATTERN_SOURCE else rank_of(points, at),
            float(points[at]),
            float(lines) if source == PATTERN_SOURCE else float(points[at]),
            DETAILS[source],
        )
        for source, points in candidates.sources.items()
        if points[at]
    ]
    return tuple(sorted(found, key=lambda part: (-part.score, part.source)))


async def _why_not(conn: Connection, asked: _Asked, candidates: _Candidates, shown: Sequence[_Match]) -> WhyNot | None:
    if not asked.question.request.why_not:
        return None
    located = locate(asked.question.request, asked.directory, asked.allowed)
    if isinstance(located, WhyNot):
        return located
    path, document = located
    may_match = document in candidates.documents
    matches = await _matches_in(conn, asked, [document], candidates.defining) if may_match else []
    if not any(matches):
        narrowed = allows(asked.question.request)
        return WhyNot(
            path, Stage.NO_EVIDENCE, f"no line of it matches the pattern{f', in {narrowed}' if narrowed else ''}"
        )
    at = candidates.place(document)
    first, score = matches[0][0], float(candidates.total[at])
    evidence = _evidence(candidates, at, len(first.lines))
    for rank, match in enumerate(shown, 1):
        if match.document == document:
            return WhyNot(path, Stage.SHOWN, f"it is result {rank}", rank, score, evidence)
    detail = f"it matches on line {first.lines[0]}, and comes after the results shown"
    return WhyNot(path, Stage.OUTRANKED, detail, 0, score, evidence)


def _notice(snapshot: Snapshot, read: int, candidates: int) -> str:
    return (
        f"{snapshot.repository} at {snapshot.ref}: {read:,} of the {candidates:,} files that may match were looked "
        "into; write more of the pattern, or narrow it by language or path"
    )
