"""Repositories, their operations and what these have published, as the JSON that REST answers with."""

from __future__ import annotations

import time
from collections.abc import Iterable

import grpc
from google.longrunning.operations_pb2 import ListOperationsResponse, Operation
from google.protobuf.timestamp_pb2 import Timestamp

from pampax.core.names import plain_operation, plain_repository
from pampax.gateway.operations import index_metadata
from pampax.gateway.rest.answers import Json, age_s
from pampax.gateway.rest.problems import operation_problem
from pampax.runtime.errors_wire import from_status
from pampax.v1.indexing_service_pb2 import (
    Build,
    FileProblem,
    Freshness,
    IndexCheck,
    IndexOperationMetadata,
    IndexPlan,
    IndexRepositoryResponse,
    ListBuildsResponse,
    ListQuarantineResponse,
    ListRepositoriesResponse,
    Priority,
    PruneBuildsResponse,
)
from pampax.v1.repository_pb2 import CredentialStatus, Refresh, RefStatus, Repository

_PRIORITIES = {Priority.PRIORITY_INTERACTIVE: "interactive", Priority.PRIORITY_BULK: "bulk"}


def repository_json(repository: Repository) -> Json:
    source = repository.source
    kind = source.WhichOneof("kind")
    return {
        "name": plain_repository(repository.name),
        "source": {kind: getattr(source, kind)} if kind else {},
        "include": list(repository.include),
        "exclude": list(repository.exclude),
        "create_time": moment(repository.create_time),
        "refs": [_ref_status(status) for status in repository.refs],
        "default_ref": repository.default_ref,
        "credential": _credential(repository.credential) if repository.HasField("credential") else None,
        **({"refresh": _refresh(repository.refresh)} if repository.HasField("refresh") else {}),
    }


def _credential(status: CredentialStatus) -> Json:
    return {"kind": status.kind, "set_at": moment(status.set_time), "fingerprint": status.fingerprint}


def repository_page_json(page: ListRepositoriesResponse) -> Json:
    return {
        "repositories": [repository_json(repository) for repository in page.repositories],
        "next_page_token": page.next_page_token,
    }


def plan_json(plan: IndexPlan) -> Json:
    return {
        "ref": plan.ref,
        "commit": plan.commit,
        "dirty": plan.dirty,
        "files": plan.files,
        "kept_files": plan.kept_files,
        "new_files": plan.new_files,
        "new_blobs": plan.new_blobs,
        "new_bytes": plan.new_bytes,
        "skipped": dict(plan.skipped),
        "chunks": plan.chunks,
        "new_chunks": plan.new_chunks,
        "new_tokens": plan.new_tokens,
        "tokenizer": plan.tokenizer,
        "exact": plan.exact,
        "seconds": plan.seconds,
        "pace": plan.pace,
        "folders": [{"path": each.path, "files": each.files, "skipped": each.skipped} for each in plan.folders],
        "skipped_files": _file_problems(plan.skipped_files),
        "new_paths": list(plan.new_paths),
        "known": [
            {"blob_id": each.blob.hex(), "language": each.language, "chunks": each.chunks} for each in plan.known
        ],
    }


def freshness_json(freshness: Freshness) -> Json:
    return {
        "state": freshness.state,
        "behind": freshness.behind,
        "source_commit": freshness.source_commit,
        "checked_at": moment(freshness.check_time),
        "detail": freshness.detail,
        "ref": freshness.ref,
        "commit": freshness.commit,
    }


def quarantine_json(quarantine: ListQuarantineResponse) -> Json:
    files = [
        {
            "path": each.path,
            "blob_id": each.blob.hex(),
            "language": each.language,
            "reason": each.reason,
            "by_lines": each.by_lines,
            "create_time": moment(each.create_time),
        }
        for each in quarantine.files
    ]
    return {"files": files, "total": quarantine.total}


