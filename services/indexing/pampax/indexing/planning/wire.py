"""Plans as messages."""

from __future__ import annotations

from collections.abc import Mapping

from pampax.planning.model import ContentKey, Plan
from pampax.v1 import indexing_service_pb2 as pb


def plan_message(plan: Plan) -> pb.IndexPlan:
    return pb.IndexPlan(
        ref=plan.ref,
        commit=plan.commit,
        dirty=plan.dirty,
        files=plan.files,
        kept_files=plan.kept_files,
        new_files=plan.new_files,
        new_blobs=plan.new_blobs,
        new_bytes=plan.new_bytes,
        skipped=plan.skipped,
        chunks=plan.chunks,
        new_chunks=plan.new_chunks,
        new_tokens=plan.new_tokens,
        tokenizer=plan.tokenizer,
        exact=plan.exact,
        seconds=plan.seconds,
        pace=plan.pace,
        folders=[pb.PlannedFolder(path=each.path, files=each.files, skipped=each.skipped) for each in plan.folders],
        skipped_files=[pb.FileProblem(path=each.path, reason=each.reason) for each in plan.skipped_files],
        new_paths=plan.new_paths,
    )


def known_message(known: Mapping[ContentKey, int]) -> pb.IndexPlan:
    """By blob and language."""
    return pb.IndexPlan(
        known=[
            pb.PlannedContent(blob=bytes.fromhex(key.blob_id), language=key.language, chunks=known[key])
            for key in sorted(known)
        ]
    )
