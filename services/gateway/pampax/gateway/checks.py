"""Checks of whole requests, as messages: all that is wrong with one is reported together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

from pampax.core import choices, names
from pampax.core.errors import InvalidRequest
from pampax.gateway import bounds, rules
from pampax.v1.assembly_service_pb2 import AssembleBundleRequest
from pampax.v1.context_service_pb2 import ContextScope, PackVisibility
from pampax.v1.graph_service_pb2 import FindSymbolsRequest, TraverseGraphRequest
from pampax.v1.indexing_service_pb2 import (
    Blob,
    CheckIndexRequest,
    CreateRepositoryRequest,
    CreateUploadRequest,
    DeleteRefRequest,
    GetFreshnessRequest,
    IndexRepositoryRequest,
    ListBuildsRequest,
    ManifestEntry,
    PlanIndexRequest,
    Priority,
    PruneBuildsRequest,
    ScipFile,
    SetCredentialRequest,
    SetRefreshRequest,
    UploadBlobsRequest,
    UploadedHistory,
    UploadScipRequest,
)
from pampax.v1.repository_pb2 import GitCredential
from pampax.v1.search_service_pb2 import (
    GetChunkRequest,
    GetOutlineRequest,
    GroupBy,
    ReadFileRequest,
    SearchChunksRequest,
    SearchMode,
)

Filters: TypeAlias = SearchChunksRequest | AssembleBundleRequest | ContextScope
_OPERATION_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_BLOB_ID_BYTES = 20
_FILE_MODES = (0o100644, 0o100755)
# 16 fit into an error's details; a list of a thousand helps nobody.
_MOST_REPORTED = 16


class Mistakes:
    """Collects what is wrong, by field, in the order of the checks."""

    def __init__(self) -> None:
        self._fields: dict[str, str] = {}

    def note(self, field: str, mistake: str | None) -> None:
        if mistake is not None and len(self._fields) < _MOST_REPORTED:
            self._fields.setdefault(field, mistake)

    def note_each(self, field: str, values: Iterable[str], rule: Callable[[str], str | None]) -> None:
        for index, value in enumerate(values):
            if len(self._fields) == _MOST_REPORTED:
                return  # a rule may look for what was meant, which takes its time
            self.note(f"{field}[{index}]", rule(value))

    def refuse(self) -> None:
        """InvalidRequest when anything was noted: one line, and each field with its own."""
        if self._fields:
            line = "; ".join(f"{field} {mistake}" for field, mistake in self._fields.items())
            raise InvalidRequest(line, fields=self._fields)


def resource_name(value: str) -> str | None:
    """What is wrong with a `repositories/{repository}`."""
    if not value.startswith(names.REPOSITORIES):
        return f"must be repositories/ and a name, got {rules.shown(value)}"
    return rules.repository(names.plain_repository(value))


def context_name(value: str) -> str | None:
    """What is wrong with a `contexts/{context}`."""
    if not value.startswith(names.CONTEXTS):
        return f"must be contexts/ and a name, got {rules.shown(value)}"
    return rules.context(names.plain_context(value))


def check_health(service: str) -> None:
    """Empty for all of them."""
    mistakes = Mistakes()
    mistakes.note("service", rules.nearest(service or "all", choices.HEALTH_SERVICES))
    mistakes.refuse()


def chosen_reranker(asked: str, own: str) -> str:
    """Name and version of the model that a request chooses, "" for none; `own` is what this system is set to."""
    if asked == "off":
        return ""
    if asked in ("", own):
        return own
    if asked != "local":
        mistake = f"must be off, local{f' or {own}' if own else ''}, got {rules.shown(asked)}"
        raise InvalidRequest(f"reranker {mistake}", fields={"reranker": mistake})
    if not own:
        mistake = "is local, and this system has none: set search.reranker, or leave it out"
        raise InvalidRequest(f"rerank {mistake}", fields={"rerank": mistake})
    return own


def check_search(request: SearchChunksRequest) -> None:
    mistakes = Mistakes()
    mistakes.note("query", rules.query(request.query))
    note_scope(mistakes, request.repositories, request.ref)
    mistakes.note("mode", known(SearchMode, request.mode))
    mistakes.note("path_glob", rules.glob(request.path_glob))
    note_filters(mistakes, request)
    if request.limit:
        mistakes.note("limit", rules.number(request.limit, bounds.SEARCH_LIMIT))
    mistakes.note("group_by", known(GroupBy, request.group_by))
    if request.intent:
        mistakes.note("intent", rules.choice(request.intent, choices.INTENTS))
    if request.HasField("max_staleness"):
        seconds = request.max_staleness.seconds + request.max_staleness.nanos / 1e9
        mistakes.note("max_staleness", rules.number(seconds, bounds.MAX_STALENESS_S))
    mistakes.note("page_token", rules.page_token(request.page_token))
    mistakes.note("reranker", rules.text(request.reranker, bounds.LABEL_BYTES))
    if request.why_not:
        mistakes.note("why_not", rules.typed_path(request.why_not))
    if request.pack:
        mistakes.note("pack", context_name(request.pack))
    mistakes.refuse()


def check_bundle(request: AssembleBundleRequest) -> None:
    mistakes = Mistakes()
    mistakes.note("task", rules.task(request.task))
    note_scope(mistakes, request.repositories, request.ref)
    if request.token_budget:
        mistakes.note("token_budget", rules.number(request.token_budget, bounds.TOKEN_BUDGET))
    if request.tokenizer:
        mistakes.note("tokenizer", rules.choice(request.tokenizer, choices.TOKENIZERS))
    mistakes.note("seed_paths", rules.count(len(request.seed_paths), bounds.SEED_PATHS))
    mistakes.note_each("seed_paths", request.seed_paths, rules.typed_path)
    note_filters(mistakes, request)
    _note_options(mistakes, request)
    if request.pack:
        mistakes.note("pack", context_name(request.pack))
    mistakes.refuse()
    # Only what is well formed can contradict itself.
    mistakes.note("must_include", rules.contradiction(request.must_include, request.exclude_globs))
    mistakes.refuse()


def _note_options(mistakes: Mistakes, request: AssembleBundleRequest) -> None:
    mistakes.note("must_include", rules.count(len(request.must_include), bounds.MUST_INCLUDE))
    mistakes.note_each("must_include", request.must_include, rules.named_place)
    mistakes.note("exclude_globs", rules.count(len(request.exclude_globs), bounds.GLOBS))
    mistakes.note_each("exclude_globs", request.exclude_globs, rules.readable_glob)
    for field, value in (("tests", request.tests), ("docs", request.docs), ("config", request.config)):
        if value:
            mistakes.note(field, rules.nearest(value, choices.WANTED))
    if request.HasField("depth"):
        mistakes.note("depth", rules.number(request.depth, bounds.BUNDLE_DEPTH))
    if request.policy:
        mistakes.note("policy", rules.nearest(request.policy, choices.POLICIES))
    if request.format:
        mistakes.note("format", rules.nearest(request.format, choices.LAYOUTS))


def check_signature(signature: str) -> None:
    mistakes = Mistakes()
    mistakes.note("signature", rules.signature(signature))
    mistakes.refuse()


def check_symbols(request: FindSymbolsRequest) -> None:
    mistakes = Mistakes()
    mistakes.note("name", rules.text(request.name.strip(), bounds.SYMBOL_CHARS, required=True))
    note_scope(mistakes, request.repositories, request.ref)
    if request.limit:
        mistakes.note("limit", rules.number(request.limit, bounds.SYMBOLS))
    mistakes.refuse()


def check_traversal(request: TraverseGraphRequest) -> None:
    mistakes = Mistakes()
    mistakes.note("start", rules.text(request.start.strip(), bounds.START_BYTES, required=True))
    mistakes.note("end", rules.text(request.end, bounds.START_BYTES))
    note_scope(mistakes, request.repositories, request.ref)
    if request.direction:
        mistakes.note("direction", rules.choice(request.direction, choices.DIRECTIONS))
    mistakes.note_each("relations", request.relations, lambda each: rules.choice(each, choices.RELATIONS))
    if request.depth:
        mistakes.note("depth", rules.number(request.depth, bounds.GRAPH_DEPTH))
    if request.max_nodes:
        mistakes.note("max_nodes", rules.number(request.max_nodes, bounds.GRAPH_NODES))
    mistakes.refuse()


def check_file(request: ReadFileRequest) -> None:
    mistakes = Mistakes()
    mistakes.note("repository", resource_name(request.repository))
    mistakes.note("path", rules.path(request.path))
    mistakes.note("ref", rules.ref(request.ref))
    for field, line in (("start_line", request.start_line), ("end_line", request.end_line)):
        if line:
            mistakes.note(field, rules.number(line, bounds.LINES))
    if request.end_line and request.end_line < request.start_line:
        mistakes.note("end_line", f"must not be before start_line, got {request.end_line} < {request.start_line}")
    mistakes.refuse()


def check_chunk(request: GetChunkRequest) -> None:
    mistakes = Mistakes()
    mistakes.note("id", rules.chunk_id(request.id))
    note_scope(mistakes, request.repositories, request.ref)
    mistakes.refuse()


def check_outline(request: GetOutlineRequest) -> None:
    mistakes = Mistakes()
    mistakes.note("repository", resource_name(request.repository))
    mistakes.note("ref", rules.ref(request.ref))
    if request.folder:
        mistakes.note("folder", rules.path(request.folder))
    if request.files:
        mistakes.note("files", rules.number(request.files, bounds.OUTLINE_FILES))
    mistakes.refuse()


def check_name(name: str) -> None:
    mistakes = Mistakes()
    mistakes.note("name", resource_name(name))
    mistakes.refuse()


def check_operation_name(name: str) -> None:
    mistakes = Mistakes()
    if not name.startswith(names.OPERATIONS) or not _OPERATION_ID.fullmatch(names.plain_operation(name)):
        mistakes.note("name", f"must be operations/ and an id, got {rules.shown(name)}")
    mistakes.refuse()


def check_page(page_size: int, page_token: str) -> None:
    mistakes = Mistakes()
    if page_size:
        mistakes.note("page_size", rules.number(page_size, bounds.PAGE_SIZE))
    mistakes.note("page_token", rules.page_token(page_token))
    mistakes.refuse()


def check_new_repository(request: CreateRepositoryRequest) -> None:
    mistakes = Mistakes()
    mistakes.note("repository_id", rules.repository(request.repository_id))
    source = request.repository.source
    match source.WhichOneof("kind"):
        case "git_url":
            mistakes.note("repository.source.git_url", rules.git_url(source.git_url))
        case "path":
            mistakes.note("repository.source.path", rules.folder(source.path))
        case "upload" if source.upload:
            pass
        case _:
            mistakes.note("repository.source", "must have exactly one of git_url, path and upload (true)")
    for field, patterns in (("include", request.repository.include), ("exclude", request.repository.exclude)):
        mistakes.note(f"repository.{field}", rules.count(len(patterns), bounds.PATTERNS))
        mistakes.note_each(f"repository.{field}", patterns, rules.pattern)
    if request.HasField("credential"):
        _note_credential(mistakes, request.credential)
        if source.WhichOneof("kind") != "git_url":
            mistakes.note("credential", "must be left away: only a git URL has one")
    mistakes.refuse()


def check_set_credential(request: SetCredentialRequest) -> None:
    mistakes = Mistakes()
    mistakes.note("name", resource_name(request.name))
    _note_credential(mistakes, request.credential)
    mistakes.refuse()


def check_delete_ref(request: DeleteRefRequest) -> None:
    mistakes = Mistakes()
    mistakes.note("name", resource_name(request.name))
    mistakes.note("ref", rules.ref(request.ref) if request.ref else "must name the ref to delete")
    mistakes.refuse()


def check_refresh(request: SetRefreshRequest) -> None:
    mistakes = Mistakes()
    mistakes.note("name", resource_name(request.name))
    if request.interval_s:
        mistakes.note("interval_s", rules.number(request.interval_s, bounds.REFRESH_S))
    mistakes.refuse()


def check_index(request: IndexRepositoryRequest) -> None:
    mistakes = Mistakes()
    mistakes.note("name", resource_name(request.name))
    mistakes.note("ref", rules.ref(request.ref))
    mistakes.note("upload", rules.text(request.upload, bounds.LABEL_BYTES))
    mistakes.note("priority", known(Priority, request.priority))
    mistakes.refuse()


def check_plan(request: PlanIndexRequest) -> None:
    mistakes = Mistakes()
    mistakes.note("name", resource_name(request.name))
    mistakes.note("ref", rules.ref(request.ref))
    mistakes.note("contents", rules.count(len(request.contents), bounds.PLANNED_CONTENTS))
    for index, content in enumerate(request.contents):
        if len(content.blob) != _BLOB_ID_BYTES:
            mistakes.note(f"contents[{index}].blob", f"must have {_BLOB_ID_BYTES} bytes, got {len(content.blob)}")
        mistakes.note(f"contents[{index}].language", rules.text(content.language, bounds.LABEL_BYTES, required=True))
    mistakes.refuse()


def check_freshness(request: GetFreshnessRequest) -> None:
    mistakes = Mistakes()
    mistakes.note("name", resource_name(request.name))
    mistakes.note("ref", rules.ref(request.ref))
    mistakes.refuse()


def check_check(request: CheckIndexRequest) -> None:
    mistakes = Mistakes()
    mistakes.note("name", resource_name(request.name))
    mistakes.note("ref", rules.ref(request.ref))
    if request.documents:
        mistakes.note("documents", rules.number(request.documents, bounds.CHECKED_DOCUMENTS))
    mistakes.refuse()


def check_builds(request: ListBuildsRequest) -> None:
    mistakes = Mistakes()
    mistakes.note("name", resource_name(request.name) if request.name else None)
    if request.page_size:
        mistakes.note("page_size", rules.number(request.page_size, bounds.PAGE_SIZE))
    mistakes.note("page_token", rules.page_token(request.page_token))
    mistakes.refuse()


def check_prune(request: PruneBuildsRequest) -> None:
    mistakes = Mistakes()
    mistakes.note("name", resource_name(request.name) if request.name else None)
    mistakes.refuse()


def check_upload_head(request: CreateUploadRequest) -> None:
    """The first message of a manifest: what the others leave out."""
    mistakes = Mistakes()
    mistakes.note("name", resource_name(request.name))
    mistakes.note("ref", rules.ref(request.ref))
    mistakes.note("commit", rules.commit(request.commit))
    mistakes.note("skipped", rules.count(len(request.skipped), bounds.SKIPPED_REASONS))
    for reason, files in request.skipped.items():
        mistakes.note("skipped", rules.text(reason, bounds.LABEL_BYTES, required=True))
        mistakes.note("skipped", None if files >= 0 else f"must count 0 files or more, got {files}")
    _note_history(mistakes, request.history)
    mistakes.refuse()


def check_entries(entries: Iterable[ManifestEntry], first: int) -> None:
    """Entries of a manifest, the first of which is number `first` of all."""
    mistakes = Mistakes()
    for index, entry in enumerate(entries, first):
        mistakes.note(f"manifest[{index}].path", rules.path(entry.path))
        if len(entry.blob) != _BLOB_ID_BYTES:
            mistakes.note(f"manifest[{index}].blob", f"must have {_BLOB_ID_BYTES} bytes, got {len(entry.blob)}")
        if entry.size < 0:
            mistakes.note(f"manifest[{index}].size", f"must be 0 or more, got {entry.size}")
        if entry.mode not in _FILE_MODES:
            mistakes.note(f"manifest[{index}].mode", f"must be 0100644 or 0100755, got {entry.mode:#o}")
    mistakes.refuse()


def check_blobs_head(request: UploadBlobsRequest) -> None:
    """The first message of a stream of blobs: the upload that they are for."""
    mistakes = Mistakes()
    mistakes.note("upload", rules.text(request.upload, bounds.LABEL_BYTES, required=True))
    mistakes.refuse()


def check_blobs(blobs: Iterable[Blob]) -> None:
    mistakes = Mistakes()
    for index, blob in enumerate(blobs):
        if len(blob.id) != _BLOB_ID_BYTES:
            mistakes.note(f"blobs[{index}].id", f"must have {_BLOB_ID_BYTES} bytes, got {len(blob.id)}")
        if len(blob.content) > bounds.BLOB_BYTES:
            size = len(blob.content)
            mistakes.note(f"blobs[{index}].content", f"must have at most {bounds.BLOB_BYTES} bytes, got {size}")
    mistakes.refuse()


def check_scip_head(request: UploadScipRequest) -> None:
    """The first message of a SCIP index: the ref that it was made of."""
    mistakes = Mistakes()
    mistakes.note("name", resource_name(request.name))
    mistakes.note("ref", rules.ref(request.ref))
    mistakes.refuse()


def check_scip_files(files: Iterable[ScipFile]) -> None:
    mistakes = Mistakes()
    for index, file in enumerate(files):
        mistakes.note(f"files[{index}].path", rules.path(file.path))
    mistakes.refuse()


def note_filters(mistakes: Mistakes, filters: Filters, within: str = "") -> None:
    """What is wrong with languages, path patterns and kinds; `within` stands before the fields' names."""
    mistakes.note(f"{within}languages", rules.count(len(filters.languages), bounds.LANGUAGES))
    mistakes.note_each(f"{within}languages", filters.languages, rules.language)
    mistakes.note(f"{within}path_globs", rules.count(len(filters.path_globs), bounds.GLOBS))
    mistakes.note_each(f"{within}path_globs", filters.path_globs, rules.readable_glob)
    mistakes.note(f"{within}kinds", rules.count(len(filters.kinds), bounds.MOST_KINDS))
    mistakes.note_each(f"{within}kinds", filters.kinds, lambda kind: rules.choice(kind, choices.KINDS))


