"""Use cases that read code: search, bundle, file."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from pampax.core.errors import Unavailable
from pampax.gateway import bounds
from pampax.gateway.asked import read_asked
from pampax.gateway.behind import ASSEMBLY, SEARCH, ask, ask_for_stream, ask_within
from pampax.gateway.cache_key import cache_key
from pampax.gateway.checks import check_bundle, check_chunk, check_file, check_outline, check_search, chosen_reranker
from pampax.gateway.deadline import within
from pampax.gateway.kept_bundles import KeptBundles
from pampax.gateway.measures import Hits, answering
from pampax.gateway.normal_form import normalise_bundle, normalise_search
from pampax.gateway.search_cache import AnswerCache
from pampax.runtime.bundle_parts import header_of, pieces_of, summary_of, whole_of
from pampax.runtime.caller import current_caller
from pampax.runtime.logging import get_logger
from pampax.storage.database import Database
from pampax.v1.assembly_service_pb2 import (
    AssembleBundleRequest,
    Bundle,
    BundlePart,
    BundlePiece,
    StreamBundleRequest,
)
from pampax.v1.search_service_pb2 import (
    CacheStatus,
    Chunk,
    GetChunkRequest,
    GetOutlineRequest,
    Outline,
    ReadFileRequest,
    ReadFileResponse,
    SearchChunksRequest,
    SearchChunksResponse,
)

if TYPE_CHECKING:  # the generated code has these classes for type checkers only
    from pampax.v1.assembly_service_pb2_grpc import AssemblyServiceAsyncStub
    from pampax.v1.search_service_pb2_grpc import SearchServiceAsyncStub

_log = get_logger()


class Retrieval:
    """Checks, finds what is asked for and the scope, looks into the cache, asks the service behind."""

    def __init__(
        self,
        database: Database,
        answers: AnswerCache,
        kept: KeptBundles,
        search: SearchServiceAsyncStub,
        assembly: AssemblyServiceAsyncStub,
        reranker: str = "",
    ) -> None:
        """`reranker`: name@version of the model that search has for it; "" when there is none."""
        self._database = database
        self._answers = answers
        self._kept = kept
        self._search = search
        self._assembly = assembly
        self._reranker = reranker
        self._hits = Hits()

    async def search_chunks(self, request: SearchChunksRequest) -> SearchChunksResponse:
        check_search(request)
        reranker = chosen_reranker(request.reranker, self._reranker)
        with answering("search") as took_ms:
            async with within(bounds.SEARCH_S):
                asked = await read_asked(self._database, current_caller(), request)
                normal, scope = normalise_search(asked.narrowed.request, reranker), asked.scope
                if normal.HasField("max_staleness"):
                    scope.refuse_stale(normal.max_staleness.seconds + normal.max_staleness.nanos / 1e9, time.time())
                answer = await self._answers.answer(
                    cache_key("search", normal, scope),
                    scope,
                    SearchChunksResponse,
                    lambda: ask(SEARCH, self._search.SearchChunks, normal, bounds.SEARCH_S),
                )
                asked.tell(answer)
            self._tell("search", normal.query, answer, took_ms())
        return answer

    async def assemble_bundle(self, request: AssembleBundleRequest) -> Bundle:
        check_bundle(request)
        with answering("bundle") as took_ms:
            async with within(bounds.BUNDLE_S):
                asked = await read_asked(self._database, current_caller(), request)
                normal, scope = normalise_bundle(asked.narrowed.request), asked.scope
                answer = await self._answers.answer(
                    cache_key("bundle", normal, scope),
                    scope,
                    Bundle,
                    lambda: ask(ASSEMBLY, self._assembly.AssembleBundle, normal, bounds.BUNDLE_S),
                )
                await self._kept.keep(scope, normal, answer)
                asked.tell(answer)
            self._tell("bundle", normal.task, answer, took_ms())
        return answer

    async def stream_bundle(self, request: StreamBundleRequest) -> AsyncGenerator[BundlePart]:
        """The same in parts. What is wrong with the request is raised before the first. Closing it ends the work."""
        check_bundle(request.bundle)
        with answering("bundle") as took_ms:
            async with within(bounds.STREAM_S):
                asked = await read_asked(self._database, current_caller(), request.bundle)
                normal, scope = normalise_bundle(asked.narrowed.request), asked.scope
                key = cache_key("bundle", normal, scope)
                answer = await self._answers.found(key, Bundle)
            could_ask = self._answers.asked
            if answer is not None:
                yield header_of(answer)
                for part in pieces_of(answer):
                    yield part
            else:
                answer = Bundle()
                async with aclosing(self._made_in_parts(normal, answer)) as parts:
                    async for part in parts:
                        yield part
                await self._answers.store(key, scope, answer, asked=could_ask)
            await self._kept.keep(scope, normal, answer)
            asked.tell(answer)
            self._tell("bundle", normal.task, answer, took_ms())
            yield summary_of(answer, markdown=request.markdown)

    async def _made_in_parts(self, normal: AssembleBundleRequest, whole: Bundle) -> AsyncGenerator[BundlePart]:
        """All but the summary; `whole` is empty before and the bundle afterwards."""
        pieces: list[BundlePiece] = []
        request = StreamBundleRequest(bundle=normal, markdown=True)
        async with aclosing(ask_for_stream(ASSEMBLY, self._assembly.StreamBundle, request, bounds.STREAM_S)) as parts:
            async for part in parts:
                kind = part.WhichOneof("part")
                if kind == "summary":
                    whole.CopyFrom(whole_of(pieces, part.summary))
                    continue  # the end of the call is read as well
                if kind == "piece":
                    pieces.append(part.piece)
                yield part
        if not whole.markdown:
            raise Unavailable("assembly: the bundle ended before it was whole; try again")

    async def read_file(self, request: ReadFileRequest) -> ReadFileResponse:
        check_file(request)
        return await ask_within(bounds.OTHER_S, SEARCH, self._search.ReadFile, request)

    async def chunk(self, request: GetChunkRequest) -> Chunk:
        check_chunk(request)
        return await ask_within(bounds.OTHER_S, SEARCH, self._search.GetChunk, request)

    async def outline(self, request: GetOutlineRequest) -> Outline:
        check_outline(request)
        return await ask_within(bounds.OTHER_S, SEARCH, self._search.GetOutline, request)

    def _tell(self, op: str, asked: str, answer: SearchChunksResponse | Bundle, duration_ms: float) -> None:
        """The question itself may be confidential; its hash still finds repeated ones."""
        cache = CacheStatus.Name(answer.cache).removeprefix("CACHE_STATUS_").lower()
        self._hits.answered(op, cache)
        _log.info(
            "answered",
            op=op,
            duration_ms=round(duration_ms, 3),
            status="OK",
            cache_hit=cache == "hit",
            query_hash=hashlib.sha256(asked.encode()).hexdigest()[:16],
            degraded=list(answer.degraded),
        )