def check_json(check: IndexCheck) -> Json:
    return {
        "ref": check.ref,
        "commit": check.commit,
        "build": check.build,
        "documents": check.documents,
        "of_documents": check.of_documents,
        "undecided": check.undecided,
        "differing": check.differing,
        "differences": [{"path": each.path, "parts": list(each.parts)} for each in check.differences],
        "recall": check.recall if check.recall_queries else None,
        "recall_queries": check.recall_queries,
        "detail": check.detail,
        "seconds": check.seconds,
    }


def build_page_json(page: ListBuildsResponse) -> Json:
    return {"builds": [_build(build) for build in page.builds], "next_page_token": page.next_page_token}


def pruned_json(pruned: PruneBuildsResponse) -> Json:
    return {"removed": [_build(build) for build in pruned.removed], "left": pruned.left}


def operation_json(operation: Operation) -> Json:
    metadata = index_metadata(operation)
    answer: Json = {
        "id": plain_operation(operation.name),
        "done": operation.done,
        "state": _state(operation, metadata),
        "kind": "index",
        "repository": plain_repository(metadata.repository),
        "ref": metadata.ref,
        "stage": metadata.stage,
        "priority": _PRIORITIES.get(metadata.priority, "interactive"),
        "progress": {
            "done": metadata.done,
            "total": metadata.total,
            "rate": round(metadata.rate, 3),
            "remaining_s": round(metadata.remaining_seconds, 1) if metadata.HasField("remaining_seconds") else None,
        },
        "errors": _file_problems(metadata.errors),
        "error_count": metadata.error_count,
        "create_time": moment(metadata.create_time),
        "update_time": moment(metadata.update_time),
    }
    result = IndexRepositoryResponse()
    if operation.HasField("response") and operation.response.Unpack(result):
        answer["state"] = "partial" if result.error_count else "succeeded"
        answer["result"] = {
            "status": _ref_status(result.status),
            "new_blobs": result.new_blobs,
            "changed": result.changed,
            "errors": _file_problems(result.errors),
            "error_count": result.error_count,
            "missing_count": result.missing_count,
        }
    if operation.HasField("error"):
        answer["error"] = operation_problem(from_status(operation.error))
    return answer


def operation_page_json(page: ListOperationsResponse) -> Json:
    return {
        "operations": [operation_json(operation) for operation in page.operations],
        "next_page_token": page.next_page_token,
    }


def _ref_status(status: RefStatus) -> Json:
    return {
        "ref": status.ref,
        "commit": status.commit,
        "dirty": status.dirty,
        "generation": status.generation,
        "build": status.build,
        "publish_time": moment(status.publish_time),
        "age_s": age_s(status.publish_time.ToNanoseconds() / 1e9, time.time()),
        "files": status.files,
        "chunks": status.chunks,
        "skipped": dict(status.skipped),
        "pending_vectors": status.pending_vectors,
    }


def _refresh(refresh: Refresh) -> Json:
    return {
        "interval_s": refresh.interval_s,
        "due_time": moment(refresh.due_time),
        "check_time": moment(refresh.check_time) if refresh.HasField("check_time") else None,
        "failures": refresh.failures,
        "error": refresh.error,
    }


def _build(build: Build) -> Json:
    published = build.HasField("publish_time")
    return {
        "version": build.version,
        "repo": plain_repository(build.repository),
        "state": build.state,
        "refs": build.refs,
        "snapshots": build.snapshots,
        "files": build.files,
        "chunks": build.chunks,
        "bytes": build.bytes,
        "publish_time": moment(build.publish_time) if published else None,
        "age_s": age_s(build.publish_time.ToNanoseconds() / 1e9, time.time()) if published else None,
    }


def _file_problems(problems: Iterable[FileProblem]) -> list[Json]:
    return [{"path": each.path, "reason": each.reason, "by_lines": each.by_lines} for each in problems]


def _state(operation: Operation, metadata: IndexOperationMetadata) -> str:
    if not operation.done:
        return "queued" if metadata.stage == "queued" else "running"
    if not operation.HasField("error"):
        return "succeeded"
    return "cancelled" if operation.error.code == grpc.StatusCode.CANCELLED.value[0] else "failed"


def moment(timestamp: Timestamp) -> str:
    return timestamp.ToJsonString()
