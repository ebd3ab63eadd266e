"""Reads what stands around the hits of one snapshot and makes candidates of it, with the lines that they may show."""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pampax.assembly import around, changing
from pampax.assembly.candidates import Candidate, Origin, best_first, candidate
from pampax.assembly.changing import Beside
from pampax.assembly.copies import without_copies
from pampax.assembly.edges import fitted
from pampax.assembly.inside import Inside
from pampax.assembly.markup import code
from pampax.assembly.pieces import MAX_GAP_LINES
from pampax.assembly.postgres import FileRow, Found, Reader
from pampax.assembly.searching import Hit
from pampax.assembly.source import Definition, FileKey, Place, SourceFile
from pampax.assembly.standing import Signs, signs_of
from pampax.assembly.tested_paths import pattern_of_tests
from pampax.assembly.usage import MAX_DEFINING_FILES, Use, uses, value_of
from pampax.codeintel.lines import text_lines

MAX_USERS = 16  # best candidates whose names are looked up
MAX_USED = 40  # definitions that are taken up for being used
MAX_TEST_FILES = 12
MAX_FULL_LINES = 150  # a longer definition is offered by its outline; its text comes by its chunks if it is a hit


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Candidates, hits included, the files that they lie in, and what speaks for these. `pasts`: digests of the
    histories that were looked into."""

    candidates: tuple[Candidate, ...]
    files: dict[FileKey, SourceFile] = field(default_factory=dict)
    signs: dict[FileKey, Signs] = field(default_factory=dict)
    pasts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Start:
    """Where to begin in one repository: `linked` is what was found otherwise than by search, `musts` are shown in any
    case, and `seed_paths` exist there."""

    hits: Mapping[Candidate, Hit] = field(default_factory=dict)
    seed_paths: frozenset[str] = frozenset()
    musts: Sequence[Place] = ()
    linked: Sequence[Candidate] = ()

    def __bool__(self) -> bool:
        return bool(self.hits or self.seed_paths or self.musts or self.linked)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far to look: only at files that are inside; `depth` 0 at nothing around, 2 and more also at what definitions
    around use themselves. `terms` are those of the task."""

    inside: Inside
    depth: int = 1
    terms: frozenset[str] = frozenset()


async def look_around(reader: Reader, start: Start, reach: Reach) -> Surroundings:
    """Of the reader's snapshot. What the request names itself is shown wherever it lies."""
    return await _Look(reader, start, reach).around()


def only_hits(hits: Mapping[Candidate, Hit]) -> Surroundings:
    """What can be had without the database: the hits with their own lines."""
    lines: dict[FileKey, dict[int, str]] = {}
    languages: dict[FileKey, str] = {}
    for hit in hits.values():
        numbered = enumerate(hit.content.split("\n"), hit.place.start_line)
        lines.setdefault(hit.place.file, {}).update(numbered)
        languages[hit.place.file] = hit.language
    ids: dict[FileKey, dict[tuple[int, int], str]] = {}
    for hit in hits.values():
        ids.setdefault(hit.place.file, {})[hit.place.start_line, hit.place.end_line] = hit.id
    files = {key: SourceFile(*key, languages[key], lines[key], ids=ids[key]) for key in lines}
    return Surroundings(tuple(hits), files, signs_of(hits))


def together(parts: Iterable[Surroundings]) -> Surroundings:
    """Of several repositories."""
    whole = Surroundings(())
    for part in parts:
        whole = Surroundings(
            (*whole.candidates, *part.candidates),
            {**whole.files, **part.files},
            {**whole.signs, **part.signs},
            whole.pasts | part.pasts,
        )
    return whole


