"""From ranked chunks to results: their places, texts and evidence."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pampax.core.ids import chunk_id
from pampax.runtime.telemetry.tracing import span
from pampax.search.answer import Result
from pampax.search.evidence import evidence_of
from pampax.search.postgres import Passage, read_passages
from pampax.search.ranking import RankedChunk
from pampax.search.snapshot_search import Ranked
from pampax.storage.database import Database

TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class Hit:
    """A ranked chunk of one snapshot."""

    of: Ranked
    chunk: RankedChunk

    @property
    def order(self) -> tuple[float, str, int]:
        """Sorts the hits of several repositories; scores are rounded already."""
        return -self.chunk.score, self.of.snapshot.repository, self.chunk.ordinal


async def read_results(
    database: Database, tenant_id: UUID, hits: Sequence[Hit], *, explain: bool
) -> tuple[Result, ...]:
    """In the order of `hits`; one statement a repository, all in one transaction."""
    if not hits:
        return ()
    with span("search.results", results=len(hits)):
        passages = await _passages(database, tenant_id, hits)
    return tuple(_result(hit, passages[_snapshot_id(hit), hit.chunk.ordinal], explain=explain) for hit in hits)


async def _passages(database: Database, tenant_id: UUID, hits: Sequence[Hit]) -> dict[tuple[int, int], Passage]:
    passages: dict[tuple[int, int], Passage] = {}
    async with database.tenant(tenant_id, timeout_s=TIMEOUT_S, read_only=True) as conn:
        by_snapshot = sorted(hits, key=_snapshot_id)
        for snapshot_id, group in itertools.groupby(by_snapshot, key=_snapshot_id):
            members = list(group)
            ordinals = [hit.chunk.ordinal for hit in members]
            found = await read_passages(conn, members[0].of.snapshot, ordinals)
            passages |= {(snapshot_id, ordinal): passage for ordinal, passage in found.items()}
    return passages


def _snapshot_id(hit: Hit) -> int:
    return hit.of.snapshot.snapshot_id


def _result(hit: Hit, passage: Passage, *, explain: bool) -> Result:
    """Shown under the first of its paths that the request allows."""
    ranked, directory = hit.of, hit.of.directory
    first = ranked.allowed.paths(directory, hit.chunk.document)[0]
    others = (file for file in directory.files_of[hit.chunk.document] if file != first)
    return Result(
        id=chunk_id(passage.blob_id.hex(), passage.language, passage.start_line, passage.end_line),
        snapshot=ranked.snapshot,
        path=directory.files[first].path,
        other_paths=tuple(directory.files[file].path for file in others),
        start_line=passage.start_line,
        end_line=passage.end_line,
        language=passage.language,
        kind=passage.kind,
        symbol=passage.symbol,
        score=hit.chunk.score,
        content=passage.content,
        evidence=evidence_of(ranked.features, ranked.scores, hit.chunk) if explain else (),
    )
