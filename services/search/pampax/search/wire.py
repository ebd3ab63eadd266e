"""Protobuf <-> domain, nothing else."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from pampax.core.errors import InvalidRequest
from pampax.search.answer import Answer, ChunkText, FileText, Result
from pampax.search.evidence import Evidence
from pampax.search.outline import Outline
from pampax.search.query import Intent
from pampax.search.request import DEFAULT_LIMIT, Mode, SearchRequest
from pampax.search.weights import RANKING_VERSION
from pampax.search.why_not import WhyNot
from pampax.storage.snapshots import Snapshot
from pampax.v1 import search_service_pb2 as pb

PREFIX = "repositories/"
_Choice = TypeVar("_Choice", bound=StrEnum)

_MODES = {
    pb.SEARCH_MODE_UNSPECIFIED: Mode.HYBRID,
    pb.SEARCH_MODE_HYBRID: Mode.HYBRID,
    pb.SEARCH_MODE_LEXICAL: Mode.LEXICAL,
    pb.SEARCH_MODE_SEMANTIC: Mode.SEMANTIC,
    pb.SEARCH_MODE_SYMBOL: Mode.SYMBOL,
    pb.SEARCH_MODE_REGEX: Mode.REGEX,
    pb.SEARCH_MODE_LITERAL: Mode.LITERAL,
}


def search_request(message: pb.SearchChunksRequest) -> SearchRequest:
    """InvalidRequest for values that have no meaning here."""
    if message.mode not in _MODES:
        raise InvalidRequest("mode is not known", fields={"mode": f"{message.mode} is not a search mode"})
    if message.pack:
        raise InvalidRequest("the gateway narrows by a context pack; ask it", fields={"pack": "must be empty here"})
    stale = message.max_staleness.ToNanoseconds() / 1e9 if message.HasField("max_staleness") else None
    return SearchRequest(
        query=message.query,
        repositories=tuple(repository_id(name, "repositories") for name in message.repositories) or None,
        ref=message.ref or None,
        mode=_MODES[message.mode],
        languages=frozenset(language.lower() for language in message.languages),
        path_glob=message.path_glob,
        path_globs=tuple(message.path_globs),
        kinds=frozenset(message.kinds),
        limit=message.limit or DEFAULT_LIMIT,
        by_file=message.group_by == pb.GROUP_BY_FILE,
        intent=_choice(Intent, message.intent, "intent") if message.intent else None,
        explain=message.explain,
        max_staleness_s=stale,
        page_token=message.page_token,
        exact_vectors=message.exact_vectors,
        why_not=message.why_not,
        ignore_case=message.ignore_case,
        reranker=message.reranker,
    )


def repository_id(name: str, field: str) -> str:
    """The last part of `repositories/{repository}`."""
    if not name.startswith(PREFIX) or name == PREFIX:
        raise InvalidRequest(
            f"{field} must look like repositories/NAME, got {name!r}",
            fields={field: "must look like repositories/NAME"},
        )
    return name.removeprefix(PREFIX)


def search_response(answer: Answer) -> pb.SearchChunksResponse:
    return pb.SearchChunksResponse(
        results=[_result(result) for result in answer.results],
        intent=answer.intent.value,
        degraded=answer.degraded,
        notices=answer.notices,
        snapshots=[snapshot_info(snapshot) for snapshot in answer.snapshots],
        next_page_token=answer.next_page_token,
        ranking="+".join(filter(None, (RANKING_VERSION, answer.reranker))),
        why_not=[_why_not(snapshot, found) for snapshot, found in answer.why_not],
    )


def file_response(text: FileText) -> pb.ReadFileResponse:
    return pb.ReadFileResponse(
        content=text.content,
        path=text.path,
        language=text.language,
        start_line=text.start_line,
        end_line=text.end_line,
        lines=text.lines,
        blob_id=text.blob_id,
        snapshot=snapshot_info(text.snapshot),
    )


def chunk(text: ChunkText) -> pb.Chunk:
    return pb.Chunk(
        id=text.id,
        path=text.path,
        other_paths=text.other_paths,
        start_line=text.start_line,
        end_line=text.end_line,
        language=text.language,
        kind=text.kind,
        symbol=text.symbol,
        content=text.content,
        snapshot=snapshot_info(text.snapshot),
    )


def outline(found: Outline) -> pb.Outline:
    contents = found.contents
    return pb.Outline(
        snapshot=snapshot_info(found.snapshot),
        files=contents.files,
        languages=[pb.LanguageFiles(language=language, files=files) for language, files in contents.languages],
        folders=[pb.FolderFiles(path=path, files=files) for path, files in contents.folders],
        main_files=[
            pb.FileOutline(
                path=file.path,
                language=file.language,
                symbols=[
                    pb.OutlineSymbol(name=each.name, kind=each.kind, start_line=each.start_line)
                    for each in (found.symbols.get(file.first_chunk, ()) if file.chunk_count else ())
                ],
            )
            for file in contents.main_files
        ],
    )


def snapshot_info(snapshot: Snapshot) -> pb.SnapshotInfo:
    return pb.SnapshotInfo(
        repository=PREFIX + snapshot.repository,
        ref=snapshot.ref,
        commit=snapshot.commit,
        generation=snapshot.generation,
        build=snapshot.build,
        publish_time_s=snapshot.published_at,
    )


def _result(result: Result) -> pb.SearchResult:
    return pb.SearchResult(
        id=result.id,
        repository=PREFIX + result.snapshot.repository,
        ref=result.snapshot.ref,
        commit=result.snapshot.commit,
        path=result.path,
        other_paths=result.other_paths,
        start_line=result.start_line,
        end_line=result.end_line,
        language=result.language,
        kind=result.kind,
        symbol=result.symbol,
        score=result.score,
        content=result.content,
        evidence=[_evidence(part) for part in result.evidence],
        matched_lines=result.matched_lines,
    )


def _why_not(snapshot: Snapshot, found: WhyNot) -> pb.WhyNot:
    return pb.WhyNot(
        repository=PREFIX + snapshot.repository,
        path=found.path,
        stage=found.stage.value,
        detail=found.detail,
        rank=found.rank,
        score=found.score,
        evidence=[_evidence(part) for part in found.evidence],
    )


def _evidence(part: Evidence) -> pb.Evidence:
    return pb.Evidence(source=part.source, rank=part.rank, score=part.score, value=part.value, detail=part.detail)


def _choice(kind: type[_Choice], value: str, field: str) -> _Choice:
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(kind)
        raise InvalidRequest(
            f"{field} {value!r} is not known; use one of {known}", fields={field: f"must be one of {known}"}
        ) from None
