"""From hits to results: their places, texts and evidence."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from uuid import UUID

from pampax.core.ids import chunk_id
from pampax.runtime.telemetry.tracing import span
from pampax.search.answer import Result
from pampax.search.hits import Hit
from pampax.search.postgres import Passage, read_passages
from pampax.storage.database import Database

TIMEOUT_S = 5.0


async def read_results(
    database: Database, tenant_id: UUID, hits: Sequence[Hit], *, explain: bool
) -> tuple[Result, ...]:
    """In the order of `hits`. What is still to be read takes a statement a repository, all in one transaction."""
    unread = [hit for hit in hits if hit.passage is None]
    with span("search.results", results=len(hits)):
        passages = await _passages(database, tenant_id, unread) if unread else {}
    return tuple(_result(hit, hit.passage or passages[_snapshot_id(hit), hit.ordinal], explain=explain) for hit in hits)


async def _passages(database: Database, tenant_id: UUID, hits: Sequence[Hit]) -> dict[tuple[int, int], Passage]:
    passages: dict[tuple[int, int], Passage] = {}
    async with database.tenant(tenant_id, timeout_s=TIMEOUT_S, read_only=True) as conn:
        by_snapshot = sorted(hits, key=_snapshot_id)
        for snapshot_id, group in itertools.groupby(by_snapshot, key=_snapshot_id):
            members = list(group)
            ordinals = [hit.ordinal for hit in members]
            found = await read_passages(conn, members[0].snapshot, ordinals)
            passages |= {(snapshot_id, ordinal): passage for ordinal, passage in found.items()}
    return passages


def _snapshot_id(hit: Hit) -> int:
    return hit.snapshot.snapshot_id


def _result(hit: Hit, passage: Passage, *, explain: bool) -> Result:
    return Result(
        id=chunk_id(passage.blob_id.hex(), passage.language, passage.start_line, passage.end_line),
        snapshot=hit.snapshot,
        path=hit.path,
        other_paths=hit.other_paths,
        start_line=passage.start_line,
        end_line=passage.end_line,
        language=passage.language,
        kind=passage.kind,
        symbol=passage.symbol,
        score=hit.score,
        content=passage.content,
        evidence=hit.evidence() if explain else (),
        matched_lines=hit.matched_lines,
    )
