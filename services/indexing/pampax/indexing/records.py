"""Domain objects as the JSON documents that operation rows keep, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias

from pampax.indexing.model import Failure, FileProblem, IndexRequest, IndexResult, RefState

Document: TypeAlias = dict[str, Any]


def request_document(request: IndexRequest) -> Document:
    document: Document = {"ref": request.ref, "full": request.full, "upload": request.upload}
    return document | ({"retry_quarantined": True} if request.retry_quarantined else {})


def read_request(document: Mapping[str, Any]) -> IndexRequest:
    retry = document.get("retry_quarantined", False)
    return IndexRequest(document["ref"], document["full"], document["upload"], retry)


def problems_document(problems: Iterable[FileProblem]) -> list[Document]:
    return [{"path": each.path, "reason": each.reason, "by_lines": each.by_lines} for each in problems]


def read_problems(documents: Iterable[Mapping[str, Any]]) -> tuple[FileProblem, ...]:
    return tuple(FileProblem(each["path"], each["reason"], each.get("by_lines", False)) for each in documents)


def failure_document(failure: Failure) -> Document:
    return {"code": failure.code, "reason": failure.reason, "message": failure.message}


def read_failure(document: Mapping[str, Any] | None) -> Failure | None:
    return None if document is None else Failure(document["code"], document["reason"], document["message"])


def ref_document(state: RefState) -> Document:
    return {
        "ref": state.ref,
        "commit": state.commit,
        "dirty": state.dirty,
        "generation": state.generation,
        "build": state.build,
        "published_at": state.published_at.isoformat(),
        "files": state.files,
        "chunks": state.chunks,
        "skipped": dict(state.skipped),
    }


def read_ref(document: Mapping[str, Any]) -> RefState:
    return RefState(**{**document, "published_at": datetime.fromisoformat(document["published_at"])})


def result_document(result: IndexResult) -> Document:
    pending = result.status.pending_vectors
    return {
        **({"pending_vectors": pending} if pending else {}),
        "status": ref_document(result.status),
        "new_blobs": result.new_blobs,
        "changed": result.changed,
        "errors": problems_document(result.errors),
        "error_count": result.error_count,
        "missing_count": result.missing_count,
    }


def read_result(document: Mapping[str, Any] | None) -> IndexResult | None:
    if document is None:
        return None
    status = replace(read_ref(document["status"]), pending_vectors=document.get("pending_vectors", 0))
    problems = read_problems(document["errors"])
    return IndexResult(
        status,
        document["new_blobs"],
        document["changed"],
        problems,
        document.get("error_count", len(problems)),
        document.get("missing_count", 0),
    )
