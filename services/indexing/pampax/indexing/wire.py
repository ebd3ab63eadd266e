"""Protobuf messages from domain objects and back; nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from google.longrunning import operations_pb2
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import status_pb2

from pampax.core.changes import MOST_FILES, Change
from pampax.core.errors import BY_GRPC_CODE, Internal, InvalidRequest
from pampax.indexing.manifest import Entry
from pampax.indexing.model import (
    CredentialState,
    Failure,
    FileProblem,
    IndexResult,
    Operation,
    Priority,
    Quarantined,
    Refresh,
    RefState,
    Repository,
    Source,
    SourceKind,
    State,
)
from pampax.indexing.names import operation_name, repository_name
from pampax.indexing.scip.matching import ScipFile
from pampax.indexing.scip.service import Taken
from pampax.runtime.errors_wire import to_status
from pampax.sources.changes import MOST_COMMITS, Changes
from pampax.sources.git import GitCredential, SshKey, Token
from pampax.v1 import indexing_service_pb2 as pb
from pampax.v1 import repository_pb2

_PRIORITIES: Mapping[int, Priority | None] = {
    pb.PRIORITY_UNSPECIFIED: None,
    pb.PRIORITY_INTERACTIVE: Priority.INTERACTIVE,
    pb.PRIORITY_BULK: Priority.BULK,
}
_NUMBERS = {Priority.INTERACTIVE: pb.PRIORITY_INTERACTIVE, Priority.BULK: pb.PRIORITY_BULK}
_COMMIT_ID_BYTES = 20
_NO_WORD = Failure("INTERNAL", "INTERNAL", "the operation ended without saying why: index again")


def source_of(message: repository_pb2.Source) -> Source:
    kind = message.WhichOneof("kind")
    if kind == "git_url":
        return Source(SourceKind.GIT_URL, message.git_url)
    if kind == "path":
        return Source(SourceKind.PATH, message.path)
    if kind == "upload" and message.upload:
        return Source(SourceKind.UPLOAD)
    advice = "a repository has one source: git_url, path or upload"
    raise InvalidRequest(advice, fields={"repository.source": advice})


def credential_of(message: repository_pb2.GitCredential) -> GitCredential:
    match message.WhichOneof("kind"):
        case "token":
            return Token(message.token.token, message.token.username)
        case "ssh_key":
            return SshKey(message.ssh_key.private_key, message.ssh_key.known_hosts)
    advice = "a credential is one of token and ssh_key"
    raise InvalidRequest(advice, reason="CREDENTIAL_NOT_VALID", fields={"credential": advice})


def source_message(source: Source) -> repository_pb2.Source:
    match source.kind:
        case SourceKind.GIT_URL:
            return repository_pb2.Source(git_url=source.location)
        case SourceKind.PATH:
            return repository_pb2.Source(path=source.location)
        case SourceKind.UPLOAD:
            return repository_pb2.Source(upload=True)


def repository_message(repository: Repository) -> repository_pb2.Repository:
    return repository_pb2.Repository(
        name=repository_name(repository.name),
        source=source_message(repository.source),
        include=repository.include,
        exclude=repository.exclude,
        create_time=_timestamp(repository.created_at),
        refs=[ref_message(state) for state in repository.refs],
        default_ref=repository.default_ref,
        credential=None if repository.credential is None else _credential_message(repository.credential),
        refresh=None if repository.refresh is None else refresh_message(repository.refresh),
    )


def _credential_message(state: CredentialState) -> repository_pb2.CredentialStatus:
    return repository_pb2.CredentialStatus(
        kind=state.kind, set_time=_timestamp(state.set_at), fingerprint=state.fingerprint
    )


def refresh_message(refresh: Refresh) -> repository_pb2.Refresh:
    return repository_pb2.Refresh(
        interval_s=refresh.interval_s,
        due_time=_timestamp(refresh.due_at),
        check_time=None if refresh.checked_at is None else _timestamp(refresh.checked_at),
        failures=refresh.failures,
        error=refresh.error,
    )


def ref_message(state: RefState) -> repository_pb2.RefStatus:
    return repository_pb2.RefStatus(
        ref=state.ref,
        commit=state.commit,
        dirty=state.dirty,
        generation=state.generation,
        build=state.build,
        publish_time=_timestamp(state.published_at),
        files=state.files,
        chunks=state.chunks,
        skipped=state.skipped,
        pending_vectors=state.pending_vectors,
    )


def operation_message(operation: Operation) -> operations_pb2.Operation:
    """`done` once the state is final; then a response or an error is set."""
    message = operations_pb2.Operation(name=operation_name(operation.operation_id), done=operation.state.final)
    message.metadata.Pack(_metadata(operation))
    if operation.state is State.SUCCEEDED and operation.result is not None:
        message.response.Pack(_response(operation.result))
    elif operation.state.final:
        message.error.CopyFrom(_error(operation))
    return message


def priority_of(priority: int) -> Priority | None:
    """None when the service is to decide."""
    if priority not in _PRIORITIES:
        advice = "a priority is interactive or bulk, or left out"
        raise InvalidRequest(advice, fields={"priority": advice})
    return _PRIORITIES[priority]


def quarantine_message(found: Iterable[Quarantined], total: int) -> pb.ListQuarantineResponse:
    files = [
        pb.QuarantinedFile(
            path=each.path,
            blob=each.blob_id,
            language=each.language,
            reason=each.reason,
            by_lines=each.by_lines,
            create_time=_timestamp(each.created_at),
        )
        for each in found
    ]
    return pb.ListQuarantineResponse(files=files, total=total)


def entries_of(messages: Iterable[pb.ManifestEntry]) -> list[Entry]:
    return [Entry(message.path, message.blob, message.size, message.mode) for message in messages]


def history_of(message: pb.UploadedHistory) -> Changes:
    """InvalidRequest for a history that points to paths that it does not have, or tells more than one may."""
    paths = message.paths
    if len(message.commits) > MOST_COMMITS:
        raise _invalid("history.commits", f"must be at most {MOST_COMMITS:,}")
    changes = []
    for each in message.commits:
        if len(each.id) != _COMMIT_ID_BYTES or each.files < len(each.paths) or len(each.paths) > MOST_FILES:
            told = f"a commit has an id of {_COMMIT_ID_BYTES} bytes, and at most {MOST_FILES} of its files as paths"
            raise _invalid("history.commits", told)
        if not all(0 <= place < len(paths) for place in each.paths):
            raise _invalid("history.commits.paths", f"must be indexes into the {len(paths):,} paths")
        changed = tuple(dict.fromkeys(paths[place] for place in each.paths))
        changes.append(Change(each.id.hex(), each.time, each.files, changed))
    return Changes(tuple(changes), message.whole)


def scip_files_of(messages: Iterable[pb.ScipFile]) -> list[ScipFile]:
    return [
        ScipFile(
            message.path, message.position_encoding, tuple(message.definitions), tuple(message.names),
            tuple(message.references),
        )
        for message in messages
    ]  # fmt: skip


def scip_message(taken: Taken) -> pb.UploadScipResponse:
    return pb.UploadScipResponse(
        ref=taken.snapshot.ref,
        commit=taken.snapshot.commit,
        files=taken.files,
        references=taken.references,
        unknown_files=taken.unknown,
        misfit_files=taken.misfits,
        left_out=taken.left_out,
    )


def _metadata(operation: Operation) -> pb.IndexOperationMetadata:
    return pb.IndexOperationMetadata(
        repository=repository_name(operation.repository),
        ref=operation.request.ref,
        stage=operation.stage,
        done=operation.done,
        total=operation.total,
        errors=_problems(operation.errors),
        create_time=_timestamp(operation.created_at),
        update_time=_timestamp(operation.updated_at),
        rate=operation.rate,
        remaining_seconds=operation.remaining_s,
        error_count=operation.error_count,
        priority=_NUMBERS[operation.priority],
    )


def _response(result: IndexResult) -> pb.IndexRepositoryResponse:
    return pb.IndexRepositoryResponse(
        status=ref_message(result.status),
        new_blobs=result.new_blobs,
        changed=result.changed,
        errors=_problems(result.errors),
        error_count=result.error_count,
        missing_count=result.missing_count,
    )


def _error(operation: Operation) -> status_pb2.Status:
    failure = operation.failure or _NO_WORD
    leaf = BY_GRPC_CODE.get(failure.code, Internal)
    metadata = {"repository": repository_name(operation.repository)}
    if operation.corr_id:
        metadata["corr_id"] = operation.corr_id  # what the workers' logs have the rest under
    return to_status(leaf(failure.message, reason=failure.reason, metadata=metadata))


def _problems(problems: Iterable[FileProblem]) -> list[pb.FileProblem]:
    return [pb.FileProblem(path=each.path, reason=each.reason, by_lines=each.by_lines) for each in problems]


def _invalid(field: str, mistake: str) -> InvalidRequest:
    return InvalidRequest(f"{field}: {mistake}", fields={field: mistake})


def _timestamp(moment: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(moment)
    return message