def _note_history(mistakes: Mistakes, history: UploadedHistory) -> None:
    """What ids and indexes must be besides, the service says."""
    mistakes.note("history.paths", rules.count(len(history.paths), bounds.HISTORY_PATHS))
    mistakes.note_each("history.paths", history.paths, rules.path)
    mistakes.note("history.commits", rules.count(len(history.commits), bounds.HISTORY_COMMITS))


def _note_credential(mistakes: Mistakes, credential: GitCredential) -> None:
    match credential.WhichOneof("kind"):
        case "token":
            mistakes.note("credential.token", rules.secret_word(credential.token.token))
            mistakes.note("credential.username", rules.git_username(credential.token.username))
        case "ssh_key":
            mistakes.note("credential.ssh_key", rules.private_key(credential.ssh_key.private_key))
            mistakes.note("credential.known_hosts", rules.known_hosts(credential.ssh_key.known_hosts))
        case _:
            mistakes.note("credential", "must have exactly one of token and ssh_key")


def note_scope(mistakes: Mistakes, repositories: Iterable[str], ref: str, within: str = "") -> None:
    """What is wrong with repositories and ref; `within` as above."""
    asked = list(repositories)
    mistakes.note(f"{within}repositories", rules.count(len(asked), bounds.SEARCH_REPOSITORIES))
    mistakes.note_each(f"{within}repositories", asked, resource_name)
    mistakes.note(f"{within}ref", rules.ref(ref))


def known(enum: type[SearchMode] | type[GroupBy] | type[Priority] | type[PackVisibility], value: int) -> str | None:
    return None if value in enum.values() else f"must be a known value, got {value}"
