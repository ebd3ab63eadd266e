"""Searches, bundles and files as the JSON that REST answers with: names without prefix, times with an age.

This runs for every cached answer, so it builds plain dicts and validates nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, TypeAlias

from pampax.core.names import plain_context, plain_repository
from pampax.gateway.rest.request_state import took_ms
from pampax.runtime.context import corr_id, trace_id
from pampax.v1.assembly_service_pb2 import Bundle, BundleItem, BundlePart, OmittedItem, Rendering, TokenBudget
from pampax.v1.gateway_service_pb2 import BundleState, VerifyBundleResponse
from pampax.v1.search_service_pb2 import (
    CacheStatus,
    Chunk,
    Evidence,
    Outline,
    ReadFileResponse,
    SearchChunksResponse,
    SearchResult,
    SnapshotInfo,
    WhyNot,
)

Json: TypeAlias = dict[str, Any]

_CACHE = {
    CacheStatus.CACHE_STATUS_HIT: "hit",
    CacheStatus.CACHE_STATUS_MISS: "miss",
    CacheStatus.CACHE_STATUS_BYPASS: "bypass",
}
_RENDERING = {
    Rendering.RENDERING_FULL: "full",
    Rendering.RENDERING_SKELETON: "skeleton",
    Rendering.RENDERING_SIGNATURE: "signature",
    Rendering.RENDERING_REFERENCE: "reference",
}
_BUNDLE_STATE = {BundleState.BUNDLE_STATE_SAME: "same", BundleState.BUNDLE_STATE_CHANGED: "changed"}


def search_json(answer: SearchChunksResponse) -> Json:
    now = time.time()
    oldest = min(answer.snapshots, key=lambda s: s.publish_time_s, default=SnapshotInfo(publish_time_s=now))
    return {
        "results": [_result(result) for result in answer.results],
        "intent": answer.intent,
        "ranking": answer.ranking,
        "cache": _CACHE.get(answer.cache, "bypass"),
        "took_ms": took_ms(),
        "degraded": list(answer.degraded),
        "notices": list(answer.notices),
        "generation": oldest.generation,
        "build": oldest.build,
        "age_s": age_s(oldest.publish_time_s, now),
        "snapshots": snapshots_json(answer.snapshots, now),
        **ids_json(),
        "next_page_token": answer.next_page_token,
        "why_not": [_why_not(each) for each in answer.why_not],
        "pack": plain_context(answer.pack),
    }


def bundle_json(bundle: Bundle, *, with_content: bool) -> Json:
    return {
        "signature": bundle.signature,
        "markdown": bundle.markdown,
        "items": [_item(item, with_content) for item in bundle.items],
        "omitted": [_omitted(item) for item in bundle.omitted],
        "budget": _budget(bundle.budget),
        "stopping_reason": bundle.stopping_reason,
        "cache": _CACHE.get(bundle.cache, "bypass"),
        "took_ms": took_ms(),
        "degraded": list(bundle.degraded),
        "notices": list(bundle.notices),
        "snapshots": snapshots_json(bundle.snapshots, time.time()),
        **ids_json(),
        "pack": plain_context(bundle.pack),
        "confidence": {"value": bundle.confidence.value, "reasons": list(bundle.confidence.reasons)},
        "timings": [{"stage": each.stage, "duration_ms": each.duration_ms} for each in bundle.timings],
    }


def part_json(part: BundlePart, *, markdown: bool) -> Json:
    """One of header, piece and summary, under its name."""
    kind = part.WhichOneof("part")
    if kind == "header":
        snapshots = snapshots_json(part.header.snapshots, time.time())
        return {kind: {"snapshots": snapshots, "budget": _budget(part.header.budget), **ids_json()}}
    if kind == "piece":
        piece = part.piece
        told = {"position": piece.position, "tokens_used": piece.tokens_used}
        return {kind: {**_item(piece.item, True), **told}}
    summary = bundle_json(part.summary, with_content=False)
    del summary["items"]
    if not markdown:
        del summary["markdown"]
    return {"summary": summary}


def _budget(budget: TokenBudget) -> Json:
    return {"limit": budget.limit, "used": budget.used, "tokenizer": budget.tokenizer, "exact": budget.exact}


def verification_json(answer: VerifyBundleResponse) -> Json:
    current = bundle_json(answer.current, with_content=True) if answer.HasField("current") else None
    return {
        "signature": answer.signature,
        "status": _BUNDLE_STATE.get(answer.state, "unknown"),
        "changes": list(answer.changes),
        "current": current,
        "took_ms": took_ms(),
        **ids_json(),
    }


def file_json(answer: ReadFileResponse) -> Json:
    return {
        "path": answer.path,
        "repo": plain_repository(answer.snapshot.repository),
        "ref": answer.snapshot.ref,
        "commit": answer.snapshot.commit,
        "language": answer.language,
        "content": answer.content,
        "start_line": answer.start_line,
        "end_line": answer.end_line,
        "lines": answer.lines,
        "blob_id": answer.blob_id,
    }


def chunk_json(chunk: Chunk) -> Json:
    return {
        "id": chunk.id,
        "repo": plain_repository(chunk.snapshot.repository),
        "ref": chunk.snapshot.ref,
        "commit": chunk.snapshot.commit,
        "path": chunk.path,
        "other_paths": list(chunk.other_paths),
        "start_line": chunk.start_line,
        "end_line": chunk.end_line,
        "language": chunk.language,
        "kind": chunk.kind,
        "symbol": chunk.symbol,
        "content": chunk.content,
    }


def outline_json(outline: Outline) -> Json:
    return {
        "snapshot": snapshots_json([outline.snapshot], time.time())[0],
        "files": outline.files,
        "languages": [{"language": each.language, "files": each.files} for each in outline.languages],
        "folders": [{"path": each.path, "files": each.files} for each in outline.folders],
        "main_files": [
            {
                "path": file.path,
                "language": file.language,
                "symbols": [
                    {"name": each.name, "kind": each.kind, "start_line": each.start_line} for each in file.symbols
                ],
            }
            for file in outline.main_files
        ],
    }


def _result(result: SearchResult) -> Json:
    return {
        "id": result.id,
        "repo": plain_repository(result.repository),
        "ref": result.ref,
        "commit": result.commit,
        "path": result.path,
        "other_paths": list(result.other_paths),
        "start_line": result.start_line,
        "end_line": result.end_line,
        "language": result.language,
        "kind": result.kind,
        "symbol": result.symbol,
        "score": result.score,
        "content": result.content,
        "evidence": [_evidence(part) for part in result.evidence],
        "matched_lines": list(result.matched_lines),
    }


def _why_not(missed: WhyNot) -> Json:
    return {
        "repo": plain_repository(missed.repository),
        "path": missed.path,
        "stage": missed.stage,
        "detail": missed.detail,
        "rank": missed.rank,
        "score": missed.score,
        "evidence": [_evidence(part) for part in missed.evidence],
    }


def _evidence(part: Evidence) -> Json:
    return {
        "source": part.source,
        "rank": part.rank,
        "score": part.score,
        "value": part.value,
        "detail": part.detail,
    }


def _item(item: BundleItem, with_content: bool) -> Json:
    answer: Json = {
        "repo": plain_repository(item.repository),
        "path": item.path,
        "start_line": item.start_line,
        "end_line": item.end_line,
        "language": item.language,
        "symbol": item.symbol,
        "rendering": _RENDERING.get(item.rendering, "full"),
        "tokens": item.tokens,
        "reason": item.reason,
        "evidence": [_evidence(part) for part in item.evidence],
        "id": item.id,
        "value": item.value,
        "value_per_token": item.value_per_token,
        "rank": item.rank,
    }
    if with_content:
        answer["content"] = item.content
    return answer


def _omitted(item: OmittedItem) -> Json:
    return {
        "repo": plain_repository(item.repository),
        "path": item.path,
        "start_line": item.start_line,
        "end_line": item.end_line,
        "symbol": item.symbol,
        "tokens": item.tokens,
        "reason": item.reason,
        "id": item.id,
        "value": item.value,
        "value_per_token": item.value_per_token,
    }


def snapshots_json(snapshots: Iterable[SnapshotInfo], now: float) -> list[Json]:
    return [
        {
            "repo": plain_repository(snapshot.repository),
            "ref": snapshot.ref,
            "commit": snapshot.commit,
            "generation": snapshot.generation,
            "build": snapshot.build,
            "age_s": age_s(snapshot.publish_time_s, now),
        }
        for snapshot in snapshots
    ]


def ids_json() -> Json:
    return {"corr_id": corr_id.get(), "trace_id": trace_id()}


def age_s(publish_time_s: float, now: float) -> float:
    return round(max(0.0, now - publish_time_s), 3)
