"""Checks as messages."""

from __future__ import annotations

from pampax.indexing.checking.model import MOST_LISTED, Check
from pampax.v1 import indexing_service_pb2 as pb


def check_message(check: Check) -> pb.IndexCheck:
    return pb.IndexCheck(
        ref=check.ref,
        commit=check.commit,
        build=check.build,
        documents=check.documents,
        of_documents=check.of_documents,
        undecided=check.undecided,
        differing=len(check.differences),
        differences=[pb.IndexDifference(path=each.path, parts=each.parts) for each in check.differences[:MOST_LISTED]],
        recall_queries=check.recall.queries if check.recall else 0,
        recall=check.recall.share if check.recall else 0.0,
        detail=check.detail,
        seconds=check.seconds,
    )
