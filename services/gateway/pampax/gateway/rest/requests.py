"""REST requests as messages of the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator

from google.protobuf.duration_pb2 import Duration

from pampax.core.names import context_resource, repository_resource
from pampax.gateway import bounds
from pampax.gateway.rest.models.bundle import BundleRequest
from pampax.gateway.rest.models.context import PackRequest
from pampax.gateway.rest.models.graph import TraverseRequest
from pampax.gateway.rest.models.repository import (
    CredentialRequest,
    IndexRequest,
    PlanRequest,
    RepositoryRequest,
    SourceRequest,
)
from pampax.gateway.rest.models.search import SearchRequest
from pampax.gateway.rest.models.upload import History, ManifestEntry, OpenUpload, SendBlobs, SendScip
from pampax.v1.assembly_service_pb2 import AssembleBundleRequest
from pampax.v1.context_service_pb2 import (
    ContextDefaults,
    ContextPack,
    ContextScope,
    PackVisibility,
    SaveContextPackRequest,
)
from pampax.v1.graph_service_pb2 import TraverseGraphRequest
from pampax.v1.indexing_service_pb2 import (
    Blob,
    CreateRepositoryRequest,
    CreateUploadRequest,
    IndexRepositoryRequest,
    PlanIndexRequest,
    PlannedContent,
    Priority,
    ScipFile,
    SetCredentialRequest,
    UploadBlobsRequest,
    UploadedCommit,
    UploadedHistory,
    UploadScipRequest,
)
from pampax.v1.indexing_service_pb2 import ManifestEntry as ManifestEntryMessage
from pampax.v1.repository_pb2 import GitCredential, GitSshKey, GitToken, Repository, Source
from pampax.v1.search_service_pb2 import GroupBy, ReadFileRequest, SearchChunksRequest, SearchMode

_PRIORITIES = {
    None: Priority.PRIORITY_UNSPECIFIED,
    "interactive": Priority.PRIORITY_INTERACTIVE,
    "bulk": Priority.PRIORITY_BULK,
}
_MODES = {
    "hybrid": SearchMode.SEARCH_MODE_HYBRID,
    "lexical": SearchMode.SEARCH_MODE_LEXICAL,
    "semantic": SearchMode.SEARCH_MODE_SEMANTIC,
    "symbol": SearchMode.SEARCH_MODE_SYMBOL,
    "regex": SearchMode.SEARCH_MODE_REGEX,
    "literal": SearchMode.SEARCH_MODE_LITERAL,
}
_VISIBILITIES = {
    "private": PackVisibility.PACK_VISIBILITY_PRIVATE,
    "shared": PackVisibility.PACK_VISIBILITY_SHARED,
}
_GROUPS = {"chunk": GroupBy.GROUP_BY_CHUNK, "file": GroupBy.GROUP_BY_FILE}
# Tags and lengths of an entry's fields, at most; entries are counted this way instead of being serialized twice.
_ENTRY_OVERHEAD_BYTES = 64


def search_message(request: SearchRequest) -> SearchChunksRequest:
    """What has a default stays open where nobody asked for it, so that a context pack may fill it."""
    given = request.model_fields_set
    return SearchChunksRequest(
        query=request.query,
        repositories=map(repository_resource, request.repos),
        ref=request.ref or "",
        mode=_MODES[request.mode] if "mode" in given else SearchMode.SEARCH_MODE_UNSPECIFIED,
        languages=request.languages,
        path_glob=request.path_glob or "",
        kinds=request.kinds,
        limit=request.limit if "limit" in given else 0,
        group_by=_GROUPS[request.group_by],
        intent=request.intent or "",
        explain=request.explain,
        max_staleness=None if request.max_staleness is None else _duration(request.max_staleness),
        page_token=request.page_token or "",
        why_not=request.why_not or "",
        reranker=request.rerank or "",
        ignore_case=request.ignore_case,
        pack=_pack(request.pack),
    )


def bundle_message(request: BundleRequest) -> AssembleBundleRequest:
    """As above."""
    given = request.model_fields_set
    return AssembleBundleRequest(
        task=request.task,
        repositories=map(repository_resource, request.repos),
        ref=request.ref or "",
        token_budget=request.token_budget if "token_budget" in given else 0,
        tokenizer=request.tokenizer,
        seed_paths=request.seed_paths,
        must_include=request.must_include,
        exclude_globs=request.exclude_globs,
        tests=request.tests if "tests" in given else "",
        docs=request.docs if "docs" in given else "",
        config=request.config if "config" in given else "",
        depth=request.depth if "depth" in given else None,
        policy=request.policy if "policy" in given else "",
        format="compact" if request.format == "compact" else "markdown",
        timings=True,
        pack=_pack(request.pack),
    )


def traversal_message(request: TraverseRequest) -> TraverseGraphRequest:
    return TraverseGraphRequest(
        start=request.start,
        end=request.end or "",
        repositories=map(repository_resource, request.repos),
        ref=request.ref or "",
        direction=request.direction,
        relations=request.relations,
        depth=request.depth,
        max_nodes=request.max_nodes,
    )


def pack_message(name: str, request: PackRequest) -> SaveContextPackRequest:
    scope, defaults = request.scope, request.defaults
    pack = ContextPack(
        name=context_resource(name),
        description=request.description,
        visibility=_VISIBILITIES[request.visibility],
        scope=ContextScope(
            repositories=map(repository_resource, scope.repos),
            ref=scope.ref or "",
            languages=scope.languages,
            path_globs=scope.path_globs,
            kinds=scope.kinds,
        ),
        defaults=ContextDefaults(
            mode=_MODES[defaults.mode] if defaults.mode else SearchMode.SEARCH_MODE_UNSPECIFIED,
            limit=defaults.limit or 0,
            token_budget=defaults.token_budget or 0,
        ),
    )
    return SaveContextPackRequest(pack=pack)


def file_message(repository: str, path: str, ref: str, lines: str) -> ReadFileRequest:
    """`lines` is a line, a range such as 10-20 or "" for all."""
    first, _, last = (lines or "0").partition("-")
    start_line, end_line = int(first), int(last or first)
    name = repository_resource(repository)
    return ReadFileRequest(repository=name, path=path, ref=ref, start_line=start_line, end_line=end_line)


def repository_message(request: RepositoryRequest) -> CreateRepositoryRequest:
    repository = Repository(source=_source(request.source), include=request.include, exclude=request.exclude)
    credential = None if request.credential is None else _credential(request.credential)
    return CreateRepositoryRequest(repository_id=request.name, repository=repository, credential=credential)


def credential_message(repository: str, request: CredentialRequest) -> SetCredentialRequest:
    return SetCredentialRequest(name=repository_resource(repository), credential=_credential(request))


def index_message(repository: str, request: IndexRequest) -> IndexRepositoryRequest:
    return IndexRepositoryRequest(
        name=repository_resource(repository),
        ref=request.ref or "",
        full=request.full,
        upload=request.upload or "",
        retry_quarantined=request.retry_quarantined,
        priority=_PRIORITIES[request.priority],
    )


def plan_message(repository: str, request: PlanRequest) -> PlanIndexRequest:
    contents = [PlannedContent(blob=bytes.fromhex(each.blob_id), language=each.language) for each in request.contents]
    return PlanIndexRequest(
        name=repository_resource(repository), ref=request.ref or "", full=request.full, contents=contents
    )


async def manifest_messages(repository: str, upload: OpenUpload) -> AsyncIterator[CreateUploadRequest]:
    """The manifest in messages of about STREAM_MESSAGE_BYTES."""
    message = CreateUploadRequest(
        name=repository_resource(repository),
        ref=upload.ref,
        commit=upload.commit,
        dirty=upload.dirty,
        skipped=upload.skipped,
        history=None if upload.history is None else _history(upload.history),
    )
    size = message.history.ByteSize()
    for entry in upload.manifest:
        message.entries.append(_entry(entry))
        size += len(entry.path) * 4 + _ENTRY_OVERHEAD_BYTES
        if size >= bounds.STREAM_MESSAGE_BYTES:
            yield message
            message, size = CreateUploadRequest(), 0
    yield message


async def blob_messages(sent: SendBlobs) -> AsyncIterator[UploadBlobsRequest]:
    """The blobs in messages of about STREAM_MESSAGE_BYTES."""
    message, size = UploadBlobsRequest(upload=sent.upload), 0
    for blob in sent.blobs:
        message.blobs.append(Blob(id=bytes.fromhex(blob.id), content=blob.content_base64))
        size += len(blob.content_base64) + _ENTRY_OVERHEAD_BYTES
        if size >= bounds.STREAM_MESSAGE_BYTES:
            yield message
            message, size = UploadBlobsRequest(), 0
    yield message


async def scip_messages(repository: str, sent: SendScip) -> AsyncIterator[UploadScipRequest]:
    """The files in messages of about STREAM_MESSAGE_BYTES; a file stays whole."""
    message, size = UploadScipRequest(name=repository_resource(repository), ref=sent.ref), 0
    for file in sent.files:
        message.files.append(
            ScipFile(
                path=file.path,
                position_encoding=file.position_encoding,
                definitions=file.definitions,
                names=file.names,
                references=file.references,
            )
        )
        size += message.files[-1].ByteSize()
        if size >= bounds.STREAM_MESSAGE_BYTES:
            yield message
            message, size = UploadScipRequest(), 0
    yield message


def _history(history: History) -> UploadedHistory:
    commits = [
        UploadedCommit(id=bytes.fromhex(each.id), time=each.time, files=each.files, paths=each.paths)
        for each in history.commits
    ]
    return UploadedHistory(paths=history.paths, commits=commits, whole=history.whole)


def _entry(entry: ManifestEntry) -> ManifestEntryMessage:
    return ManifestEntryMessage(path=entry.path, blob=bytes.fromhex(entry.blob_id), size=entry.size, mode=entry.mode)


def _source(source: SourceRequest) -> Source:
    if source.git_url is not None:
        return Source(git_url=source.git_url)
    return Source(upload=True) if source.path is None else Source(path=source.path)


def _credential(request: CredentialRequest) -> GitCredential:
    if request.token is not None:
        return GitCredential(token=GitToken(token=request.token, username=request.username))
    return GitCredential(ssh_key=GitSshKey(private_key=request.ssh_key or "", known_hosts=request.known_hosts))


def _pack(name: str | None) -> str:
    return context_resource(name) if name else ""


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromNanoseconds(round(seconds * 1e9))
    return duration
