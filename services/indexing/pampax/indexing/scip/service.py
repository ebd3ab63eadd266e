"""Taking a SCIP index for the caller of the current request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from pampax.codeintel.uses import Uses
from pampax.core.errors import FailedPrecondition, InvalidRequest, TooLarge
from pampax.core.identity import Caller
from pampax.graph.recorded import Place, pack
from pampax.indexing import names
from pampax.indexing.repositories import time_left_s, writable
from pampax.indexing.scip import postgres
from pampax.indexing.scip.matching import MAX_FILES, MAX_NUMBERS, Fit, ScipFile, Symbol, fit, linked, names_by_symbol
from pampax.indexing.scip.postgres import Published
from pampax.runtime.caller import current_caller
from pampax.storage.blobs import compress
from pampax.storage.database import Database
from pampax.storage.snapshots import Snapshot, resolve

BATCH_FILES = 200  # whose contents are in memory at once: a MiB each at most
MAX_NAMED = 20
DOES_NOT_FIT = "SCIP_DOES_NOT_FIT"


@dataclass(frozen=True, slots=True)
class Taken:
    """`left_out` names some of the files that were not taken."""

    snapshot: Snapshot
    files: int
    references: int
    unknown: int
    misfits: int
    left_out: Sequence[str]


class ScipIndexes:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, repository: str, ref: str, batches: AsyncIterator[list[ScipFile]]) -> Taken:
        """FailedPrecondition when most of the files are not those of the ref; nothing has changed then."""
        caller = current_caller()
        names.check_ref(ref)
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s(), read_only=True) as conn:
            await writable(conn, caller, repository)
            (snapshot,) = await resolve(conn, caller.principal_id, [repository], ref or None)
        files = await _received(batches)
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s(), read_only=True) as conn:
            published = await postgres.published(conn, snapshot, files)
        known = [file for path, file in files.items() if path in published]
        fits = await self._fits(caller, snapshot, known, published)
        fitting = {path: each for path, each in fits.items() if each.fits}
        unknown = [path for path in files if path not in published]
        misfits = [path for path in fits if path not in fitting]
        if len(fitting) <= len(misfits) or not fitting:
            raise _does_not_fit(snapshot, len(files), unknown, misfits)
        rows, references = await asyncio.to_thread(_rows, fitting, published)
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s()) as conn:
            await writable(conn, caller, repository)
            await postgres.save(conn, snapshot, rows)
        left_out = [*misfits, *unknown][:MAX_NAMED]
        return Taken(snapshot, len(rows), references, len(unknown), len(misfits), left_out)

    async def _fits(
        self, caller: Caller, snapshot: Snapshot, files: Sequence[ScipFile], published: Mapping[str, Published]
    ) -> dict[str, Fit]:
        """Of each file; a transaction a batch."""
        used_by = await asyncio.to_thread(names_by_symbol, files)
        found: dict[str, Fit] = {}
        for at in range(0, len(files), BATCH_FILES):
            batch = files[at : at + BATCH_FILES]
            rows = [published[file.path] for file in batch]
            async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s(), read_only=True) as conn:
                contents = await postgres.contents(conn, snapshot, rows)
                symbols = await postgres.symbols(conn, snapshot, rows)
            found |= await asyncio.to_thread(_fits_of, batch, published, used_by, contents, symbols)
        return found


def _fits_of(
    batch: Sequence[ScipFile],
    published: Mapping[str, Published],
    used_by: Mapping[int, frozenset[str]],
    contents: Mapping[int, tuple[bytes, Uses]],
    symbols: Mapping[int, Sequence[Symbol]],
) -> dict[str, Fit]:
    found = {}
    for file in batch:
        first = published[file.path].first_chunk
        content, uses = contents.get(first, (b"", Uses()))
        found[file.path] = fit(file, used_by, content, uses, symbols.get(first, ()))
    return found


async def _received(batches: AsyncIterator[list[ScipFile]]) -> dict[str, ScipFile]:
    files: dict[str, ScipFile] = {}
    async for batch in batches:
        for file in batch:
            _check(file, files)
            files[file.path] = file
        if len(files) > MAX_FILES:
            raise TooLarge(f"a SCIP index of more than {MAX_FILES:,} files is not taken", reason="SCIP_TOO_LARGE")
    if not files:
        raise _invalid("files", "the SCIP index tells of no file")
    return files


def _check(file: ScipFile, files: Mapping[str, ScipFile]) -> None:
    if file.path in files:
        raise _invalid("files.path", f"{file.path[:100]!r} is there twice")
    if len(file.definitions) != 4 * len(file.names) or len(file.references) % 4:
        raise _invalid("files", f"{file.path[:100]!r} has definitions or references that are not four numbers each")
    if len(file.definitions) + len(file.references) > MAX_NUMBERS:
        raise _invalid("files", f"{file.path[:100]!r} has more than {MAX_NUMBERS // 4:,} places")


def _rows(fitting: Mapping[str, Fit], published: Mapping[str, Published]) -> tuple[list[tuple[Published, bytes]], int]:
    """Rows of the files, and how many uses they link."""
    defined: dict[int, list[Place]] = {}
    for each in fitting.values():
        for symbol, place in each.defined:
            defined.setdefault(symbol, []).append(place)
    rows, references = [], 0
    for path, each in fitting.items():
        recorded = linked(each.used, defined)
        references += len(recorded)
        rows.append((published[path], compress(pack(recorded))))
    return rows, references


def _does_not_fit(snapshot: Snapshot, count: int, unknown: Sequence[str], misfits: Sequence[str]) -> FailedPrecondition:
    shown = f"{snapshot.repository} at {snapshot.ref}"
    if snapshot.commit:
        shown += f" ({snapshot.commit[:12]})"
    if misfits:
        why = f"{len(misfits)} of its {count} files hold other text there, {misfits[0]} first"
    else:
        why = f"none of its {count} files is there, such as {unknown[0]}; paths are relative to the repository's root"
    return FailedPrecondition(
        f"the SCIP index was not made of {shown}: {why}. Make it anew of that commit, or index the commit it is of",
        reason=DOES_NOT_FIT,
        metadata={"repository": snapshot.repository, "ref": snapshot.ref},
    )


def _invalid(field: str, message: str) -> InvalidRequest:
    return InvalidRequest(message, fields={field: message})
