"""Where a pattern matches in one snapshot: the files that hold its trigrams are read, best first, until it is enough.

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

from pampax.runtime.telemetry.tracing import span
from pampax.search import postgres
from pampax.search.directories import Directories
from pampax.search.directory import Directory
from pampax.search.evidence import DETAILS, PATTERN_SOURCE, UNRANKED, Evidence
from pampax.search.filters import Allowed, allowed_by
from pampax.search.gather import Question, Sources, late
from pampax.search.hits import Found, Hit, paths_of
from pampax.search.kept import KeptBySnapshot
from pampax.search.paths import match_paths
from pampax.search.pattern.bitmaps import TrigramBitmaps, read_bitmaps
from pampax.search.pattern.matcher import Matcher
from pampax.search.pattern.needs import texts_of
from pampax.search.postgres import ChunkRow
from pampax.search.query import MAX_NAMES, named_words, read_query
from pampax.search.ranking import DECIMALS
from pampax.search.weights import PATTERN, SOURCE_OF
from pampax.search.why_not import Stage, WhyNot, allows, locate
from pampax.storage.blobs import decompress
from pampax.storage.database import Connection
from pampax.storage.snapshots import Snapshot

MAX_BITMAP_BYTES = 512 * 1024 * 1024  # of all snapshots that are kept
TIMEOUT_S = 8.0
READ_AT_ONCE = 64  # files
MAX_READ_BYTES = 128 * 1024 * 1024  # of the files that are looked into for one answer: a second's work, or two

Points = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Points:
    """Points per document from each source, and their sum; all rounded. `defining`: chunks that define a name."""

    sources: Mapping[str, Points]
    total: Points
    defining: frozenset[int]


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
        self._bitmaps: KeptBySnapshot[TrigramBitmaps] = KeptBySnapshot(
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
            candidates = _candidates(asked, bitmaps)
            async with self._database.tenant(question.tenant_id, timeout_s=TIMEOUT_S, read_only=True) as conn:
                points = await _points(conn, asked)
                documents = candidates[np.lexsort((directory.file_of[candidates], -points.total[candidates]))]
                matches, read = await _matches(conn, asked, documents, points.defining, most)
                missed = await _why_not(conn, asked, points, matches[: most - 1])
            searched.set(candidates=len(documents), read=read)
        hits = tuple(_hit(asked, points, match, place) for place, match in enumerate(matches[:most]))
        short = read < len(documents) and len(matches) < most
        return Found(snapshot, hits, notice=_notice(snapshot, read, len(documents)) if short else "", why_not=missed)


def _candidates(asked: _Asked, bitmaps: TrigramBitmaps) -> NDArray[np.intp]:
    """Documents that the request allows and that may match."""
    holding = bitmaps.holding(asked.matcher.need)
    documents = np.flatnonzero(np.isin(asked.directory.first_chunk, holding, assume_unique=True))
    return documents[asked.allowed.documents[documents]]


async def _points(conn: Connection, asked: _Asked) -> _Points:
    directory = asked.directory
    text = " ".join(texts_of(asked.matcher.need))
    paths = match_paths(directory, read_query(text))
    names = named_words(text)[:MAX_NAMES]
    definitions = await postgres.read_definitions(conn, asked.snapshot, names, ()) if names else []
    chunks = np.array(sorted({each.chunk for each in definitions}), np.int32)
    chunks = chunks[directory.is_live(chunks)]
    defines = np.zeros(len(directory.first_chunk), np.float32)
    defines[directory.document_of(chunks)] = 1
    values = {
        "pattern": np.ones_like(defines), "definition": defines,
        "stem": paths.stem_cover, "folder": paths.folder_cover,
        "aside": paths.aside, "prose": paths.prose, "platform": paths.platform, "header": paths.header,
    }  # fmt: skip
    sources: dict[str, Points] = {}
    for name, weight in PATTERN.items():
        source = SOURCE_OF.get(name, name)
        added = (weight * values[name].astype(np.float64)).round(DECIMALS)
        sources[source] = (sources[source] + added).round(DECIMALS) if source in sources else added
    total = np.sum(list(sources.values()), axis=0).round(DECIMALS)
    return _Points(sources, total, frozenset(chunks.tolist()))


async def _matches(
    conn: Connection, asked: _Asked, documents: NDArray[np.intp], defining: frozenset[int], most: int
) -> tuple[list[_Match], int]:
    """At least `most` where there are as many, in the order of the documents; and how many documents were read."""
    found: list[_Match] = []
    read, size = 0, 0
    while read < len(documents) and len(found) < most and size < MAX_READ_BYTES:
        some = documents[read : read + READ_AT_ONCE].tolist()
        for matches in await _matches_in(conn, asked, some, defining):
            found += matches[:1] if asked.question.request.by_file else matches
        read += len(some)
        size += sum(asked.directory.first_file(document).size for document in some)
    return found, read


async def _matches_in(
    conn: Connection, asked: _Asked, documents: Sequence[int], defining: Iterable[int]
) -> list[list[_Match]]:
    """Of each document that matches: chunks that define what is looked for, then the others."""
    files = {document: asked.directory.first_file(document) for document in documents}
    stored = await postgres.read_contents(conn, asked.snapshot, [file.blob_id for file in files.values()])

    given_up = Event()

    def read() -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for document, file in files.items():
            if given_up.is_set():
                break
            size, content = stored[file.blob_id]
            lines = asked.matcher.lines(decompress(content, size))
            if lines:
                found[document] = lines
        return found

    try:
        lines = await asyncio.to_thread(read)
    finally:
        given_up.set()  # a thread goes on when nobody waits for it any more
    chunks = await postgres.read_chunks(conn, asked.snapshot, [files[document] for document in lines])
    kinds = asked.question.request.kinds
    matches = []
    for document, numbers in lines.items():
        inside = _in_chunks(document, chunks[files[document].first_chunk], numbers)
        kept = [match for match in inside if not kinds or match.chunk.kind in kinds]
        matches.append(sorted(kept, key=lambda match: match.chunk.ordinal not in defining))
    return matches


def _in_chunks(document: int, chunks: Sequence[ChunkRow], lines: Sequence[int]) -> list[_Match]:
    """The chunks that hold the lines; one between two chunks goes with the first of them."""
    starts = [chunk.start_line for chunk in chunks]
    inside: dict[int, list[int]] = {}
    for line in lines:
        inside.setdefault(max(0, bisect_right(starts, line) - 1), []).append(line)
    return [_Match(document, chunks[place], tuple(those)) for place, those in inside.items()]


def _hit(asked: _Asked, points: _Points, match: _Match, place: int) -> Hit:
    path, others = paths_of(asked.directory, asked.allowed, match.document)
    score = float(points.total[match.document])
    evidence = partial(_evidence, points, match)
    return Hit(asked.snapshot, path, others, match.chunk.ordinal, score, place, evidence, match.lines)


def _evidence(points: _Points, match: _Match) -> tuple[Evidence, ...]:
    """Strongest first."""
    document = match.document
    found = [
        Evidence(
            source,
            0 if source in UNRANKED or source == PATTERN_SOURCE else int(np.count_nonzero(each > each[document])) + 1,
            float(each[document]),
            float(len(match.lines)) if source == PATTERN_SOURCE else float(each[document]),
            DETAILS[source],
        )
        for source, each in points.sources.items()
        if each[document]
    ]
    return tuple(sorted(found, key=lambda part: (-part.score, part.source)))


async def _why_not(conn: Connection, asked: _Asked, points: _Points, shown: Sequence[_Match]) -> WhyNot | None:
    if not asked.question.request.why_not:
        return None
    located = locate(asked.question.request, asked.directory, asked.allowed)
    if isinstance(located, WhyNot):
        return located
    path, document = located
    for rank, match in enumerate(shown, 1):
        if match.document == document:
            score = float(points.total[document])
            return WhyNot(path, Stage.SHOWN, f"it is result {rank}", rank, score, _evidence(points, match))
    (matches,) = await _matches_in(conn, asked, [document], points.defining) or ([],)
    if not matches:
        narrowed = allows(asked.question.request)
        detail = f"the pattern does not match in it{f', in {narrowed}' if narrowed else ''}"
        return WhyNot(path, Stage.NO_EVIDENCE, detail)
    detail = f"it matches on line {min(min(match.lines) for match in matches)}, and comes after the results shown"
    return WhyNot(path, Stage.OUTRANKED, detail, 0, float(points.total[document]), _evidence(points, matches[0]))


def _notice(snapshot: Snapshot, read: int, candidates: int) -> str:
    return (
        f"{snapshot.repository} at {snapshot.ref}: {read:,} of the {candidates:,} files that may match were looked "
        "into; write more of the pattern, or narrow it by language or path"
    )
