"""The search service as assembly sees it: ranked chunks with evidence, and the snapshots that they came from."""

from __future__ import annotations

from dataclasses import dataclass

from grpc import aio

from pampax.assembly.bundle import Evidence
from pampax.assembly.request import BundleRequest
from pampax.assembly.source import Place
from pampax.core.errors import Unavailable
from pampax.runtime.channel import RETRIES, call
from pampax.runtime.policy import TARGET, Guard, Policy
from pampax.storage.snapshots import Snapshot
from pampax.v1 import search_service_pb2 as pb
from pampax.v1 import search_service_pb2_grpc as pb_grpc

SEARCH_TIMEOUT_S = 8.0
MAX_HITS = 60
MAX_HITS_BEFORE_LEAVING_OUT = 100  # where the request hides files that search knows nothing of
SEARCH = "search"  # the policy's target, and in `degraded`
PREFIX = "repositories/"


@dataclass(frozen=True, slots=True)
class Hit:
    """A ranked chunk; `rank` counts from 1."""

    rank: int
    place: Place
    language: str
    symbol: str
    score: float
    content: str
    evidence: tuple[Evidence, ...]
    other_paths: tuple[str, ...] = ()
    id: str = ""


@dataclass(frozen=True, slots=True)
class Hits:
    """`degraded` names the parts of search that did not answer, `ranking` the version of the weights that ranked;
    `notices` tell a person more."""

    hits: tuple[Hit, ...]
    degraded: tuple[str, ...]
    ranking: str
    answered_from: frozenset[tuple[str, str, int, str, str, float]]
    notices: tuple[str, ...] = ()

    def is_of(self, snapshots: tuple[Snapshot, ...]) -> bool:
        """Whether search answered from these snapshots and no others: a publish may slip between two calls."""
        return self.answered_from == identities(snapshots)


def no_hits(snapshots: tuple[Snapshot, ...]) -> Hits:
    """What there is when search does not answer."""
    return Hits((), (SEARCH,), "", identities(snapshots))


class Search:
    """Calls for the caller of the request, whose token goes along."""

    def __init__(self, channel: aio.Channel) -> None:
        self._stub = pb_grpc.SearchServiceStub(channel)
        self._guard = Guard(Policy(SEARCH, SEARCH_TIMEOUT_S, RETRIES))

    async def hits(self, request: BundleRequest) -> Hits:
        """Unavailable when search does not answer; what search refuses is refused in its words."""
        message = pb.SearchChunksRequest(
            query=request.task,
            repositories=[PREFIX + name for name in request.repositories or ()],
            ref=request.ref or "",
            languages=request.languages,
            path_globs=request.path_globs,
            kinds=request.kinds,
            limit=MAX_HITS_BEFORE_LEAVING_OUT if request.leaves_out else MAX_HITS,
            explain=True,
            exact_vectors=True,  # an approximate index changes under one snapshot, and so would the bundle
        )
        try:
            response = await call(self._stub.SearchChunks, message, timeout_s=SEARCH_TIMEOUT_S, guard=self._guard)
        except Unavailable as error:
            raise Unavailable(
                "the search service does not answer, and a bundle needs it; try again shortly",
                reason="SEARCH_UNAVAILABLE",
                metadata={TARGET: SEARCH, **error.metadata},
                retry_after_s=error.retry_after_s,
            ) from error
        return Hits(
            tuple(_hit(rank, result) for rank, result in enumerate(response.results, 1)),
            tuple(response.degraded),
            response.ranking,
            frozenset(identity(each) for each in response.snapshots),
            tuple(response.notices),
        )


def _hit(rank: int, result: pb.SearchResult) -> Hit:
    repository = result.repository.removeprefix(PREFIX)
    return Hit(
        rank=rank,
        place=Place(repository, result.path, result.start_line, result.end_line),
        language=result.language,
        symbol=result.symbol,
        score=round(result.score, 4),
        content=result.content,
        evidence=tuple(
            Evidence(part.source, part.rank, round(part.score, 4), round(part.value, 4), part.detail)
            for part in result.evidence
        ),
        other_paths=tuple(result.other_paths),
        id=result.id,
    )


def identities(snapshots: tuple[Snapshot, ...]) -> frozenset[tuple[str, str, int, str, str, float]]:
    return frozenset(
        (each.repository, each.ref, each.generation, each.build, each.commit, each.published_at) for each in snapshots
    )


def identity(info: pb.SnapshotInfo) -> tuple[str, str, int, str, str, float]:
    repository = info.repository.removeprefix(PREFIX)
    return (repository, info.ref, info.generation, info.build, info.commit, info.publish_time_s)
