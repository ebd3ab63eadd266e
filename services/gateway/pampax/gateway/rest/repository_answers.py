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
    FileProblem,
    IndexOperationMetadata,
    IndexRepositoryResponse,
    ListRepositoriesResponse,
)
from pampax.v1.repository_pb2 import RefStatus, Repository


def repository_json(repository: Repository) -> Json:
    source = repository.source
    kind = source.WhichOneof("kind")
    return {
        "name": plain_repository(repository.name),
        "source": {kind: getattr(source, kind)} if kind else {},
        "include": list(repository.include),
        "exclude": list(repository.exclude),
        "create_time": _moment(repository.create_time),
        "refs": [_ref_status(status) for status in repository.refs],
        "default_ref": repository.default_ref,
    }


def repository_page_json(page: ListRepositoriesResponse) -> Json:
    return {
        "repositories": [repository_json(repository) for repository in page.repositories],
        "next_page_token": page.next_page_token,
    }


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
        "progress": {"done": metadata.done, "total": metadata.total},
        "errors": _file_problems(metadata.errors),
        "create_time": _moment(metadata.create_time),
        "update_time": _moment(metadata.update_time),
    }
    result = IndexRepositoryResponse()
    if operation.HasField("response") and operation.response.Unpack(result):
        answer["result"] = {
            "status": _ref_status(result.status),
            "new_blobs": result.new_blobs,
            "changed": result.changed,
            "errors": _file_problems(result.errors),
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
        "publish_time": _moment(status.publish_time),
        "age_s": age_s(status.publish_time.ToNanoseconds() / 1e9, time.time()),
        "files": status.files,
        "chunks": status.chunks,
        "skipped": dict(status.skipped),
    }


def _file_problems(problems: Iterable[FileProblem]) -> list[Json]:
    return [{"path": each.path, "reason": each.reason} for each in problems]


def _state(operation: Operation, metadata: IndexOperationMetadata) -> str:
    if not operation.done:
        return "queued" if metadata.stage == "queued" else "running"
    if not operation.HasField("error"):
        return "succeeded"
    return "cancelled" if operation.error.code == grpc.StatusCode.CANCELLED.value[0] else "failed"


def _moment(timestamp: Timestamp) -> str:
    return timestamp.ToJsonString()