class _Look:
    def __init__(self, reader: Reader, start: Start, reach: Reach) -> None:
        self._reader = reader
        self._start = start
        self._reach = reach
        self._repository = reader.snapshot.repository
        self._candidates = list(start.hits)
        self._texts = {each: hit.content for each, hit in start.hits.items()}
        self._rows: dict[str, FileRow] = {}
        self._files: dict[str, SourceFile] = {}
        self._tested: dict[str, float] = {}
        self._beside: dict[str, Beside] = {}
        self._past = ""

    async def around(self) -> Surroundings:
        best = sorted(self._candidates, key=best_first)
        named = self._start.seed_paths | {place.path for place in self._start.musts}
        await self._open(await self._reader.files({each.place.path for each in best} | named))
        await self._take_seeds()
        await self._take_linked()
        if self._reach.depth:
            await self._take_tests(best[: around.MAX_TESTED_FILES])
            for each in best[: around.MAX_LOOKED_AROUND]:
                file = self._files.get(each.place.path)
                self._candidates += around.around(each, file) if file else []
            await self._take_used()
            await self._take_changed()
        await self._read_lines()
        kept = [each for each in self._candidates if each.place.path in self._files]
        placed = tuple(fitted(each, self._files[each.place.path]) for each in kept)
        files = {(self._repository, path): file for path, file in self._files.items()}
        placed = without_copies(placed, files)
        weights = {(self._repository, path): one.weight for path, one in self._beside.items()}
        tested = {(self._repository, path): value for path, value in self._tested.items()}
        return Surroundings(placed, files, signs_of(placed, weights, tested), frozenset(filter(None, [self._past])))

    async def _open(self, rows: Iterable[FileRow]) -> None:
        """Takes up files with their chunks and definitions, without their text."""
        new = [row for row in rows if row.path not in self._files]
        if not new:
            return
        spans, found = await self._reader.spans_and_definitions(new)
        ordinals, chunks = [ordinal for ordinal, _ in spans], [one.chunk for one in found]  # both ascend
        for row in new:
            own = slice(bisect_left(chunks, row.first_chunk), bisect_right(chunks, row.last_chunk))
            cut = slice(bisect_left(ordinals, row.first_chunk), bisect_right(ordinals, row.last_chunk))
            self._rows[row.path] = row
            self._files[row.path] = SourceFile(
                self._repository, row.path, row.language,
                definitions=tuple(one.definition for one in found[own]),
                spans=tuple(span for _, span in spans[cut]),
                blob_id=row.blob_id.hex(),
            )  # fmt: skip

    async def _take_seeds(self) -> None:
        for path in sorted(self._start.seed_paths & self._files.keys()):
            self._candidates += around.seeds(self._files[path], self._rows[path].lines)
        seeds = [each for each in self._candidates if each.origin is Origin.SEED]
        users = sorted(seeds, key=best_first)[:MAX_USERS]
        async for path, lines in self._contents(each.place.path for each in users):
            for each in users:
                if each.place.path == path:
                    self._texts[each] = "\n".join(lines[each.place.start_line - 1 : each.place.end_line])

    async def _take_linked(self) -> None:
        await self._open(self._allowed(await self._reader.files({each.place.path for each in self._start.linked})))
        self._candidates += [each for each in self._start.linked if each.place.path in self._files]

    async def _take_tests(self, best: Sequence[Candidate]) -> None:
        pattern = pattern_of_tests([each.place.path for each in best])
        if pattern is None:
            return
        rows = self._allowed(await self._reader.test_files(pattern))
        tested = {row.path: found for row in rows if (found := around.tested_by(row.path, best))}
        self._tested = {path: found[0].value for path, found in tested.items()}
        worth = sorted(tested, key=lambda path: (-tested[path][0].value, path))[:MAX_TEST_FILES]
        await self._open([row for row in rows if row.path in worth])
        async for path, lines in self._contents(worth):
            self._candidates += around.tests(self._files[path], dict(enumerate(lines, 1)), tested[path])

    async def _take_changed(self) -> None:
        """What changes together with the files that were found best: its likeliest lines, or one more reason for those
        that were found in it."""
        best: dict[str, Candidate] = {}
        for each in sorted(self._candidates, key=best_first):
            if each.origin is not Origin.NEIGHBOUR:
                best.setdefault(each.place.path, each)
        found = [(path, each.value) for path, each in best.items() if each.origin in (Origin.HIT, Origin.OUTLINE)]
        found = found[: changing.MAX_CHANGED_WITH]
        changes = await self._reader.changed_with([path for path, _ in found])
        self._past = changes.digest
        self._beside = changing.beside(found, changes.by_path)
        new = changing.taken_up(self._beside, self._files)
        await self._open(self._allowed(await self._reader.files(new)))
        async for path, lines in self._contents(self._files.keys() & set(new)):
            likeliest = changing.changed(self._files[path], lines, self._beside[path], self._reach.terms)
            self._candidates += [likeliest] if likeliest else []
        self._candidates += [
            changing.as_reason(best[path], one)
            for path, one in sorted(self._beside.items())
            if path in best and one.weight >= changing.LEAST_BESIDE
        ]

    async def _take_used(self) -> None:
        """What the best use, and as deep as was asked for what that uses."""
        texts: Mapping[Candidate, str] = self._texts
        for level in range(self._reach.depth):
            known = {each.place: each.value for each in sorted(self._candidates, key=best_first, reverse=True)}
            found = await self._used_by(texts)
            # Deeper only what is worth more than it was before: what uses each other would add up otherwise.
            best = [each for each in found if not level or each.value > known.get(each.place, 0.0)]
            self._candidates += best
            if level + 1 < self._reach.depth:
                texts = await self._texts_of(best[:MAX_USERS])

    async def _texts_of(self, definitions: Sequence[Candidate]) -> dict[Candidate, str]:
        found: dict[Candidate, str] = {}
        async for path, lines in self._contents(each.place.path for each in definitions):
            for each in definitions:
                if each.place.path == path:
                    found[each] = "\n".join(lines[each.place.start_line - 1 : each.place.end_line])
        return found

    async def _used_by(self, of: Mapping[Candidate, str]) -> list[Candidate]:
        users = sorted(of, key=best_first)[:MAX_USERS]
        texts = [(each, of[each], self._language(each)) for each in users]
        used = await asyncio.to_thread(uses, texts)
        named = await self._reader.definitions_named({name.lower() for name in used})
        places = await self._places(one for one in named if one.definition.name in used)
        found = [each for name, held in sorted(places.items()) for each in self._definitions(name, used[name], held)]
        best = sorted(found, key=best_first)[:MAX_USED]
        await self._open(self._rows[path] for path in sorted({each.place.path for each in best}))
        return best

    async def _places(self, named: Iterable[Found]) -> dict[str, list[tuple[Place, Definition]]]:
        """Name -> where it is defined, under the first path of each document."""
        by_name: dict[str, list[Found]] = {}
        for one in named:
            by_name.setdefault(one.definition.name, []).append(one)
        chunks = (one.chunk for held in by_name.values() for one in held)
        rows = self._allowed(await self._reader.files_of_chunks(chunks))
        first: dict[int, FileRow] = {}
        for row in [*self._rows.values(), *rows]:
            first.setdefault(row.first_chunk, row)
            self._rows.setdefault(row.path, row)
        starts = sorted(first)
        places: dict[str, list[tuple[Place, Definition]]] = {}
        for name, held in by_name.items():
            for one in held:
                holder = first[starts[max(bisect_right(starts, one.chunk) - 1, 0)]] if starts else None
                if holder is not None and holder.first_chunk <= one.chunk <= holder.last_chunk:
                    place = Place(self._repository, holder.path, one.definition.start_line, one.definition.end_line)
                    places.setdefault(name, []).append((place, one.definition))
        return places

    def _definitions(
        self, name: str, users: Sequence[Use], places: Sequence[tuple[Place, Definition]]
    ) -> list[Candidate]:
        """Candidates for the definitions of a name, but for those that a user shows itself."""
        if len({place.path for place, _ in places}) > MAX_DEFINING_FILES:
            return []
        found = []
        for place, definition in places:
            language = self._rows[place.path].language
            shares = {
                use.by: use.by.value * share
                for use in users
                if not use.by.place.meets(place) and (share := use.share(definition, place.path, language))
            }
            if shares:
                value = value_of(definition, list(shares.values()), len(places))
                reason = f"defines {code(name)}, which {_called(min(shares, key=best_first))} uses"
                found.append(candidate(place, Origin.DEFINITION, value, definition.qualified_name, reason))
        return found

    def _allowed(self, rows: Iterable[FileRow]) -> list[FileRow]:
        return [row for row in rows if self._reach.inside.allows(row.path, row.language)]

    def _language(self, each: Candidate) -> str:
        row = self._rows.get(each.place.path)
        return row.language if row else ""

    async def _read_lines(self) -> None:
        """The lines of every candidate that may be shown in full, and a few around them to merge across."""
        wanted: dict[str, set[int]] = {}
        short = [
            each.place
            for each in self._candidates
            if each.origin is not Origin.OUTLINE and each.place.end_line - each.place.start_line < MAX_FULL_LINES
        ]
        for place in [*short, *self._start.musts]:
            if place.path in self._files:
                numbers = range(place.start_line - MAX_GAP_LINES, place.end_line + MAX_GAP_LINES + 1)
                wanted.setdefault(place.path, set()).update(numbers)
        async for path, lines in self._contents(wanted):
            kept = {number: lines[number - 1] for number in sorted(wanted[path]) if 1 <= number <= len(lines)}
            self._files[path] = replace(self._files[path], lines=kept)

    async def _contents(self, paths: Iterable[str]) -> AsyncIterator[tuple[str, list[str]]]:
        """Path and lines of each file, one content at a time."""
        by_blob: dict[bytes, list[str]] = {}
        for path in sorted(set(paths) & self._rows.keys()):
            by_blob.setdefault(self._rows[path].blob_id, []).append(path)
        async for blob, content in self._reader.contents(by_blob):
            lines = text_lines(content)
            for path in by_blob[blob]:
                yield path, lines


def _called(each: Candidate) -> str:
    return code(each.symbol or f"{each.place.path}:{each.place.start_line}")
